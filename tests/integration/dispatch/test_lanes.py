"""Lanes: each channel's own slots and pace; what one receiver does is nobody else's business."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from bellwire.core.dispatch import dispatcher as dispatcher_module
from bellwire.core.testing import FakeClock

if TYPE_CHECKING:
    from tests.integration.dispatch.receivers import Arrived
    from tests.integration.dispatch.town import Town

    from bellwire.core import Bus


class Gate:
    """A receiver that accepts and does not answer until it is told to."""

    def __init__(self) -> None:
        self.opens = threading.Event()

    def __call__(self, _: Arrived) -> int:
        assert self.opens.wait(60)
        return 200


def visits(bus: Bus) -> list[dict[str, int]]:
    """For each claim of *bus* from now on, the channels that it named, with their slots."""
    seen: list[dict[str, int]] = []
    exchange = bus.outbox.exchange

    def watching(dispatcher: str, settlements: Any, demands: Any, advance: Any) -> Any:
        seen.append({demand.channel: demand.slots for demand in demands})
        return exchange(dispatcher, settlements, demands, advance)

    bus.outbox.exchange = watching  # type: ignore[method-assign]  # a seam of this test alone
    return seen


def test_a_receiver_that_hangs_and_one_that_is_dead_take_nothing_from_a_healthy_one(town: Town) -> None:
    gate = Gate()
    healthy, hanging, dead = town.receiver(), town.receiver(gate), town.receiver()
    dead.refuse()
    channels = {
        "healthy": town.hook(healthy),
        "hanging": town.hook(hanging, concurrency=2, timeout_seconds=300),
        "dead": town.hook(dead, retry_schedule=("1h",)),
    }
    bus = town.bus(channels)
    town.publish(bus, "first", "second")
    town.until(lambda: len(hanging.arrived) == 2 and len(healthy.arrived) == 2)
    town.wait_for("hanging", in_flight=2)
    seen = visits(bus)
    town.publish(bus, *map(str, range(60)))
    town.until(lambda: "healthy" not in bus.outbox.counts())
    assert sorted(healthy.subjects) == sorted(["first", "second", *map(str, range(60))])
    town.wait_for("hanging", in_flight=2, due=60)
    town.wait_for("dead", scheduled=62)
    assert any("healthy" in visit for visit in seen)
    assert not any("hanging" in visit for visit in seen), "a lane without free slots is not asked for"
    gate.opens.set()


def test_the_slots_are_counted_per_process(town: Town) -> None:
    gate = Gate()
    receiver = town.receiver(gate)
    one = town.bus({"ops": town.hook(receiver, concurrency=3)})
    two = town.bus({"ops": town.hook(receiver, concurrency=3)})
    town.publish(one, *map(str, range(20)))
    town.until(lambda: len(receiver.arrived) == 6)
    assert sorted(count for count in town.claimed_by().values()) == [3, 3]
    assert two.outbox.counts()["ops"].due == 14
    gate.opens.set()
    town.wait_until_settled()


def test_a_lane_with_a_pace_sends_no_more_than_it_allows_and_no_less(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """40 a second: one second's worth at once, then one each 25 ms, whether or not anything else wakes it."""
    monkeypatch.setattr(dispatcher_module, "SWEEP", 3600.0)
    receiver, free = town.receiver(), town.receiver()
    bus = town.bus({"ops": town.hook(receiver, max_per_second=40), "free": town.hook(free)})
    begun = time.monotonic()
    town.publish(bus, *map(str, range(70)))
    town.wait_until_settled()
    took = time.monotonic() - begun
    times = sorted(one.at for one in receiver.arrived)
    for first in range(70):
        for last in range(first, 70):
            # an arrival may be late by what the machine does, which brings those after it nearer to it
            assert last - first + 1 <= 40 + 40 * (times[last] - times[first] + 0.3) + 1
    assert took >= 30 / 40
    assert max(after - before for before, after in pairwise(times)) < 2
    assert len(free.arrived) == 70


def test_the_pace_goes_by_the_channels_clock(town: Town) -> None:
    clock, receiver = FakeClock(), town.receiver()
    bus = town.bus({"ops": town.hook(receiver, max_per_second=5)}, clock=clock)
    town.publish(bus, *map(str, range(12)))
    left = [12 - 5, 12 - 7, 0]
    for due, then in zip(left, (0.41, 1.01, 0.0), strict=True):
        town.wait_for(due=due)
        assert len(receiver.arrived) == 12 - due
        clock.advance(then)


def test_a_pace_below_one_a_second_begins_with_one(town: Town) -> None:
    clock, receiver = FakeClock(), town.receiver()
    bus = town.bus({"ops": town.hook(receiver, max_per_second=0.1)}, clock=clock)
    town.publish(bus, "a", "b", key="wf")
    town.wait_for(due=1)
    clock.advance(9.9)
    clock.advance(0.2)
    town.wait_until_settled()
    assert receiver.subjects == ["a", "b"]
