"""When a receiver is down: tried so many times, told of once, and not a word more."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from bellwire.core.testing import FakeClock

from .receivers import Answer

if TYPE_CHECKING:
    from tests.integration.dispatch.receivers import Answering, Arrived
    from tests.integration.dispatch.town import Town

SCHEDULE = ("5s", "5m", "30m", "2h")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings about channels, without their reasons."""
    messages = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    return [message.partition(":")[0] for message in messages]


def first_fails(times: int = 1) -> Answering:
    """Refuses each delivery so many times, then takes it."""
    seen: Counter[str] = Counter()

    def answer(one: Arrived) -> int:
        seen[one.delivery] += 1
        return 500 if seen[one.delivery] <= times else 200

    return answer


def test_by_default_it_is_sent_so_many_times_and_then_stays_failed(
    town: Town, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = town.receiver()
    receiver.refuse()
    bus = town.bus({"ops": town.hook(receiver)}, clock=clock)
    events = town.publish(bus, *map(str, range(5)))
    for _ in range(3):
        town.wait_until_idle()
        town.passes(clock, 1)
    town.wait_for(failed=5)
    assert [[one.number for one in town.attempts(event)] for event in events] == [[1, 2, 3]] * 5
    town.passes(clock, 86_400)
    town.wait_until_idle()
    assert all(len(town.attempts(event)) == 3 for event in events), "it is not sent again by itself"
    assert said(caplog) == ["channel ops fails"]
    receiver.listen()
    bus.replay([town.view(event).id for event in events])
    town.wait_until_settled()
    assert sorted(receiver.subjects) == ["0", "1", "2", "3", "4"]
    town.until(lambda: len(said(caplog)) == 2)
    assert said(caplog) == ["channel ops fails", "channel ops works again, after 15 failures"]


def test_two_dispatchers_tell_of_it_once_each_way(
    town: Town, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    receiver, told = town.receiver(lambda _: 500), town.receiver()
    channels = {"ops": town.hook(receiver, retry_schedule=SCHEDULE), "chat": town.hook(told, channel_events=True)}
    one, two = town.bus(channels, clock=clock), town.bus(channels, clock=clock)
    for number in range(30):
        town.publish((one, two)[number % 2], str(number))
    town.wait_for(scheduled=30)
    assert said(caplog) == ["channel ops fails"]
    receiver.answering = lambda _: 200
    town.passes(clock, 10)
    town.until(lambda: len(told.of("ops")) == 2)
    town.wait_until_settled()
    assert said(caplog) == ["channel ops fails", "channel ops works again, after 30 failures"]
    news = [(one.kind, one.action) for one in told.arrived if one.kind == "channel"]
    assert news == [("channel", "failing"), ("channel", "recovered")]
    assert len(told.arrived) == 32


def test_a_channel_is_not_told_of_itself(town: Town, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    receiver = town.receiver(lambda _: 500)
    bus = town.bus({"ops": town.hook(receiver, channel_events=True, max_retry_times=1)}, clock=clock)
    town.publish(bus, "one")
    town.until(lambda: len(bus.outbox.events()) == 2)
    town.wait_until_settled()
    news = next(event for event in bus.outbox.events() if event.kind == "channel")
    assert news.unwanted_by == {"ops": "it is told of other channels only"}
    assert (receiver.subjects, said(caplog)) == (["one"], ["channel ops fails"])


def test_two_channels_that_tell_of_each_other_and_both_stumble_do_not_talk_for_ever(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    """Each delivery fails once, that of news too: were that news again, it would breed without end."""
    one, two = town.receiver(first_fails()), town.receiver(first_fails())
    bus = town.bus(
        {
            "one": town.hook(one, channel_events=True, retry_schedule=("1ms",)),
            "two": town.hook(two, channel_events=True, retry_schedule=("1ms",), actions=("reject",)),
        }
    )
    town.publish(bus, "a workflow's event")
    town.until(lambda: Counter(event.action for event in bus.outbox.events())["recovered"] >= 1)
    town.wait_until_settled()
    town.until(lambda: "channel two works again, after 1 failure" in caplog.text)
    town.wait_until_settled()
    assert [(event.kind, event.action) for event in bus.outbox.events()] == [
        ("workflow", "create"),
        ("channel", "failing"),
        ("channel", "recovered"),
    ]
    assert "channel two fails" in said(caplog), "the log tells of it all the same"


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        ("30", 30),
        ("4", 5),
        ("date", 90),
        ("99999999999", 3600),
        ("-30", 5),
        ("1.5", 5),
        ("soon", 5),
        ("Thu, 99 Foo 2023 25:61:61 GMT", 5),
    ],
)
def test_a_receivers_retry_after_is_a_floor_with_a_cap(town: Town, clock: FakeClock, wish: str, seconds: float) -> None:
    if wish == "date":
        wish = format_datetime(clock.now() + timedelta(seconds=seconds), usegmt=True)
    receiver = town.receiver(lambda _: Answer(status=429, headers={"Retry-After": wish}))
    bus = town.bus({"ops": town.hook(receiver, retry_schedule=SCHEDULE)}, clock=clock)
    (event,) = town.publish(bus, "one")
    town.wait_for(scheduled=1)
    wait = (town.view(event).due_at - clock.microseconds()) / 1_000_000
    assert seconds <= wait <= max(seconds, 5 * 1.1)


def test_a_retry_after_does_not_change_the_pause_that_the_specification_sets(town: Town, clock: FakeClock) -> None:
    receiver = town.receiver(lambda _: Answer(status=503, headers={"Retry-After": "3600"}))
    bus = town.bus({"ops": town.hook(receiver, retry_interval_seconds=2)}, clock=clock)
    (event,) = town.publish(bus, "one")
    town.wait_for(scheduled=1)
    assert town.view(event).due_at == clock.microseconds() + 2_000_000
