"""Publishing: stored whole, stored once, in order."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import attrs
import pytest
from tests.integration.outbox.strange_ids import IDS

from bellwire.core.errors import DatabaseError
from bellwire.hookspecs import new_id

if TYPE_CHECKING:
    from tests.integration.outbox.conftest import Desk


def test_an_event_is_stored_with_one_delivery_per_channel_that_wants_it(desk: Desk) -> None:
    event = attrs.evolve(
        desk.new_event("e1", channels=("ops", "chat")),
        unwanted_by={"audit": "vetoed by x: 'no'"},
        payload='{"a":"é€𝄞"}',
    )
    desk.outbox.publish([event])
    (stored,) = desk.outbox.events(event_id="e1")
    assert (stored.kind, stored.action, stored.ordering_key) == ("workflow", "create", "wf-1")
    assert stored.payload == '{"a":"é€𝄞"}'
    assert stored.unwanted_by == {"audit": "vetoed by x: 'no'"}
    assert stored.created_at == desk.time.now
    deliveries = desk.outbox.deliveries_of("e1")
    assert {view.channel: view.id for view in deliveries} == dict(event.wanted_by)
    assert {(view.state, view.attempts, view.due_at) for view in deliveries} == {("waiting", 0, desk.time.now)}


def test_an_event_that_no_channel_wants_is_stored_too(desk: Desk) -> None:
    desk.outbox.publish([attrs.evolve(desk.new_event("e1", channels=()), unwanted_by={"ops": "disabled"})])
    assert [event.unwanted_by for event in desk.outbox.events(event_id="e1")] == [{"ops": "disabled"}]
    assert desk.outbox.deliveries_of("e1") == []


def test_publishing_an_id_again_changes_nothing(desk: Desk) -> None:
    desk.outbox.publish([desk.new_event("e1")])
    before = desk.outbox.deliveries_of("e1"), desk.outbox.events(event_id="e1")
    desk.time.passes(60)
    again = attrs.evolve(desk.new_event("e1", channels=("ops", "chat"), key="other"), payload="{}", action="approve")
    desk.outbox.publish([again])
    assert (desk.outbox.deliveries_of("e1"), desk.outbox.events(event_id="e1")) == before


def test_publishing_an_id_again_after_it_was_delivered_does_not_send_it_again(desk: Desk) -> None:
    desk.publish("e1")
    desk.end(desk.claim()[0])
    desk.publish("e1")
    assert desk.claim() == []


def test_an_id_that_comes_twice_in_one_transaction_is_stored_as_it_came_first(desk: Desk) -> None:
    first = desk.new_event("e1", channels=("ops",))
    second = attrs.evolve(desk.new_event("e1", channels=("chat",)), payload="{}")
    desk.outbox.publish([first, second])
    assert [(view.channel, view.id) for view in desk.outbox.deliveries_of("e1")] == [("ops", first.wanted_by["ops"])]
    assert [event.payload for event in desk.outbox.events(event_id="e1")] == [first.payload]


def test_the_new_events_of_a_batch_are_stored_beside_those_that_were_there(desk: Desk) -> None:
    desk.publish("e1")
    desk.outbox.publish([desk.new_event(event_id) for event_id in ("e2", "e1", "e3")])
    assert desk.claimed_ids(ordered=False) == ["e1", "e2", "e3"]


def test_a_batch_is_stored_in_its_order(desk: Desk) -> None:
    ids = [f"e{number}" for number in (5, 3, 9, 1, 7)]
    desk.outbox.publish([desk.new_event(event_id, key=event_id) for event_id in ids])
    assert desk.claimed_ids() == ids


def test_a_batch_is_stored_whole_or_not_at_all(desk: Desk) -> None:
    twice = new_id()
    good = attrs.evolve(desk.new_event("e1"), wanted_by={"ops": twice})
    bad = attrs.evolve(desk.new_event("e2"), wanted_by={"ops": twice})  # delivery ids are unique
    with pytest.raises(DatabaseError):
        desk.outbox.publish([good, bad])
    assert desk.outbox.events() == []
    assert desk.outbox.deliveries_of("e1") == []


def test_nothing_to_publish_is_no_fault(desk: Desk) -> None:
    desk.outbox.publish([])
    assert desk.outbox.events() == []


def test_ids_that_differ_in_the_least_are_different_events_in_different_order_groups(desk: Desk) -> None:
    desk.outbox.publish([desk.new_event(event_id, key=event_id) for event_id in IDS])
    for event_id in IDS:
        assert [event.id for event in desk.outbox.events(event_id=event_id)] == [event_id]
        assert [event.id for event in desk.outbox.events(ordering_key=event_id)] == [event_id]
        assert [view.event_id for view in desk.outbox.deliveries_of(event_id)] == [event_id]
    # ordered, and yet all at once: no two of them share a key
    claims = desk.claim(slots=len(IDS))
    assert [claim.event_id for claim in claims] == IDS
    for claim in claims:
        assert desk.end(claim, "retry")
    assert {view.state for view in map(desk.view, IDS)} == {"waiting"}
    for claim in desk.claim(slots=len(IDS)):
        assert desk.end(claim, "sent")
    assert desk.outbox.counts() == {}


def test_followers_of_a_strange_key_are_parked_and_released_like_any_other(desk: Desk) -> None:
    for number, key in enumerate(IDS):
        desk.publish(f"{number}-a", f"{number}-b", key=key)
    heads = desk.claim(slots=len(IDS))
    assert len(heads) == len(IDS)
    for claim in heads:
        desk.end(claim)
    assert sorted(desk.claimed_ids(slots=len(IDS))) == sorted(f"{number}-b" for number in range(len(IDS)))


@pytest.mark.parametrize("text", ["x" * 300_000, "🔔" * 70_000, '"' * 100_000], ids=["ascii", "emoji", "quotes"])
def test_a_large_payload_comes_back_byte_for_byte(desk: Desk, text: str) -> None:
    payload = json.dumps({"subject": text}, ensure_ascii=False)
    desk.outbox.publish([attrs.evolve(desk.new_event("e1"), payload=payload)])
    (claim,) = desk.claim()
    assert claim.payload == payload


def test_forty_threads_that_publish_at_once_lose_nothing_and_each_keeps_its_own_order(desk: Desk) -> None:
    desk.outbox.database.open()
    errors: list[BaseException] = []

    def publish(thread: int) -> None:
        try:
            for number in range(10):
                desk.publish(f"{thread}-{number}", key=str(thread))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    claimed = desk.claimed_ids(slots=500, ordered=False)
    assert len(claimed) == 400
    for number in range(40):
        assert [one for one in claimed if one.startswith(f"{number}-")] == [f"{number}-{at}" for at in range(10)]


def test_two_processes_that_publish_the_same_id_at_once_store_it_once(desk: Desk) -> None:
    """Two connections stand for the two processes: they share nothing but the database."""
    others = [desk.another() for _ in range(4)]
    errors: list[BaseException] = []
    start = threading.Barrier(len(others))

    def publish(number: int) -> None:
        try:
            for event in range(25):
                start.wait(60)
                others[number].publish([desk.new_event(f"e{event}", channels=("ops", "chat"))])
        except BaseException as error:
            errors.append(error)
            start.abort()

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(len(others))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for other in others:
        other.close()
    assert errors == []
    assert len(desk.outbox.events()) == 25
    assert {len(desk.outbox.deliveries_of(f"e{event}")) for event in range(25)} == {2}
