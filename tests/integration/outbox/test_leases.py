"""Leases: what a dispatcher that died had in hand is taken over; what it says later does not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

from bellwire.core.outbox.outbox import LEASE

if TYPE_CHECKING:
    from tests.integration.outbox.conftest import Desk

LEASE_SECONDS = LEASE / 1_000_000


def test_an_expired_lease_is_taken_over_and_logged_as_interrupted(desk: Desk) -> None:
    desk.publish("e1")
    (claim,) = desk.claim(dispatcher="dead")
    desk.time.passes(LEASE_SECONDS + 0.1)
    assert desk.beat("second") == 1
    view = desk.view("e1")
    assert (view.state, view.attempts, view.interruptions, view.dispatcher) == ("waiting", 0, 1, None)
    (attempt,) = desk.outbox.attempts(claim.delivery_id)
    assert (attempt.number, attempt.outcome, attempt.dispatcher) == (1, "interrupted", "dead")
    assert attempt.detail is not None
    assert "stopped" in attempt.detail


def test_an_interrupted_attempt_is_not_counted_and_the_next_has_its_number(desk: Desk) -> None:
    desk.publish("e1")
    desk.claim(dispatcher="dead")
    desk.time.passes(LEASE_SECONDS + 1)
    desk.beat("second")
    desk.time.passes(1)
    (again,) = desk.claim(dispatcher="second")
    assert (again.attempt, again.attempts, again.interruptions) == (1, 0, 1)
    desk.end(again, dispatcher="second")
    assert desk.outcomes("e1") == [(1, "interrupted"), (1, "sent")]
    assert desk.view("e1").attempts == 1


def test_each_further_interruption_doubles_the_wait(desk: Desk) -> None:
    desk.publish("e1")
    waits = []
    for _ in range(5):
        (claim,) = desk.claim()
        desk.time.passes(LEASE_SECONDS + 1)
        assert desk.beat("second") == 1
        waits.append((desk.view("e1").due_at - desk.time.now) // 1_000_000)
        assert desk.claim() == []
        desk.time.passes(waits[-1])
    assert waits == [1, 2, 4, 8, 16]
    (claim,) = desk.claim()
    desk.end(claim, "retry")
    assert desk.view("e1").interruptions == 0


def test_a_heartbeat_that_renews_keeps_the_lease(desk: Desk) -> None:
    desk.publish("e1", "e2", key="a")
    desk.publish("e3", key="b")
    claims = desk.claim()
    for _ in range(5):
        desk.time.passes(LEASE_SECONDS * 0.9)
        desk.outbox.renew(claims)
        assert desk.beat("second") == 0
    assert desk.end(claims[0])
    desk.time.passes(LEASE_SECONDS * 0.9)
    desk.outbox.renew(claims)  # what is settled already does no harm
    assert [desk.state(event) for event in ("e1", "e2", "e3")] == ["delivered", "waiting", "claimed"]


def test_renewing_does_not_bring_back_a_lease_that_was_taken_over(desk: Desk) -> None:
    desk.publish("e1")
    (old,) = desk.claim(dispatcher="frozen")
    desk.time.passes(LEASE_SECONDS + 1)
    desk.beat("second")
    desk.time.passes(1)
    (new,) = desk.claim(dispatcher="second")
    desk.time.passes(LEASE_SECONDS * 0.9)
    desk.outbox.renew([old])
    desk.time.passes(LEASE_SECONDS * 0.2)
    assert desk.beat("third") == 1, "the second dispatcher's lease was renewed by another one's token"
    assert not desk.end(new, dispatcher="second")


def test_a_stale_workers_settlement_is_ignored_while_another_has_the_lease(desk: Desk) -> None:
    desk.publish("e1")
    (old,) = desk.claim(dispatcher="frozen")
    desk.time.passes(LEASE_SECONDS + 1)
    desk.beat("second")
    desk.time.passes(1)
    (new,) = desk.claim(dispatcher="second")
    assert not desk.end(old, "failed", dispatcher="frozen")
    assert desk.state("e1") == "claimed"
    assert desk.outcomes("e1") == [(1, "interrupted")]
    assert desk.end(new, dispatcher="second")
    assert desk.outcomes("e1") == [(1, "interrupted"), (1, "sent")]


def test_a_settled_outcome_is_never_overwritten_by_a_stale_worker(desk: Desk) -> None:
    desk.publish("e1")
    (old,) = desk.claim(dispatcher="frozen")
    desk.time.passes(LEASE_SECONDS + 1)
    desk.beat("second")
    assert not desk.end(old, dispatcher="frozen")  # it waits: nobody has the lease
    desk.time.passes(1)
    (new,) = desk.claim(dispatcher="second")
    desk.end(new, dispatcher="second")
    before = desk.view("e1"), desk.outcomes("e1")
    assert not desk.end(old, "failed", dispatcher="frozen")
    assert not desk.end(new, "failed", dispatcher="second")  # nor twice by the same
    assert (desk.view("e1"), desk.outcomes("e1")) == before


def test_of_two_settlements_of_one_delivery_in_one_batch_the_lease_decides(desk: Desk) -> None:
    """A dispatcher that was frozen past its lease may get its own delivery again, and then finish both."""
    desk.publish("e1")
    (old,) = desk.claim()
    desk.time.passes(LEASE_SECONDS + 1)
    desk.beat("first")
    desk.time.passes(1)
    (new,) = desk.claim()
    visit = desk.exchange([desk.settlement(old, "failed"), desk.settlement(new, "sent")])
    assert [settled.claim.lease_token for settled in visit.settled] == [new.lease_token]
    assert desk.state("e1") == "delivered"
    assert desk.outcomes("e1") == [(1, "interrupted"), (1, "sent")]


def test_what_a_dispatcher_held_that_is_known_to_be_gone_is_free_at_once(desk: Desk) -> None:
    desk.beat("dead")
    desk.beat("alive")
    desk.publish("e1", key="a")
    desk.publish("e2", key="b")
    desk.claim(slots=1, dispatcher="dead")
    desk.claim(slots=1, dispatcher="alive")
    assert desk.beat("second", gone=["dead"]) == 1
    assert (desk.state("e1"), desk.state("e2")) == ("waiting", "claimed")
    assert [row.id for row in desk.outbox.dispatchers()] == ["alive", "second"]


def test_a_dispatcher_that_is_gone_is_remembered_while_it_still_holds_something(desk: Desk) -> None:
    desk.beat("dead")
    desk.outbox.publish([desk.new_event(f"e{number}", key=str(number)) for number in range(1200)])
    assert len(desk.claim(slots=1200, dispatcher="dead")) == 1200
    freed = []
    while "dead" in {row.id for row in desk.outbox.dispatchers()}:
        freed.append(desk.beat("second", gone=["dead"]))
    assert sum(freed) == 1200
    assert desk.outbox.counts()["ops"].in_flight == 0


def test_a_follower_goes_on_after_its_heads_takeover(desk: Desk) -> None:
    desk.publish("head", "next")
    desk.claim(dispatcher="dead")
    desk.time.passes(LEASE_SECONDS + 1)
    desk.beat("second")
    desk.time.passes(1)
    (head,) = desk.claim()
    assert head.event_id == "head"
    desk.end(head)
    assert desk.claimed_ids() == ["next"]


def test_a_heartbeat_keeps_when_the_dispatcher_started(desk: Desk) -> None:
    row = attrs.evolve(desk.row("first"), lanes={"ops": "open", "chat": "broken: no route"})
    began = desk.time.now
    desk.outbox.beat(row, ())
    desk.time.passes(5)
    desk.outbox.beat(row, ())
    (seen,) = desk.outbox.dispatchers()
    assert (seen.started_at, seen.seen_at) == (began, desk.time.now)
    assert seen.lanes == {"ops": "open", "chat": "broken: no route"}


def test_a_dispatcher_that_leaves_is_not_listed_any_more(desk: Desk) -> None:
    desk.beat("first")
    desk.beat("second")
    desk.outbox.leave("first")
    assert [row.id for row in desk.outbox.dispatchers()] == ["second"]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wall_clock_that_jumps_an_hour_loses_nothing(desk: Desk, hours: int) -> None:
    desk.publish("e1", key="a")
    desk.publish("e2", key="b")
    (held,) = desk.claim(slots=1)
    desk.time.passes(hours * 3600)
    freed = desk.beat("second")
    assert freed == (1 if hours > 0 else 0)
    assert desk.end(held) == (freed == 0)
    desk.time.passes(7200)
    desk.beat("second")
    for claim in desk.claim():
        desk.end(claim)
    assert desk.outbox.counts() == {}
