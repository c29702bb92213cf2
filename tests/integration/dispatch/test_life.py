"""A dispatcher's life: opening, waking, outages, draining, ending."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from bellwire.core import BellwireError, Bus
from bellwire.core.dispatch import dispatcher as dispatcher_module
from bellwire.core.dispatch import lane as lane_module
from bellwire.core.errors import DatabaseUnavailable
from bellwire.core.outbox import outbox as outbox_module
from bellwire.hookspecs import ChannelContext, Delivery, Event, Outcome, Sent

if TYPE_CHECKING:
    from tests.integration.dispatch.conftest import House, MakesConfig

    Wait = Callable[..., None]


def gate() -> tuple[threading.Event, Callable[..., Any]]:
    """An event, and an async answer that waits for it."""
    release = threading.Event()

    async def answer() -> Outcome:
        while not release.is_set():
            await asyncio.sleep(0.005)
        return Sent()

    return release, lambda *_: answer()


# -- opening and closing ----------------------------------------------------------------------------------------------


def test_a_channel_opens_only_where_dispatching_happens(house: House, channel: MakesConfig) -> None:
    house.open({"ops": channel()}, dispatch="off")
    house.publish("one")
    house.bus.close()
    assert house.channels["ops"].script.opened == 0


def test_a_channel_is_opened_once_and_closed_once(house: House, channel: MakesConfig) -> None:
    house.open({"ops": channel(), "chat": channel()})
    house.publish(*map(str, range(10)))
    house.wait_until_settled()
    house.bus.close()
    house.bus.close()
    assert [(one.script.opened, one.script.closed) for one in house.channels.values()] == [(1, 1), (1, 1)]


@pytest.mark.parametrize("error", [OSError("no route"), SystemExit(1), asyncio.CancelledError()])
def test_a_channel_that_cannot_be_opened_waits_and_is_tried_again_and_hurts_nobody(
    house: House, channel: MakesConfig, wait: Wait, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    monkeypatch.setattr(lane_module, "FIRST_REOPEN", 0.2)
    allowed = threading.Event()

    def opening(context: ChannelContext) -> None:
        if not allowed.is_set():
            raise error

    broken = channel()
    broken.script.opening = opening
    house.open({"broken": broken, "ops": channel()})
    (event,) = house.publish("one")
    wait(lambda: house.view(event, "ops").state == "delivered")
    wait(lambda: broken.script.opened >= 2)
    assert (house.view(event, "broken").state, house.log(event, "broken")) == ("waiting", [])
    allowed.set()
    house.wait_until_settled()
    assert house.view(event, "broken").state == "delivered"


def test_why_a_channel_is_broken_stands_in_the_status(
    house: House, channel: MakesConfig, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "HEARTBEAT", 0.05)

    def opening(context: ChannelContext) -> None:
        raise OSError(f"no route from {context.name}")

    broken = channel()
    broken.script.opening = opening
    house.open({"broken": broken})
    wait(lambda: house.bus.status().channels[0].state == "broken")
    status = house.bus.status().channels[0]
    assert status.reason == "OSError: no route from broken"
    assert any("no route from broken" in notice for notice in house.bus.status().notices)


def test_a_channel_that_does_not_close_keeps_the_others_from_nothing(
    house: House, channel: MakesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_module, "OPEN_PATIENCE", 0.3)
    hanging, failing = channel(), channel()
    hanging.script.closing = lambda: asyncio.sleep(600)

    def fail() -> None:
        raise OSError("closing failed")

    failing.script.closing = fail
    house.open({"a-hanging": hanging, "b-failing": failing, "c-well": channel()})
    house.publish("one")
    house.wait_until_settled()
    house.bus.close()
    assert [config.script.closed for config in house.channels.values()] == [1, 1, 1]
    assert [row.id for row in house.bus.outbox.dispatchers()] == []


# -- waking -----------------------------------------------------------------------------------------------------------


def test_a_publish_in_the_same_process_wakes_it_without_its_looking(
    house: House, channel: MakesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "SWEEP", 3600.0)
    from bellwire.core.outbox import Watch

    monkeypatch.setattr(Watch, "changed", lambda self: False)
    house.open({"ops": channel()})
    for number in range(200):
        house.publish(str(number), key=str(number))
    house.wait_until_settled()


def test_a_publish_by_another_process_is_noticed_without_the_sweep(
    house: House, channel: MakesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "SWEEP", 3600.0)
    house.open({"ops": channel()})
    house.publish("warm")
    house.wait_until_settled()
    script = f"""
