"""From a publish to the channel: each event once, in order, tried again, settled, told."""

from __future__ import annotations

import gc
import itertools
import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from bellwire.hookspecs import Delivery, Event, Failed, Outcome, Secret, Sent, WorkflowEvent, hookimpl

if TYPE_CHECKING:
    from tests.integration.dispatch.conftest import House, MakesConfig

    Wait = Callable[..., None]

DOWN = Failed(stage="connect", detail="10.0.0.1:80 refused the connection")


def failing(times: int, failure: Failed = DOWN) -> Callable[[Event, Delivery], Outcome]:
    """Fails so many times per event, then sends."""
    seen: Counter[str] = Counter()

    def answer(event: Event, delivery: Delivery) -> Outcome:
        seen[event.id] += 1
        return failure if seen[event.id] <= times else Sent(status_code=200, response="ok")

    return answer


@pytest.mark.parametrize("sync", [False, True])
def test_an_event_reaches_the_channel_and_is_settled(house: House, channel: MakesConfig, sync: bool) -> None:
    house.open({"ops": channel(sync=sync)})
    (event,) = house.publish("one")
    house.wait_until_settled()
    ((given, delivery),) = house.channels["ops"].script.calls
    assert given == event
    assert given.to_json() == event.to_json()
    assert (delivery.id, delivery.channel, delivery.attempt) == (house.view(event).id, "ops", 1)
    assert (house.view(event).state, house.log(event)) == ("delivered", [(1, "sent")])


@pytest.mark.parametrize("sync", [False, True])
def test_failed_sends_are_repeated_with_the_same_id_and_rising_numbers(
    house: House, channel: MakesConfig, sync: bool
) -> None:
    house.open({"ops": channel(failing(2), sync=sync)})
    (event,) = house.publish("one")
    house.wait_until_settled()
    deliveries = [delivery for _, delivery in house.channels["ops"].script.calls]
    assert [delivery.attempt for delivery in deliveries] == [1, 2, 3]
    assert {delivery.max_attempts for delivery in deliveries} == {3}
    assert len({delivery.id for delivery in deliveries}) == 1
    assert house.log(event) == [(1, "failed"), (2, "failed"), (3, "sent")]
    assert house.view(event).error == DOWN.detail


def test_after_the_last_send_it_has_failed_and_is_not_sent_again_by_itself(house: House, channel: MakesConfig) -> None:
    house.open({"ops": channel(lambda *_: DOWN, retry_schedule=(), max_retry_times=2)})
    (event,) = house.publish("one")
    house.wait_until_settled()
    assert (house.view(event).state, house.log(event)) == ("failed", [(1, "failed"), (2, "failed")])
    assert house.bus.outbox.counts()["ops"].failed == 1


def test_sends_are_spaced_by_the_interval_at_least(house: House, channel: MakesConfig) -> None:
    house.open({"ops": channel(failing(2), retry_schedule=(), max_retry_times=3, retry_interval_seconds=1)})
    (event,) = house.publish("one")
    house.wait_until_settled()
    times = [attempt.started_at for attempt in house.bus.outbox.attempts(house.view(event).id)]
    assert all(later - earlier >= 1_000_000 for earlier, later in itertools.pairwise(times))


def test_one_workflows_events_come_one_at_a_time_in_publish_order_through_retries(
    house: House, channel: MakesConfig
) -> None:
    config = channel(failing(1))
    house.open({"ops": config})
    subjects = [str(number) for number in range(30)]
    house.publish(*subjects)
    house.wait_until_settled()
    assert config.script.subjects == [subject for subject in subjects for _ in range(2)]
    assert config.script.most_at_once == 1


def test_no_more_are_sent_at_once_than_the_channels_concurrency(house: House, channel: MakesConfig, wait: Wait) -> None:
    release = threading.Event()

    def answer(event: Event, delivery: Delivery) -> Outcome:
        release.wait(60)
        return Sent()

    config = channel(answer, sync=True, concurrency=3)
    house.open({"ops": config})
    for number in range(10):
        house.publish(str(number), key=str(number))
    until_calls(config, 3)
    release.set()
    house.wait_until_settled()
    assert config.script.most_at_once == 3


def until_calls(config: Any, amount: int) -> None:
    from tests.integration.dispatch.conftest import until

    until(lambda: len(config.script.calls) >= amount)


