"""Settling: what is written about an attempt, and what becomes of the delivery."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import attrs
import pytest

from bellwire.core.outbox import Settlement

if TYPE_CHECKING:
    from tests.integration.outbox.conftest import Desk


def test_every_attempt_is_kept_with_all_that_was_known(desk: Desk) -> None:
    desk.publish("e1")
    (claim,) = desk.claim()
    settlement = desk.settlement(claim, "retry", detail="refused")
    assert settlement.record is not None
    stages = json.dumps([["connect", 0.25, "10.0.0.1:80"], ["response", 1.5, ""]])
    record = attrs.evolve(
        settlement.record, stage="status", status_code=503, response='body "é" 🔔', stages=stages, duration=1_750_000
    )
    desk.exchange([attrs.evolve(settlement, record=record)])
    (attempt,) = desk.outbox.attempts(claim.delivery_id)
    assert (attempt.number, attempt.outcome, attempt.started_at, attempt.duration) == (
        *(1, "failed", desk.time.now, 1_750_000),
    )
    assert (attempt.stage, attempt.detail, attempt.status_code) == ("status", "refused", 503)
    assert (attempt.response, attempt.dispatcher) == ('body "é" 🔔', "first")
    assert attempt.stages == [["connect", 0.25, "10.0.0.1:80"], ["response", 1.5, ""]]


def test_attempts_are_numbered_on_and_a_failed_one_keeps_its_error(desk: Desk) -> None:
    desk.publish("e1")
    for _ in range(3):
        (claim,) = desk.claim()
        desk.end(claim, "retry")
    (claim,) = desk.claim()
    assert (claim.attempt, claim.error) == (4, "boom")
    desk.end(claim, "failed")
    assert desk.outcomes("e1") == [(number, "failed") for number in (1, 2, 3, 4)]
    view = desk.view("e1")
    assert (view.state, view.attempts, view.error, view.settled_at) == ("failed", 4, "boom", desk.time.now)


def test_what_was_only_given_back_has_no_attempt_and_no_count(desk: Desk) -> None:
    desk.publish("e1")
    (claim,) = desk.claim()
    desk.end(claim, "given back", delay=30)
    view = desk.view("e1")
    assert (view.state, view.attempts, view.interruptions) == ("waiting", 0, 0)
    assert view.due_at == desk.time.now + 30_000_000
    assert desk.outcomes("e1") == []


def test_giving_back_does_not_forget_earlier_interruptions(desk: Desk) -> None:
    desk.publish("e1")
    (claim,) = desk.claim()
    desk.end(claim, "interrupted")
    (claim,) = desk.claim()
    assert claim.interruptions == 1
    desk.end(claim, "given back")
    assert desk.view("e1").interruptions == 1


def test_a_spared_attempt_is_kept_and_numbered_and_costs_no_budget(desk: Desk) -> None:
    desk.publish("e1")
    for number in (1, 2, 3):
        (claim,) = desk.claim()
        assert (claim.attempt, claim.attempt - claim.budget_start) == (number, 1)
        spared: Settlement = attrs.evolve(desk.settlement(claim, "retry"), spare_budget=True)
        desk.exchange([spared])
    assert desk.outcomes("e1") == [(1, "failed"), (2, "failed"), (3, "failed")]


def test_a_batch_settles_each_as_it_ended(desk: Desk) -> None:
    ends = ("sent", "failed", "retry", "interrupted", "given back")
    for end in ends:
        desk.publish(end, key=end)
    claims = desk.claim()
    visit = desk.exchange([desk.settlement(claim, claim.event_id) for claim in claims])  # type: ignore[arg-type]  # the ids are the ends
    assert len(visit.settled) == len(ends)
    assert [desk.state(end) for end in ends] == ["delivered", "failed", "waiting", "waiting", "waiting"]
    assert [desk.view(end).attempts for end in ends] == [1, 1, 1, 0, 0]
    assert [desk.view(end).settled_at is None for end in ends] == [False, False, True, True, True]


def test_a_batch_of_two_thousand_is_claimed_and_settled_in_one_go(desk: Desk) -> None:
    desk.outbox.publish([desk.new_event(f"e{number}", key=str(number)) for number in range(2000)])
    claims = desk.claim(slots=2000)
    assert len(claims) == 2000
    assert len(desk.exchange([desk.settlement(claim) for claim in claims]).settled) == 2000
    assert desk.outbox.counts() == {}


@pytest.mark.parametrize(
    "text", ["x" * 4096, "é" * 4000, "🔔" * 4000, "'\"\\\n\t%_"], ids=["ascii", "é", "emoji", "signs"]
)
def test_texts_come_back_as_they_were(desk: Desk, text: str) -> None:
    desk.publish("e1")
    (claim,) = desk.claim()
    settlement = desk.settlement(claim, "retry", detail=text)
    assert settlement.record is not None
    desk.exchange([attrs.evolve(settlement, record=attrs.evolve(settlement.record, response=text))])
    (attempt,) = desk.outbox.attempts(claim.delivery_id)
    assert (attempt.detail, attempt.response, desk.view("e1").error) == (text, text, text)
    assert desk.claim()[0].error == text
