"""A head that fails for long holds its workflow so long and no longer; then the others pass, and people can see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bellwire.core.testing import FakeClock

if TYPE_CHECKING:
    from tests.integration.dispatch.receivers import Arrived, Receiver
    from tests.integration.dispatch.town import Town

MINUTE = 60.0
SCHEDULE = ("5s", "5m", "30m", "2h")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def receiver(town: Town) -> Receiver:
    """Takes everything but the head."""
    return town.receiver(refuses_the_head)


def refuses_the_head(one: Arrived) -> int:
    return 500 if one.subject == "head" else 200


def test_a_head_in_a_long_retry_holds_its_key_only_so_long_and_explain_says_who_passed(
    town: Town, clock: FakeClock, receiver: Receiver
) -> None:
    bus = town.bus({"ops": town.hook(receiver, retry_schedule=SCHEDULE)}, clock=clock)
    head, second, third = town.publish(bus, "head", "second", "third", key="wf")
    (other,) = town.publish(bus, "other")
    town.wait_for(scheduled=1, parked=2)
    assert (town.state(other), receiver.of("wf")) == ("delivered", ["head"])
    assert f"waits for the same workflow's earlier delivery {town.view(head).id}" in town.says(third)
    for seconds in (6, 330):  # after 5 s and after 5 min, each lengthened by a tenth at most
        town.passes(clock, seconds)
        town.wait_for(scheduled=1, parked=2)
    assert receiver.of("wf") == ["head"] * 3
    assert "passed" not in town.says(head)
    town.passes(clock, 10 * MINUTE - 336 - 1)
    town.wait_for(scheduled=1, parked=2)
    town.passes(clock, 1)
    town.wait_for(scheduled=1)
    assert receiver.of("wf") == ["head"] * 3 + ["second", "third"]
    assert town.says(head).endswith("; 2 later deliveries have passed")
    for follower in (second, third):
        said = f"passed the same workflow's earlier delivery {town.view(head).id} (create), which had failed for longer"
        assert said in town.says(follower)
    receiver.answering = lambda _: 200
    town.passes(clock, 30 * MINUTE)
    town.wait_until_settled()
    assert receiver.of("wf")[-1] == "head"
    town.passes(clock, 1)
    town.publish(bus, "after all that", key="wf")
    town.wait_until_settled()
    assert town.says(head).endswith("; 2 later deliveries have passed"), "the log keeps why the order was another one"
    assert "passed the same workflow's earlier" in town.says(second)
    assert "passed" not in town.says(other)


def test_the_patience_is_the_channels_own(town: Town, clock: FakeClock, receiver: Receiver) -> None:
    hasty = town.hook(receiver, retry_schedule=SCHEDULE, order_patience="20s")
    patient = town.hook(town.receiver(refuses_the_head), retry_schedule=SCHEDULE)
    bus = town.bus({"ops": hasty, "patient": patient}, clock=clock)
    head, follower = town.publish(bus, "head", "follower", key="wf")
    town.wait_for(scheduled=1, parked=1)
    town.wait_for("patient", scheduled=1, parked=1)
    town.passes(clock, 6)
    town.wait_for(scheduled=1, parked=1)
    town.passes(clock, 14)
    town.wait_for(scheduled=1)
    assert (town.state(follower), town.state(follower, "patient")) == ("delivered", "parked")
    assert town.says(head).endswith("; 1 later delivery has passed")


def test_one_that_could_pass_and_one_that_may_be_passed_say_so_before_it_happens(
    town: Town, clock: FakeClock, receiver: Receiver
) -> None:
    bus = town.bus({"ops": town.hook(receiver, retry_schedule=SCHEDULE)}, clock=clock)
    (head,) = town.publish(bus, "head", key="wf")
    town.wait_for(scheduled=1)
    assert "pass" not in town.says(head)
    for seconds in (6, 330, 10 * MINUTE):
        town.passes(clock, seconds)
    town.wait_until_idle()
    bus.close()
    reader = town.bus({"ops": town.hook(receiver, retry_schedule=SCHEDULE)}, clock=clock, dispatch="off")
    town.buses.remove(bus)
    (follower,) = town.publish(reader, "follower", key="wf")
    assert town.says(head).endswith("; later deliveries may pass, for it has failed for longer than order_patience")
    assert f"may pass the same workflow's earlier delivery {town.view(head).id}" in town.says(follower)


def test_patience_is_kept_through_a_takeover_and_by_whichever_dispatcher_comes_next(
    town: Town, clock: FakeClock, receiver: Receiver
) -> None:
    channels = {"ops": town.hook(receiver, retry_schedule=SCHEDULE)}
    first, second = town.bus(channels, clock=clock), town.bus(channels, clock=clock)
    head, follower = town.publish(first, "head", "follower", key="wf")
    town.wait_for(scheduled=1, parked=1)
    held = town.view(head).holds_until
    first.close(drain=0)
    town.passes(clock, 6)
    town.wait_for(scheduled=1, parked=1)
    assert town.view(head).holds_until == held, "it counts from the first failure, whoever sees the next"
    town.passes(clock, 330)
    town.passes(clock, 10 * MINUTE)
    town.wait_for(scheduled=1)
    assert town.state(follower) == "delivered"
    assert second.outbox.counts()["ops"].scheduled == 1


def test_a_replayed_head_waits_its_turn_and_then_holds_its_key_anew(
    town: Town, clock: FakeClock, receiver: Receiver
) -> None:
    bus = town.bus({"ops": town.hook(receiver, retry_schedule=("1h",), order_patience="10m")}, clock=clock)
    head, _ = town.publish(bus, "head", "follower", key="wf")
    town.wait_for(scheduled=1, parked=1)
    town.passes(clock, 11 * MINUTE)
    town.wait_for(scheduled=1)
    town.passes(clock, 60 * MINUTE)
    town.wait_for(failed=1)
    assert bus.preview_replay([town.view(head).id]).overtaken[0].later == 1
    bus.replay([town.view(head).id])
    town.wait_for(scheduled=1)
    (late,) = town.publish(bus, "late", key="wf")
    town.wait_for(scheduled=1, parked=1)
    assert f"earlier delivery {town.view(head).id}" in town.says(late)
    assert town.view(head).holds_until == clock.microseconds() + 600_000_000
    town.passes(clock, 10 * MINUTE)
    town.wait_for(scheduled=1)
    assert receiver.of("wf") == ["head", "follower", "head", "head", "late"]


def test_without_order_nobody_waits_for_anybody_and_explain_does_not_claim_so(
    town: Town, clock: FakeClock, receiver: Receiver
) -> None:
    bus = town.bus({"ops": town.hook(receiver, retry_schedule=SCHEDULE, ordering="none")}, clock=clock)
    head, follower = town.publish(bus, "head", "follower", key="wf")
    town.wait_for(scheduled=1)
    assert sorted(receiver.of("wf")) == ["follower", "head"]
    town.passes(clock, 10 * MINUTE)
    town.wait_until_idle()
    assert "passed" not in town.says(head) + town.says(follower)
    bus.outbox.set_paused("ops", paused=True)
    (waiting,) = town.publish(bus, "waiting", key="wf")
    assert "earlier" not in town.says(waiting)