@pytest.mark.parametrize("sync", [False, True])
def test_a_channel_that_hangs_delays_nobody_else(house: House, channel: MakesConfig, sync: bool, wait: Wait) -> None:
    """By counts, not by time: all of the healthy one's are delivered while the other's hang."""
    import asyncio

    release = threading.Event()

    async def hang() -> Outcome:
        while not release.is_set():
            await asyncio.sleep(0.01)
        return Sent()

    def hang_in_a_thread(event: Event, delivery: Delivery) -> Outcome:
        release.wait(60)
        return Sent()

    hanging = channel(hang_in_a_thread if sync else lambda *_: hang(), sync=sync, concurrency=2, timeout_seconds=300)
    house.open({"healthy": channel(sync=sync), "hanging": hanging})
    for number in range(100):
        house.publish(str(number), key=str(number))
    wait(lambda: "healthy" not in house.bus.outbox.counts())
    counts = house.bus.outbox.counts()["hanging"]
    assert (counts.in_flight, counts.due) == (2, 98)
    release.set()
    house.wait_until_settled()


def test_a_channel_that_only_fails_delays_nobody_else(house: House, channel: MakesConfig, wait: Wait) -> None:
    house.open({"healthy": channel(), "dead": channel(lambda *_: DOWN, retry_schedule=("1h",))})
    events = [house.publish(str(number), key=str(number))[0] for number in range(50)]
    wait(lambda: "healthy" not in house.bus.outbox.counts() and house.bus.outbox.counts()["dead"].scheduled == 50)
    assert {house.view(event, "healthy").state for event in events} == {"delivered"}


def test_what_a_hook_raises_is_that_attempts_failure_and_hurts_nobody(house: House, channel: MakesConfig) -> None:
    def leave(event: Event, delivery: Delivery) -> Outcome:
        raise SystemExit(1)

    house.open({"rude": channel(leave), "rude-thread": channel(leave, sync=True), "ops": channel()})
    (first,) = house.publish("one")
    house.wait_until_settled()
    (second,) = house.publish("two")
    house.wait_until_settled()
    for event in (first, second):
        assert house.view(event).state == "delivered"
        for name in ("rude", "rude-thread"):
            assert (house.view(event, name).state, len(house.log(event, name))) == ("failed", 3)
            assert "SystemExit" in (house.view(event, name).error or "")


@pytest.mark.parametrize(
    "outcome",
    [
        Sent(response=b"bytes"),  # type: ignore[arg-type]  # what authors do without a type checker
        Sent(status_code="200 OK"),  # type: ignore[arg-type]  # as on the line above
        Sent(stages=("connect",)),  # type: ignore[arg-type]  # as on the line above
    ],
    ids=["bytes", "status", "stages"],
)
def test_a_sent_with_what_cannot_be_kept_is_sent_all_the_same(
    house: House, channel: MakesConfig, outcome: Sent
) -> None:
    house.open({"ops": channel(lambda *_: outcome)})
    (event,) = house.publish("one")
    house.wait_until_settled()
    assert (house.view(event).state, house.log(event)) == ("delivered", [(1, "sent")])


def test_a_failure_with_what_cannot_be_kept_is_a_failure_that_says_so(house: House, channel: MakesConfig) -> None:
    failure = Failed(stage="channel", detail=LookupError("no room"), retryable=False)  # type: ignore[arg-type]  # as on the line above
    house.open({"ops": channel(lambda *_: failure)})
    (event,) = house.publish("one")
    house.wait_until_settled()
    assert house.view(event).state == "failed"
    assert "no room" in (house.view(event).error or "")


