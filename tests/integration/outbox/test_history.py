"""Looking into the outbox: counts, lists, what blocks what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from bellwire.core.outbox import ChannelCounts, DeliveryFilter

if TYPE_CHECKING:
    from tests.integration.outbox.conftest import Desk


def test_counts_tell_where_everything_is(desk: Desk) -> None:
    for number in range(7):
        desk.publish(f"e{number}", key=str(number))
    desk.time.passes(5)
    claims = desk.claim(slots=6)
    for claim, how, delay in zip(claims, ("sent", "failed", "retry", "interrupted"), (0, 0, 60, 0), strict=False):
        desk.end(claim, how, delay=delay)  # type: ignore[arg-type]  # a tuple's items are just str
    desk.publish("follower", key="4")
    desk.claim(slots=1)  # the interrupted one, or the seventh: whichever was due first
    desk.claim(slots=50)
    counts = desk.outbox.counts()["ops"]
    assert (counts.scheduled, counts.parked, counts.in_flight, counts.failed) == (1, 1, 4, 1)
    assert (counts.due, counts.interrupted) == (0, 1)
    desk.time.passes(61)
    assert desk.outbox.counts()["ops"].due == 1


def test_a_channel_with_nothing_open_nor_failed_is_not_counted(desk: Desk) -> None:
    desk.publish("e1")
    desk.end(desk.claim()[0])
    assert desk.outbox.counts() == {}


def test_a_channel_whose_deliveries_have_all_failed_is_counted(desk: Desk) -> None:
    desk.publish("e1")
    desk.end(desk.claim()[0], "failed")
    assert desk.outbox.counts() == {"ops": ChannelCounts(channel="ops", failed=1)}


def test_the_oldest_that_waits_is_told_and_what_is_under_way_does_not_wait(desk: Desk) -> None:
    desk.publish("e1", key="a")
    desk.time.passes(10)
    second = desk.time.now
    desk.publish("e2", key="b")
    assert desk.outbox.counts()["ops"].oldest_waiting_at == second - 10_000_000
    desk.claim(slots=1)
    assert desk.outbox.counts()["ops"].oldest_waiting_at == second
    desk.claim(slots=1)
    assert desk.outbox.counts()["ops"].oldest_waiting_at is None


def ids(desk: Desk, wanted: DeliveryFilter) -> list[str]:
    return [f"{view.event_id}/{view.channel}" for view in desk.outbox.deliveries(wanted)]


def test_deliveries_are_listed_by_whatever_is_asked_the_newest_first(desk: Desk) -> None:
    desk.publish("e1", key="a", channels=("ops", "chat"))
    desk.time.passes(60)
    moment = desk.time.now
    desk.publish("e2", key="b")
    (first, _) = desk.claim()
    desk.end(first, "failed")
    assert ids(desk, DeliveryFilter()) == ["e2/ops", "e1/chat", "e1/ops"]
    assert ids(desk, DeliveryFilter(channel="ops")) == ["e2/ops", "e1/ops"]
    assert ids(desk, DeliveryFilter(state="failed")) == ["e1/ops"]
    assert ids(desk, DeliveryFilter(state="claimed", channel="chat")) == []
    assert ids(desk, DeliveryFilter(ordering_key="a")) == ["e1/chat", "e1/ops"]
    assert ids(desk, DeliveryFilter(since=moment)) == ["e2/ops"]
    assert ids(desk, DeliveryFilter(state="failed", since=moment)) == ["e1/ops"], "failed ones go by when they failed"
    assert ids(desk, DeliveryFilter(state="failed", since=moment + 1)) == []
    assert ids(desk, DeliveryFilter(limit=2)) == ["e2/ops", "e1/chat"]
    oldest_shown = desk.outbox.deliveries(DeliveryFilter(limit=2))[-1].seq
    assert ids(desk, DeliveryFilter(before_seq=oldest_shown)) == ["e1/ops"]


def test_one_delivery_is_found_by_its_id_and_by_nothing_else(desk: Desk) -> None:
    desk.publish("e1")
    view = desk.view("e1")
    assert desk.outbox.delivery(view.id) == view
    assert desk.outbox.delivery("e1") is None
    assert (view.event_id, view.kind, view.action, view.ordering_key) == ("e1", "workflow", "create", "wf-1")


def test_what_blocks_a_delivery_is_the_earliest_open_one_of_its_key_and_channel(desk: Desk) -> None:
    desk.publish("e1", "e2", "e3", channels=("ops", "chat"))
    desk.publish("other", key="other")
    (head, _) = desk.claim()
    blocker = desk.outbox.blocking(desk.view("e3"))
    assert blocker is not None
    assert (blocker.event_id, blocker.channel) == ("e1", "ops")
    desk.end(head)
    blocker = desk.outbox.blocking(desk.view("e3"))
    assert blocker is not None
    assert blocker.event_id == "e2"
    assert desk.outbox.blocking(desk.view("e2")) is None
    assert desk.outbox.blocking(desk.view("other")) is None


def test_events_are_found_by_key_in_publish_order_and_of_many_the_newest(desk: Desk) -> None:
    desk.publish("before", key="other")
    desk.publish(*(f"e{number}" for number in range(60)))
    found = desk.outbox.events(ordering_key="wf-1")
    assert [event.id for event in found] == [f"e{number}" for number in range(10, 60)]
    assert desk.outbox.events(event_id="nobody") == []


def test_the_instance_id_is_this_outboxs_own_and_stays(desk: Desk) -> None:
    again = desk.another()
    assert desk.outbox.instance_id() == again.instance_id() != ""
    again.close()


def test_what_is_read_is_one_state_of_the_database(desk: Desk) -> None:
    """Deliveries and attempts of one delivery agree, however fast others write."""
    desk.publish("e1")
    for number in range(1, 30):
        (claim,) = desk.claim()
        desk.end(claim, "retry")
        assert desk.view("e1").attempts == len(desk.outcomes("e1")) == number


def test_a_listed_delivery_is_a_value(desk: Desk) -> None:
    desk.publish("e1")
    before = desk.view("e1")
    desk.claim()
    assert before.state == "waiting"
    assert attrs.evolve(before, state="claimed", dispatcher="first") == desk.view("e1")
