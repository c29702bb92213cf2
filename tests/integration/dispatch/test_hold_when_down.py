"""``hold_when_down``: a breaker in the database holds the lane, probes with one delivery, and burns nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bellwire.core.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.dispatch.receivers import Arrived, Receiver
    from tests.integration.dispatch.town import Town

    from bellwire.core import Bus


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def down(town: Town) -> Receiver:
    """A receiver that is down, and counts those who ask nevertheless."""
    return town.receiver(lambda _: 503)


def hook(town: Town, receiver: Receiver, **values: Any) -> dict[str, Any]:
    """A channel that holds, one send at a time so that exactly the third failure trips its breaker."""
    return {"ops": town.hook(receiver, hold_when_down=True, **{"concurrency": 1, **values})}


def trip(town: Town, clock: FakeClock, bus: Bus, receiver: Receiver, *, more: int = 0) -> list[Any]:
    """Three failures in a row, and so many more deliveries that wait."""
    events = town.publish(bus, *(f"e{number}" for number in range(3 + more)))
    town.until(lambda: len(receiver.arrived) == 3)
    town.until(lambda: bus.outbox.health()["ops"].held_until == clock.microseconds() + 10_000_000)
    return events


def holds(town: Town, clock: FakeClock, receiver: Receiver, seconds: float) -> None:
    """Nothing arrives for *seconds*, although every dispatcher looks."""
    before = len(receiver.arrived)
    for _ in range(4):
        clock.advance(seconds / 4)
        for bus in town.buses:
            dispatcher = bus.make_dispatcher()
            exchange = bus.outbox.exchange(dispatcher.id, [], town.demand("ops"), lambda health, *_: health)
            assert exchange.claims == ()
            bus.wake()
    assert len(receiver.arrived) == before


def probed(
    town: Town, clock: FakeClock, receiver: Receiver, seconds: float, also: Callable[[], object] = lambda: None
) -> Arrived:
    """After *seconds*, and what is done *also*, exactly one request came."""
    before = len(receiver.arrived)
    clock.advance(seconds)
    also()
    for bus in town.buses:
        bus.wake()
    town.until(lambda: len(receiver.arrived) > before)
    town.until(lambda: (town.buses[0].outbox.health()["ops"].held_until or 0) > clock.microseconds())
    assert len(receiver.arrived) == before + 1
    return receiver.arrived[-1]


def test_the_lane_is_held_after_three_failures_probed_with_one_and_drained_when_that_gets_through(
    town: Town, clock: FakeClock, down: Receiver
) -> None:
    bus = town.bus(hook(town, down), clock=clock)
    events = trip(town, clock, bus, down, more=17)
    channel = bus.status().channel("ops")
    assert channel is not None
    assert (channel.state, channel.reason[:19]) == ("held", "3 failures in a row")
    assert "the channel is held (3 failures in a row; tried again at" in town.says(events[10])
    holds(town, clock, down, 9.9)
    first = probed(town, clock, down, 0.1)
    holds(town, clock, down, 19.9)
    second = probed(town, clock, down, 0.1)
    assert (first.subject, second.subject) == ("e3", "e4"), "another one each time, lest one bad message holds all"
    holds(town, clock, down, 39.9)
    down.answering = lambda _: 200
    clock.advance(0.1)
    bus.wake()
    town.wait_until_settled()
    assert sorted(set(down.subjects)) == sorted(f"e{number}" for number in range(20))
    assert len(down.arrived) == 5 + 20
    assert {town.state(event) for event in events} == {"delivered"}


def test_what_is_held_is_not_burnt(town: Town, clock: FakeClock, down: Receiver) -> None:
    """Longer down than the budget lasts: with one single delivery, so that each probe is a send of it."""
    bus = town.bus(hook(town, down, max_retry_times=2), clock=clock)
    (event,) = town.publish(bus, "only one")
    for number in range(1, 8):
        town.until(lambda: len(town.attempts(event)) == number)  # noqa: B023 - called before it changes
        clock.advance(301)
        bus.wake()
    town.until(lambda: len(town.attempts(event)) == 8)
    assert town.state(event) == "waiting"
    down.answering = lambda _: 400
    clock.advance(301)
    bus.wake()
    town.until(lambda: len(town.attempts(event)) == 9)
    assert town.state(event) == "waiting", "its own two sends are all still there"
    clock.advance(301)
    bus.wake()
    town.wait_until_settled()
    assert (town.state(event), len(town.attempts(event))) == ("failed", 10)


def test_two_dispatchers_share_the_hold_and_probe_once_between_them(
    town: Town, clock: FakeClock, down: Receiver
) -> None:
    one = town.bus(hook(town, down), clock=clock)
    trip(town, clock, one, down, more=10)
    two = town.bus(hook(town, down), clock=clock)
    holds(town, clock, down, 9.9)
    probed(town, clock, down, 0.1)
    holds(town, clock, down, 19.9)
    down.answering = lambda _: 200
    clock.advance(0.1)
    two.wake()
    town.wait_until_settled()
    assert one.outbox.health()["ops"].held_until is None


def test_a_dispatcher_that_comes_new_finds_the_hold(town: Town, clock: FakeClock, down: Receiver) -> None:
    bus = town.bus(hook(town, down), clock=clock)
    trip(town, clock, bus, down, more=5)
    bus.close()
    town.buses[0] = town.bus(hook(town, down), clock=clock)
    town.buses.pop()
    holds(town, clock, down, 9.9)
    probed(town, clock, down, 0.1)


def test_pausing_and_resuming_amid_a_hold_ends_neither(town: Town, clock: FakeClock, down: Receiver) -> None:
    bus = town.bus(hook(town, down), clock=clock)
    trip(town, clock, bus, down, more=5)
    bus.outbox.set_paused("ops", paused=True)
    assert bus.status().channel("ops").state == "paused"  # type: ignore[union-attr]  # it is configured
    holds(town, clock, down, 60)
    probed(town, clock, down, 0, lambda: bus.outbox.set_paused("ops", paused=False))
    bus.outbox.set_paused("ops", paused=True)
    bus.outbox.set_paused("ops", paused=False)
    holds(town, clock, down, 19.9)


def test_one_message_that_the_receiver_cannot_stand_is_given_up_where_others_get_through(
    town: Town, clock: FakeClock
) -> None:
    receiver = town.receiver(lambda one: None if one.subject == "poison" else 200)
    bus = town.bus(hook(town, receiver), clock=clock)
    (poison,) = town.publish(bus, "poison")
    for number in range(1, 5):
        town.until(lambda: len(town.attempts(poison)) == number)  # noqa: B023 - called before it changes
        town.publish(bus, f"fine {number}")
        town.wait_until_idle()
        clock.advance(21)
        bus.wake()
    town.wait_until_settled()
    assert town.state(poison) == "failed"
    assert len(town.attempts(poison)) == 4, "the first is not its fault; then it has the three that it may have"


def test_it_asks_no_sooner_than_the_receiver_wishes(town: Town, clock: FakeClock) -> None:
    from .receivers import Answer

    receiver = town.receiver(lambda _: Answer(status=503, headers={"Retry-After": "120"}))
    bus = town.bus(hook(town, receiver), clock=clock)
    (event,) = town.publish(bus, "one")
    town.wait_for(scheduled=1)
    assert town.view(event).due_at == clock.microseconds() + 120_000_000


def test_a_breaker_that_is_switched_off_holds_nothing_any_more(town: Town, clock: FakeClock, down: Receiver) -> None:
    bus = town.bus(hook(town, down), clock=clock)
    trip(town, clock, bus, down, more=5)
    bus.close()
    town.buses[0] = town.bus({"ops": town.hook(down)}, clock=clock)
    town.buses.pop()
    clock.advance(10)
    town.buses[0].wake()
    town.until(lambda: town.buses[0].outbox.health()["ops"].failures > 5)
    assert town.buses[0].outbox.health()["ops"].held_until is None


def test_an_outage_that_outlasts_the_patience_of_the_order_breaks_no_order(
    town: Town, clock: FakeClock, down: Receiver
) -> None:
    """Nobody passes a head while the lane is held, so the head is not to blame, and its patience has not begun."""
    bus = town.bus(hook(town, down, concurrency=4), clock=clock)
    for number in range(4):
        for key in "abcd":
            town.publish(bus, f"{key}{number}", key=key)
    town.until(lambda: "ops" in bus.outbox.health() and bus.outbox.health()["ops"].held_until is not None)
    town.until(lambda: not bus.outbox.counts()["ops"].in_flight)
    for _ in range(8):
        probed(town, clock, down, 301, bus.outbox.let_pass)
    asked = len(down.arrived)
    down.answering = lambda _: 200
    clock.advance(301)
    bus.outbox.let_pass()
    bus.wake()
    town.wait_until_settled()
    for key in "abcd":
        sent = [one.subject for one in down.arrived[asked:] if one.key == key]
        assert sent == [f"{key}{number}" for number in range(4)]