def test_the_answer_is_kept_scrubbed_and_capped_and_no_log_line_shows_the_secret(
    house: House, channel: MakesConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    canary = "canary-5ecret-Tök€n"
    failure = Failed(stage="status", detail=f"401 for {canary}", response=f"{canary} " + "x" * 1_000_000)
    house.open({"ops": channel(lambda *_: failure, token=Secret(canary))})
    (event,) = house.publish("one")
    house.wait_until_settled()
    attempts = house.bus.outbox.attempts(house.view(event).id)
    assert len(attempts) == 3
    for attempt in attempts:
        assert attempt.detail == "401 for ********"
        assert attempt.response is not None
        assert attempt.response.startswith("******** xxx")
        assert len(attempt.response) <= 4096
    house.bus.close()
    assert canary not in caplog.text
    assert canary not in repr(house.bus.settings)
    assert canary.encode() not in house.file.read_bytes()


def test_a_channel_that_starts_failing_and_recovers_is_told_of_once_each(
    house: House, channel: MakesConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    config = channel(lambda *_: DOWN)
    house.open({"ops": config})
    house.publish(*(str(number) for number in range(5)))
    house.wait_until_settled()
    config.script.answer = lambda *_: Sent()
    house.publish(*(str(number) for number in range(5)))
    house.wait_until_settled()
    told = [record.getMessage() for record in caplog.records if record.name == "bellwire.dispatch"]
    assert told == [
        "channel ops fails: 10.0.0.1:80 refused the connection",
        "channel ops works again, after 15 failures",
    ]


class Observer:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    @hookimpl
    def notify_settled(self, event: Event, delivery: Delivery, outcome: Outcome) -> None:
        assert isinstance(event, WorkflowEvent)
        self.seen.append((event.workflow.workflow_subject, type(outcome).__name__))


class Broken:
    @hookimpl
    def notify_settled(self, event: Event, delivery: Delivery, outcome: Outcome) -> None:
        msg = "no observer today"
        raise LookupError(msg)


def test_observers_hear_of_final_outcomes_once_and_a_broken_one_hurts_nobody(
    house: House, channel: MakesConfig
) -> None:
    observer = Observer()
    house.open({"ops": channel(failing(2))}, plugins=(Broken(), observer))
    house.publish("a", "b")
    house.wait_until_settled()
    house.channels["ops"].script.answer = lambda *_: DOWN
    house.publish("c")
    house.wait_until_settled()
    house.bus.close()
    assert observer.seen == [("a", "Sent"), ("b", "Sent"), ("c", "Failed")]


def test_an_overdue_call_in_a_thread_keeps_its_slot_until_it_returns(
    house: House, channel: MakesConfig, monkeypatch: pytest.MonkeyPatch, wait: Wait
) -> None:
    from bellwire.core.dispatch import attempt

    monkeypatch.setattr(attempt, "GRACE", 0.0)
    release = threading.Event()

    def answer(event: Event, delivery: Delivery) -> Outcome:
        if len(config.script.calls) == 1:
            release.wait(60)
        return Sent()

    config = channel(answer, sync=True, concurrency=1, timeout_seconds=0.1, retry_schedule=())
    house.open({"ops": config})
    (first,) = house.publish("slow", key="a")
    (second,) = house.publish("quick", key="b")
    wait(lambda: house.log(first) == [(1, "failed")])
    assert "still running after 0.1 s" in (house.view(first).error or "")
    assert house.view(second).state == "waiting", "the only slot is not free"
    assert config.script.most_at_once == 1
    release.set()
    house.wait_until_settled()
    assert house.view(second).state == "delivered"
    assert config.script.most_at_once == 1


def test_what_an_overdue_call_raises_in_the_end_is_shown_nowhere(
    house: House, channel: MakesConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, wait: Wait
) -> None:
    """Its outcome is the time-out; asyncio would log the rest, with whatever the channel put into it."""
    from bellwire.core.dispatch import attempt

    monkeypatch.setattr(attempt, "GRACE", 0.0)
    release, asked = threading.Event(), threading.Event()

    def answer(event: Event, delivery: Delivery) -> Outcome:
        if not asked.is_set():
            asked.set()
            release.wait(60)
            raise LookupError("s3cret canary")
        return Sent()

    house.open({"ops": channel(answer, sync=True, concurrency=1, timeout_seconds=0.1)})
    (event,) = house.publish("slow")
    wait(lambda: house.log(event) == [(1, "failed")])
    release.set()
    house.wait_until_settled()
    house.bus.close()
    gc.collect()
    assert "s3cret canary" not in caplog.text


def test_a_thousand_publishes_from_twenty_threads_while_draining_all_arrive_once_and_in_order(
    house: House, channel: MakesConfig
) -> None:
    config = channel()
    house.open({"ops": config})
    errors: list[BaseException] = []

    def publish(thread: int) -> None:
        try:
            for number in range(50):
                house.publish(f"{thread}-{number}", key=str(thread))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    house.wait_until_settled()
    assert errors == []
    subjects = config.script.subjects
    assert len(subjects) == len(set(subjects)) == 1000
    for number in range(20):
        own = [subject for subject in subjects if subject.startswith(f"{number}-")]
        assert own == [f"{number}-{at}" for at in range(50)]
