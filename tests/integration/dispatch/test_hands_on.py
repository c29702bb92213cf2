"""What a person does while a dispatcher is at work: pause, resume, cancel, purge, give to another channel."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from bellwire.core.testing import FakeClock

if TYPE_CHECKING:
    from tests.integration.dispatch.receivers import Arrived, Receiver
    from tests.integration.dispatch.town import Town


@pytest.fixture
def may_answer() -> threading.Event:
    return threading.Event()


@pytest.fixture
def receiver(town: Town, may_answer: threading.Event) -> Receiver:
    """Answers 200, when it may."""

    def answer(_: Arrived) -> int:
        assert may_answer.wait(60)
        return 200

    return town.receiver(answer)


def test_what_is_purged_while_it_is_under_way_leaves_nothing_and_disturbs_nobody(
    town: Town, receiver: Receiver, may_answer: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bus = town.bus({"ops": town.hook(receiver)})
    purged, follower = town.publish(bus, "purged", "follower", key="wf")
    town.until(lambda: receiver.subjects == ["purged"])
    delivery = town.view(purged).id
    assert bus.outbox.purge_event(purged.id) == 1
    may_answer.set()
    town.wait_until_settled()
    town.until(lambda: town.state(follower) == "delivered")
    assert (bus.outbox.events(event_id=purged.id), bus.outbox.attempts(delivery)) == ([], [])
    assert receiver.subjects == ["purged", "follower"]
    assert [record.getMessage() for record in caplog.records if record.name.startswith("bellwire")] == []


def test_what_is_under_way_is_not_cancelled_and_what_waits_to_be_tried_again_is(
    town: Town, receiver: Receiver, may_answer: threading.Event
) -> None:
    clock = FakeClock()
    receiver.answering = lambda _: 500 if may_answer.wait(60) else 200
    bus = town.bus({"ops": town.hook(receiver, retry_schedule=("1h",))}, clock=clock)
    (event,) = town.publish(bus, "one")
    town.until(lambda: receiver.subjects == ["one"])
    ids = [town.view(event).id]
    assert bus.outbox.cancel(ids) == ()
    may_answer.set()
    town.wait_for(scheduled=1)
    assert bus.outbox.cancel(ids) == tuple(ids)
    town.passes(clock, 7200)
    town.wait_until_settled()
    assert (town.state(event), receiver.subjects) == ("cancelled", ["one"])
    bus.replay(ids)
    town.wait_for(scheduled=1)
    assert receiver.subjects == ["one", "one"]


def test_pausing_lets_what_is_under_way_end_and_resuming_goes_on_by_itself(
    town: Town, receiver: Receiver, may_answer: threading.Event
) -> None:
    bus = town.bus({"ops": town.hook(receiver, concurrency=1)})
    operator = town.bus({"ops": town.hook(receiver)}, dispatch="off")
    events = town.publish(bus, "a", "b", "c")
    town.until(lambda: receiver.subjects == ["a"])
    operator.outbox.set_paused("ops", paused=True)
    may_answer.set()
    town.wait_for(due=2)
    assert [town.state(event) for event in events] == ["delivered", "waiting", "waiting"]
    bus.wake()
    assert town.says(events[1]).startswith("waits, because the channel is paused (by a person since ")
    assert receiver.subjects == ["a"]
    operator.outbox.set_paused("ops", paused=False)
    town.wait_until_settled()
    assert receiver.subjects == ["a", "b", "c"]


def test_pausing_and_resuming_at_random_while_it_delivers_loses_and_repeats_nothing(
    town: Town, receiver: Receiver, may_answer: threading.Event
) -> None:
    may_answer.set()
    bus = town.bus({"ops": town.hook(receiver)})
    for number in range(40):
        town.publish(bus, str(number))
        if number % 8 in {3, 5}:
            bus.outbox.set_paused("ops", paused=number % 8 == 3)
    bus.outbox.set_paused("ops", paused=False)
    bus.wake()
    town.wait_until_settled()
    assert sorted(receiver.subjects, key=int) == [str(number) for number in range(40)]


def test_an_event_is_given_to_a_channel_that_had_not_wanted_it_and_goes_there_at_once(town: Town) -> None:
    receiver, other = town.receiver(), town.receiver()
    bus = town.bus({"ops": town.hook(receiver), "chat": town.hook(other, actions=("reject",))})
    first, second = town.publish(bus, "first", "second", key="wf")
    town.wait_until_settled()
    assert town.says(first, "chat") == "not sent: action 'create' is not among its actions (reject)"
    assert len(bus.outbox.deliver_to([second.id, first.id], "chat")) == 2
    town.wait_until_settled()
    assert (other.subjects, receiver.subjects) == (["first", "second"], ["first", "second"])
    assert town.says(first, "chat").startswith("sent at ")
