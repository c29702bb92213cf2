"""What a settlement changes in the delivery's row."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import pytest

from bellwire.core.outbox import FINAL, OPEN, STATES, AttemptRecord, Claim, Settlement
from bellwire.core.outbox.rows import AttemptOutcome, attempt_values, next_state
from bellwire.core.outbox.upkeep import interruption_wait

NOW = 5_000_000
CLAIM = Claim(
    seq=7,
    lease_token=99,
    delivery_id="d",
    channel="ops",
    ordering_key="k",
    attempts=4,
    budget_start=2,
    interruptions=1,
    holds_until=None,
    error="before",
    event_id="e",
    kind="workflow",
    payload="{}",
    trace=None,
)


def settled(
    state: Literal["delivered", "failed", "waiting"], outcome: AttemptOutcome | None, **changes: Any
) -> dict[str, object]:
    record = None
    if outcome is not None:
        record = AttemptRecord(number=CLAIM.attempt, outcome=outcome, started_at=1, duration=2)
    settlement = Settlement(claim=CLAIM, state=state, record=record)
    return next_state(attrs.evolve(settlement, **changes), NOW)


def test_every_state_is_either_open_or_final() -> None:
    assert sorted(OPEN | FINAL) == sorted(STATES)
    assert not OPEN & FINAL


@pytest.mark.parametrize(
    ("state", "outcome", "attempts", "interruptions"),
    [
        ("delivered", "sent", 5, 0),
        ("failed", "failed", 5, 0),
        ("waiting", "failed", 5, 0),
        ("waiting", "interrupted", 4, 2),
        ("waiting", None, 4, 1),
    ],
)
def test_only_an_attempt_whose_outcome_is_known_counts(
    state: Literal["delivered", "failed", "waiting"], outcome: AttemptOutcome | None, attempts: int, interruptions: int
) -> None:
    changed = settled(state, outcome)
    assert (changed["attempts"], changed["interruptions"]) == (attempts, interruptions)
    assert changed["budget_start"] == 2


def test_a_delivery_that_waits_is_due_after_its_delay_and_not_settled() -> None:
    changed = settled("waiting", "failed", delay=3_000_000)
    assert (changed["due_at"], changed["settled_at"]) == (NOW + 3_000_000, None)


@pytest.mark.parametrize(("state", "outcome"), [("delivered", "sent"), ("failed", "failed")])
def test_a_delivery_that_ended_is_settled_now(state: Literal["delivered", "failed"], outcome: AttemptOutcome) -> None:
    assert settled(state, outcome)["settled_at"] == NOW


def test_a_spared_attempt_moves_the_budget_along_with_the_count() -> None:
    changed = settled("waiting", "failed", spare_budget=True)
    assert (changed["attempts"], changed["budget_start"]) == (5, 3)
    assert settled("waiting", "interrupted", spare_budget=True)["budget_start"] == 2


def test_the_key_is_held_from_the_first_failure_on_and_not_anew_at_each() -> None:
    assert settled("waiting", "failed", hold_key=600)["holds_until"] == NOW + 600
    again = attrs.evolve(CLAIM, holds_until=123)
    record = AttemptRecord(number=5, outcome="failed", started_at=1, duration=2)
    settlement = Settlement(claim=again, state="waiting", record=record, hold_key=600)
    assert next_state(settlement, NOW)["holds_until"] == 123
    for outcome in ("interrupted", None):
        assert settled("waiting", outcome, hold_key=600)["holds_until"] is None


def test_an_attempts_row_says_which_delivery_and_which_dispatcher() -> None:
    record = AttemptRecord(number=5, outcome="sent", started_at=1, duration=2, status_code=200, response="ok")
    values = attempt_values(Settlement(claim=CLAIM, state="delivered", record=record), "me")
    assert values["delivery_id"] == "d"
    assert (values["dispatcher"], values["number"], values["status_code"]) == ("me", 5, 200)


def test_a_claims_attempt_is_the_one_after_those_that_are_settled() -> None:
    assert CLAIM.attempt == 5


def test_the_wait_after_interruptions_doubles_up_to_an_hour() -> None:
    waits = [interruption_wait(number) // 1_000_000 for number in range(1, 16)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]
    assert interruption_wait(10**9) == 3_600_000_000
