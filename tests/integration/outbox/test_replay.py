"""Replay: the same delivery again, with a new budget and a new place in the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bellwire.core.outbox import OPEN

if TYPE_CHECKING:
    from tests.integration.outbox.conftest import Desk, End


@pytest.mark.parametrize("how", ["sent", "failed"])
def test_a_replayed_delivery_keeps_its_id_and_is_due_at_once(desk: Desk, how: End) -> None:
    desk.publish("e1")
    (claim,) = desk.claim()
    desk.end(claim, how)
    desk.time.passes(100)
    before = desk.view("e1")
    replayed = desk.outbox.replay([claim.delivery_id])
    assert (replayed.reopened, replayed.still_open, replayed.unknown) == ((claim.delivery_id,), (), ())
    after = desk.view("e1")
    assert (after.id, after.created_at, after.attempts) == (before.id, before.created_at, 1)
    assert (after.state, after.due_at, after.settled_at, after.error) == ("waiting", desk.time.now, None, None)
    (again,) = desk.claim()
    assert again.delivery_id == claim.delivery_id
    assert again.payload == claim.payload


def test_numbering_goes_on_and_the_budget_starts_anew(desk: Desk) -> None:
    desk.publish("e1")
    for how in ("retry", "retry", "failed"):
        (claim,) = desk.claim()
        desk.end(claim, how)
    desk.outbox.replay([claim.delivery_id])
    (claim,) = desk.claim()
    assert (claim.attempt, claim.attempt - claim.budget_start, claim.error) == (4, 1, None)
    desk.end(claim, "retry")
    (claim,) = desk.claim()
    assert (claim.attempt, claim.attempt - claim.budget_start) == (5, 2)
    desk.end(claim)
    assert desk.outcomes("e1") == [*((number, "failed") for number in (1, 2, 3, 4)), (5, "sent")]


def test_a_replayed_delivery_takes_a_new_place_in_the_order(desk: Desk) -> None:
    desk.publish("old")
    (old,) = desk.claim()
    desk.end(old, "failed")
    desk.publish("new")
    desk.outbox.replay([old.delivery_id])
    assert desk.claimed_ids() == ["new"]
    assert desk.claim() == []
    assert desk.state("old") == "parked"


def test_what_comes_after_a_replay_waits_for_it(desk: Desk) -> None:
    desk.publish("old")
    (old,) = desk.claim()
    desk.end(old, "failed")
    desk.outbox.replay([old.delivery_id])
    desk.publish("new")
    (first,) = desk.claim()
    assert first.event_id == "old"
    desk.end(first)
    assert desk.claimed_ids() == ["new"]


def test_several_are_reopened_in_their_old_order_whatever_order_they_are_named_in(desk: Desk) -> None:
    desk.publish("e1", "e2", "e3")
    ids = []
    for _ in range(3):
        (claim,) = desk.claim()
        ids.append(claim.delivery_id)
        desk.end(claim, "failed")
    replayed = desk.outbox.replay([ids[2], ids[0], ids[1], ids[0]])
    assert list(replayed.reopened) == ids
    order = []
    for _ in range(3):
        (claim,) = desk.claim()
        order.append(claim.event_id)
        desk.end(claim)
    assert order == ["e1", "e2", "e3"]


@pytest.mark.parametrize("state", sorted(OPEN))
def test_what_is_still_open_is_not_reopened(desk: Desk, state: str) -> None:
    desk.publish("e1", "e2")
    if state != "waiting":
        desk.claim()
    event = "e2" if state == "parked" else "e1"
    before = desk.view(event)
    assert before.state == state
    replayed = desk.outbox.replay([before.id])
    assert (replayed.reopened, replayed.still_open) == ((), (before.id,))
    assert desk.view(event) == before


def test_ids_that_nobody_knows_are_named(desk: Desk) -> None:
    desk.publish("e1")
    (claim,) = desk.claim()
    desk.end(claim)
    replayed = desk.outbox.replay(["nobody", claim.delivery_id, "e1", ""])
    assert replayed.unknown == ("nobody", "e1", "")
    assert replayed.reopened == (claim.delivery_id,)
    assert desk.outbox.replay([]).reopened == ()


def test_a_stale_worker_cannot_settle_what_was_replayed(desk: Desk) -> None:
    desk.publish("e1")
    (claim,) = desk.claim()
    desk.end(claim, "failed")
    desk.outbox.replay([claim.delivery_id])
    assert not desk.end(claim)
    (again,) = desk.claim()
    assert not desk.end(claim)
    assert desk.end(again)


def test_publishing_the_id_again_does_not_reopen_anything_nor_add_to_a_replay(desk: Desk) -> None:
    desk.publish("e1")
    (claim,) = desk.claim()
    desk.end(claim, "failed")
    desk.outbox.replay([claim.delivery_id])
    desk.publish("e1")
    assert len(desk.outbox.deliveries_of("e1")) == 1


def test_any_number_is_replayed_in_one_call_and_in_the_old_order(desk: Desk) -> None:
    """None of the databases takes so many parameters in one statement; most of the ids need no rows to show it."""
    desk.outbox.publish([desk.new_event(f"e{number}", key=str(number)) for number in range(2500)])
    desk.exchange([desk.settlement(claim, "failed") for claim in desk.claim(slots=2500)])
    failed = desk.outbox.failed_ids()
    strangers = [f"nobody-{number}" for number in range(260_000 if "sqlite" in desk.url else 70_000)]
    replayed = desk.outbox.replay([*strangers, *reversed(failed)])
    assert list(replayed.reopened) == failed
    assert len(replayed.unknown) == len(strangers)
    assert desk.outbox.counts()["ops"].due == 2500
    assert [claim.delivery_id for claim in desk.claim(slots=2500)] == failed


def test_failed_ids_are_told_by_channel_and_by_the_time_of_failing(desk: Desk) -> None:
    desk.publish("early", key="a", channels=("ops", "chat"))
    desk.publish("late", key="b")
    (early_chat,) = desk.claim("chat")
    early, late = desk.claim("ops")
    desk.end(early, "failed")
    desk.end(early_chat, "failed")
    desk.time.passes(60)
    moment = desk.time.now
    desk.end(late, "failed")
    assert desk.outbox.failed_ids() == [
        desk.view("early").id,
        desk.view("early", "chat").id,
        late.delivery_id,
    ]
    assert desk.outbox.failed_ids(channel="chat") == [early_chat.delivery_id]
    assert desk.outbox.failed_ids(since=moment) == [late.delivery_id]
    assert desk.outbox.failed_ids(since=moment, channel="chat") == []
    assert desk.outbox.failed_ids(since=moment + 1) == []
