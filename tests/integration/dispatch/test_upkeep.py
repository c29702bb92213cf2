"""What a dispatcher does besides delivering: it forgets what is old without stopping, and lives on whatever happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from bellwire.core.dispatch import caretaker as caretaker_module
from bellwire.core.dispatch import dispatcher as dispatcher_module
from bellwire.core.outbox import NewEvent, Outbox
from bellwire.core.outbox import outbox as outbox_module
from bellwire.core.testing import FakeClock
from bellwire.hookspecs import new_id

if TYPE_CHECKING:
    from tests.integration.dispatch.town import Town

DAY = 86_400


def store_old_ones(outbox: Outbox, amount: int) -> None:
    """So many delivered events, by hand: to deliver them would take longer than the test."""
    for start in range(0, amount, 500):
        outbox.publish(
            [
                NewEvent(
                    id=f"old-{number}",
                    kind="workflow",
                    action="create",
                    ordering_key=f"old-{number}",
                    payload="{}",
                    wanted_by={"ops": new_id()},
                    unwanted_by={},
                )
                for number in range(start, start + 500)
            ]
        )
    with outbox.database._opened().begin() as connection:
        connection.exec_driver_sql("UPDATE bellwire_deliveries SET state = 'delivered', settled_at = created_at")


def test_ten_thousand_old_events_go_while_new_ones_are_delivered(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caretaker_module, "_FIRST_LOOK", 0.0)
    clock, receiver = FakeClock(), town.receiver()
    amount = 10_000 if town.kind == "sqlite" else 2_000  # a server's round trips take their time, not its statements
    channels = {"ops": town.hook(receiver)}
    before = town.bus(channels, clock=clock, dispatch="off")
    store_old_ones(before.outbox, amount)
    clock.advance(31 * DAY)
    batches: list[float] = []
    expire = Outbox.expire

    def watching(self: Outbox, *arguments: Any) -> Any:
        batches.append(time.monotonic())
        return expire(self, *arguments)

    monkeypatch.setattr(Outbox, "expire", watching)
    bus = town.bus(channels, clock=clock)
    published = 0
    while not (batches and not before.outbox.events(event_id=f"old-{amount - 1}")):
        town.publish(bus, str(published))
        published += 1
        town.until(lambda: len(receiver.arrived) == published)  # noqa: B023 - called before it changes
    town.wait_until_settled()
    assert len(batches) >= amount / 200
    assert published > 5, "meanwhile it delivered"
    assert len(before.outbox.events(limit=20_000)) == published
    assert receiver.subjects == [str(number) for number in range(published)]


def test_what_is_kept_does_not_hide_what_may_go(town: Town) -> None:
    clock = FakeClock()
    bus = town.bus({"ops": town.hook(town.receiver())}, clock=clock, dispatch="off")
    store_old_ones(bus.outbox, 500)
    first_400 = "event_seq <= (SELECT min(seq) + 399 FROM bellwire_events)"
    with bus.outbox.database._opened().begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE bellwire_deliveries SET settled_at = NULL, state = 'waiting' WHERE {first_400}"
        )
    clock.advance(31 * DAY)
    caretaker = bus.make_dispatcher()._caretaker
    for _ in range(3):
        assert caretaker.seconds_until_expiring < caretaker_module.EXPIRE_EVERY
        caretaker.expire()
    assert caretaker.seconds_until_expiring == caretaker_module.EXPIRE_EVERY, "that was all, for now"
    assert len(bus.outbox.events(limit=1000)) == bus.outbox.counts()["ops"].due


def test_what_cannot_be_removed_now_is_removed_later_and_stops_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(caretaker_module, "_FIRST_LOOK", 0.0)
    monkeypatch.setattr(dispatcher_module, "HEARTBEAT", 0.05)
    clock, receiver = FakeClock(), town.receiver()
    expire, failures = Outbox.expire, [OverflowError("too large")]

    def failing(self: Outbox, *arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return expire(self, *arguments)

    monkeypatch.setattr(Outbox, "expire", failing)
    before = town.bus({"ops": town.hook(receiver)}, clock=clock, dispatch="off")
    store_old_ones(before.outbox, 500)
    clock.advance(31 * DAY)
    bus = town.bus({"ops": town.hook(receiver)}, clock=clock)
    town.until(lambda: not before.outbox.events(event_id="old-499"))
    assert "nothing is removed" in caplog.text
    town.publish(bus, "new")
    town.wait_until_settled()


def test_a_heartbeat_that_fails_in_an_unforeseen_way_is_followed_by_the_next(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dispatcher_module, "HEARTBEAT", 0.05)
    beat, failures = Outbox.beat, [LookupError("a fault of ours")]

    def failing(self: Outbox, *arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return beat(self, *arguments)

    monkeypatch.setattr(Outbox, "beat", failing)
    bus = town.bus({"ops": town.hook(town.receiver())})
    town.until(lambda: len(bus.status().dispatchers) == 1)
    assert "a fault of ours" in caplog.text


def test_what_nobody_has_freed_is_freed_when_a_dispatcher_starts(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    channels = {"ops": town.hook(town.receiver())}
    town.publish(town.bus(channels, dispatch="off"), "one", "two", key="k")
    with town.buses[0].outbox.database._opened().begin() as connection:
        connection.exec_driver_sql("UPDATE bellwire_deliveries SET state = 'parked'")
    town.bus(channels)
    town.wait_until_settled()
    assert "freed 1 parked deliveries" in caplog.text
    assert town.receivers[0].subjects == ["one", "two"]


def test_a_request_that_takes_longer_than_its_lease_is_sent_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "LEASE", 4_000_000)
    monkeypatch.setattr(dispatcher_module, "HEARTBEAT", 0.1)
    receiver = town.receiver(lambda _: time.sleep(6) or 200)  # type: ignore[func-returns-value]  # None, so 200
    channels = {"ops": town.hook(receiver)}
    first, _ = town.bus(channels), town.bus(channels)
    (event,) = town.publish(first, "long", key="wf")
    (follower,) = town.publish(first, "after it", key="wf")
    town.until(lambda: town.view(event).dispatcher is not None)
    began = town.view(event).dispatcher
    town.wait_until_settled()
    assert receiver.subjects == ["long", "after it"]
    assert [(one.outcome, one.dispatcher) for one in town.attempts(event)] == [("sent", began)]
    assert town.state(follower) == "delivered"


def test_the_time_that_things_are_kept_may_be_as_long_as_anybody_wants(town: Town) -> None:
    bus = town.bus({"ops": town.hook(town.receiver(), order_patience="36500d")}, keep_delivered="36500d")
    (event,) = town.publish(bus, "kept")
    town.wait_until_settled()
    keep = bus.make_dispatcher()._caretaker._keep
    assert bus.outbox.expire(0, attrs.evolve(keep, failed=keep.delivered)) == (0, None)
    assert town.state(event) == "delivered"