from bellwire.core.outbox import Database, NewEvent, Outbox
outbox = Outbox(Database("sqlite:///{house.file}"))
event = outbox.events()[0]
outbox.publish([NewEvent(id="other", kind=event.kind, action="create", ordering_key="k", payload=event.payload,
                wanted_by={{"ops": "0" * 36}}, unwanted_by={{}})])
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    house.wait_until_settled()
    assert len(house.channels["ops"].script.calls) == 2


def test_a_publish_that_comes_during_a_visit_to_the_database_is_not_lost(
    house: House, channel: MakesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sweep nor watch help here: what was published while an exchange was under way must be looked for."""
    monkeypatch.setattr(dispatcher_module, "SWEEP", 3600.0)
    from bellwire.core.outbox import Watch

    monkeypatch.setattr(Watch, "changed", lambda self: False)
    config = channel()
    house.open({"ops": config}, start=False)
    house.bus.outbox.database.open()
    exchange = house.bus.outbox.exchange
    published: list[str] = []

    def exchange_and_publish(*arguments: Any) -> Any:
        result = exchange(*arguments)
        if len(published) < 20:
            published.append(str(len(published)))
            house.publish(published[-1], key=published[-1])
        return result

    house.bus.outbox.exchange = exchange_and_publish  # type: ignore[method-assign,assignment]  # a seam of this test alone
    house.bus.start()
    house.bus.wake()
    house.wait_until_settled()
    assert sorted(config.script.subjects) == sorted(published)


# -- once -------------------------------------------------------------------------------------------------------------


def test_once_delivers_all_that_is_due_and_ends(house: House, channel: MakesConfig) -> None:
    house.open({"ops": channel(concurrency=2), "chat": channel(ordering="none")}, dispatch="off")
    events = house.publish(*map(str, range(30)))
    house.once()
    assert {house.view(event).state for event in events} == {"delivered"}
    assert {house.view(event, "chat").state for event in events} == {"delivered"}
    assert house.bus.outbox.dispatchers() == []


def test_once_leaves_what_is_due_later_and_what_cannot_go(house: House, channel: MakesConfig) -> None:
    from bellwire.hookspecs import Failed

    down = channel(lambda *_: Failed(stage="connect", detail="refused"), retry_schedule=("1h",))
    broken = channel()

    def opening(context: ChannelContext) -> None:
        raise OSError("no route")

    broken.script.opening = opening
    house.open({"down": down, "broken": broken, "paused": channel(), "ops": channel()}, dispatch="off")
    house.bus.outbox.database.open()
    house.bus.outbox.set_paused("paused", paused=True)
    (event,) = house.publish("one")
    house.once()
    states = {name: house.view(event, name).state for name in house.channels}
    assert states == {"down": "waiting", "broken": "waiting", "paused": "waiting", "ops": "delivered"}


def test_once_with_nothing_to_do_and_once_without_channels_end_too(house: House, channel: MakesConfig) -> None:
    house.open({"ops": channel()}, dispatch="off")
    house.once()
    house.open({"off": channel(enable=False)}, dispatch="off")
    house.once()


def test_once_sends_what_is_published_while_it_runs(house: House, channel: MakesConfig) -> None:
    def answer(event: Event, delivery: Delivery) -> Outcome:
        if len(config.script.calls) < 20:
            number = str(len(config.script.calls))
            house.publish(number, key=number)
        return Sent()

    config = channel(answer, sync=True)
    house.open({"ops": config}, dispatch="off")
    house.publish("0")
    house.once()
    assert len(config.script.calls) == 20


# -- stopping ---------------------------------------------------------------------------------------------------------


def test_closing_lets_what_is_under_way_finish(house: House, channel: MakesConfig, wait: Wait) -> None:
    release, answer = gate()
    config = channel(answer)
    house.open({"ops": config})
    (event,) = house.publish("one")
    wait(lambda: config.script.calls)
    threading.Timer(0.2, release.set).start()
    house.bus.close(drain=60)
    assert (house.view(event).state, house.log(event)) == ("delivered", [(1, "sent")])


@pytest.mark.parametrize("sync", [False, True])
def test_closing_breaks_off_what_takes_too_long_and_the_next_process_goes_on_at_once(
    house: House, channel: MakesConfig, wait: Wait, sync: bool
) -> None:
    release, answer = gate()
    if sync:
        answer = lambda *_: release.wait(60) and Sent()  # noqa: E731 - as short as what it stands for
    config = channel(answer, sync=sync)
    house.open({"ops": config})
    (event,) = house.publish("one")
    wait(lambda: config.script.calls)
    house.bus.close(drain=0)
    view = house.view(event)
    assert (view.state, view.attempts, view.dispatcher) == ("waiting", 0, None)
    assert house.log(event) == [(1, "interrupted")]
    release.set()
    config.script.answer = lambda *_: Sent()
    house.open()
    house.wait_until_settled()
    assert house.log(event) == [(1, "interrupted"), (1, "sent")]


def test_closing_delivers_what_was_published_just_before(house: House, channel: MakesConfig) -> None:
    house.open({"ops": channel()})
    events = [house.publish(str(number), key=str(number))[0] for number in range(100)]
    house.bus.close(drain=60)
    assert {house.view(event).state for event in events} == {"delivered"}


def test_a_closed_bus_takes_no_second_life_by_accident(house: House, channel: MakesConfig) -> None:
    house.open({"ops": channel()})
    house.bus.close()
    house.bus.close()
    with pytest.raises(BellwireError, match="closed"):
        house.bus.start()


def test_a_stop_before_the_run_is_heeded(house: House, channel: MakesConfig) -> None:
    """A SIGTERM may come before the loop does."""
    release, answer = gate()
    house.open({"ops": channel(answer)}, dispatch="off")
    house.bus.outbox.database.open()
    house.publish("one")
    dispatcher = house.bus.make_dispatcher()
    dispatcher.stop(0)
    asyncio.run(asyncio.wait_for(dispatcher.run(), 60))
    release.set()


def test_stopping_twice_and_once_more_with_no_patience_ends(house: House, channel: MakesConfig, wait: Wait) -> None:
    release, answer = gate()
    config = channel(answer)
    house.open({"ops": config}, dispatch="off")
    house.bus.outbox.database.open()
    (event,) = house.publish("one")
    dispatcher = house.bus.make_dispatcher()
    thread = threading.Thread(target=lambda: asyncio.run(dispatcher.run()))
    thread.start()
    wait(lambda: config.script.calls)
    dispatcher.stop(3600)
    dispatcher.stop(3600)
    thread.join(0.1)
    assert thread.is_alive()
    dispatcher.stop(0)
    thread.join(60)
    assert not thread.is_alive()
    dispatcher.stop(0)
    assert house.log(event) == [(1, "interrupted")]
    release.set()


# -- outages ----------------------------------------------------------------------------------------------------------


def test_a_database_that_is_locked_for_a_while_loses_nothing_and_repeats_nothing(
    house: House, channel: MakesConfig, wait: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    release, answer = gate()
    config = channel(answer)
    bus = house.open({"ops": config}, start=False)
    bus.outbox.database._lock_patience = 0.05  # type: ignore[misc]  # a test need not wait for ten seconds
    bus.start()
    events = [house.publish(str(number), key=str(number))[0] for number in range(10)]
    wait(lambda: len(config.script.calls) == 10)
    blocker = sqlite3.connect(house.file, isolation_level=None, timeout=60)
    blocker.execute("BEGIN IMMEDIATE")
    release.set()
    wait(lambda: "cannot be reached" in caplog.text)
    assert {house.view(event).state for event in events} == {"claimed"}
    blocker.execute("COMMIT")
    blocker.close()
    house.wait_until_settled()
    wait(lambda: "can be reached again" in caplog.text)
    assert caplog.text.count("cannot be reached") == 1
    assert len(config.script.calls) == 10
    assert {tuple(house.log(event)) for event in events} == {((1, "sent"),)}


def test_a_fault_of_the_watch_does_not_end_the_looking(
    house: House, channel: MakesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "SWEEP", 0.2)
    from bellwire.core.outbox.backends.sqlite import SQLite

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(SQLite, "look", broken)
    house.open({"ops": channel()})
    other = house.open(dispatch="off")
    (event,) = house.publish("one", bus=other)
    house.wait_until_settled()
    assert house.view(event).state == "delivered"


def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second instead of half a minute, with heartbeats to match."""
    monkeypatch.setattr(outbox_module, "LEASE", 500_000)
    monkeypatch.setattr(dispatcher_module, "HEARTBEAT", 0.05)


def test_a_delivery_that_takes_longer_than_its_lease_is_not_taken_from_a_dispatcher_that_lives(
    house: House, channel: MakesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_leases(monkeypatch)
    config = channel(lambda *_: asyncio.sleep(1.5, Sent()))
    house.open({"ops": config})
    house.open()  # a second dispatcher, which would take over what has expired
    (event,) = house.publish("one")
    house.wait_until_settled()
    assert house.log(event) == [(1, "sent")]
    assert len(config.script.calls) == 1


def test_what_was_sent_and_cannot_be_settled_yet_is_not_taken_over_either(
    house: House, channel: MakesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_leases(monkeypatch)
    config = channel()
    house.open({"ops": config}, start=False)
    exchange = house.bus.outbox.exchange
    refuse_until: list[float] = []

    def refusing(dispatcher: str, settlements: Any, *more: Any) -> Any:
        if settlements:
            refuse_until[:] = refuse_until or [time.monotonic() + 1.5]
            if time.monotonic() < refuse_until[0]:
                raise DatabaseUnavailable("not now")
        return exchange(dispatcher, settlements, *more)

    house.bus.outbox.exchange = refusing  # type: ignore[method-assign,assignment]  # a seam of this test alone
    house.bus.start()
    (event,) = house.publish("one")
    house.wait_until_settled()
    assert house.log(event) == [(1, "sent")]
    assert len(config.script.calls) == 1


# -- what is not known here -------------------------------------------------------------------------------------------


def test_an_event_of_a_kind_that_is_unknown_here_waits_uncounted(
    house: House, channel: MakesConfig, wait: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    house.open({"ops": channel()}, dispatch="off")
    house.publish("known", key="a")
    from bellwire.core.outbox import NewEvent

    strange = NewEvent(
        id="strange",
        kind="invoice",
        action="paid",
        ordering_key="b",
        payload="{}",
        wanted_by={"ops": "0" * 36},
        unwanted_by={},
    )
    house.bus.outbox.publish([strange, attrs.evolve(strange, id="strange2", wanted_by={"ops": "1" * 36})])
    house.once()
    (view,) = house.bus.outbox.deliveries_of("strange")
    assert (view.state, view.attempts, view.interruptions) == ("waiting", 0, 0)
    assert view.due_at > time.time_ns() // 1000
    assert house.bus.outbox.attempts(view.id) == []
    assert caplog.text.count("unknown here") == 1
    assert house.channels["ops"].script.subjects == ["known"]


def test_a_delivery_of_a_channel_that_is_unknown_here_waits_for_one_that_knows_it(
    house: House, channel: MakesConfig
) -> None:
    both = {"ops": channel(), "chat": channel()}
    house.open(both, dispatch="off")
    (event,) = house.publish("one")
    house.open({"ops": both["ops"]}, dispatch="off")
    house.once()
    assert (house.view(event).state, house.view(event, "chat").state) == ("delivered", "waiting")
    assert house.bus.status().channel("chat").state == "orphaned"  # type: ignore[union-attr]  # it is there
    house.open(both, dispatch="off")
    house.once()
    assert house.view(event, "chat").state == "delivered"


def test_a_stored_event_that_does_not_fit_its_kind_fails_for_good_and_says_why(
    house: House, channel: MakesConfig
) -> None:
    from bellwire.core.outbox import NewEvent

    house.open({"ops": channel()}, dispatch="off")
    payloads = {"a": "{}", "b": "not json", "c": '{"event":"workflow","action":"x","timestamp":"now","payload":7}'}
    for name, payload in payloads.items():
        house.bus.outbox.publish(
            [
                NewEvent(
                    id=name,
                    kind="workflow",
                    action="create",
                    ordering_key=name,
                    payload=payload,
                    wanted_by={"ops": name * 36},
                    unwanted_by={},
                )
            ]
        )
    house.once()
    for name in payloads:
        (view,) = house.bus.outbox.deliveries_of(name)
        assert (view.state, view.attempts) == ("failed", 1)
        assert view.error
    assert house.channels["ops"].script.calls == []


def test_what_was_parked_while_the_lane_had_an_order_goes_when_it_has_none(house: House, channel: MakesConfig) -> None:
    from bellwire.core.outbox import LaneDemand

    house.open({"ops": channel(ordering="none")}, dispatch="off")
    head, follower = house.publish("head", "follower")
    demand = [LaneDemand(channel="ops", slots=5, ordered=True)]
    claims = house.bus.outbox.exchange("dead", [], demand, lambda health, *_: health).claims
    assert len(claims) == 1
    assert house.view(follower).state == "parked"
    house.once()
    assert (house.view(head).state, house.view(follower).state) == ("claimed", "delivered")


def test_two_buses_in_one_process_share_the_work_and_do_not_take_over_from_each_other(
    house: House, channel: MakesConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "HEARTBEAT", 0.05)
    config = channel(lambda *_: asyncio.sleep(0.001, Sent()))
    first = house.open({"ops": config})
    second = house.open()
    buses: tuple[Bus, Bus] = (first, second)
    for number in range(200):
        house.publish(str(number), key=str(number % 20), bus=buses[number % 2])
    house.wait_until_settled()
    assert len(config.script.subjects) == len(set(config.script.subjects)) == 200
    for key in range(20):
        own = [int(subject) for subject in config.script.subjects if int(subject) % 20 == key]
        assert own == sorted(own)
