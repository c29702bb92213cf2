"""What goes into the outbox and comes out of it, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import attrs

AttemptOutcome: TypeAlias = Literal["sent", "failed", "interrupted"]


@attrs.frozen(kw_only=True)
class NewEvent:
    """One event and the channels that want it, ready to be written."""

    id: str
    kind: str
    action: str
    ordering_key: str
    payload: str
    wanted_by: Mapping[str, str]
    """For each channel that hears of it, the id of its delivery."""
    unwanted_by: Mapping[str, str]
    """For each channel that does not, the reason."""
    trace: str | None = None


@attrs.frozen(kw_only=True)
class LaneDemand:
    """How much a lane can take right now."""

    channel: str
    slots: int
    ordered: bool
    patient: bool = False
    """Whether no delivery may pass an earlier one of its key, however long that one has been failing."""

    hold_key: int | None = None
    """Microseconds that one that was broken off, and so may break its workers, holds its key; ``None``: for ever."""

    def passed_at(self, now: int) -> int:
        """What is held until this time, or not as long, may be passed."""
        return 0 if self.patient else now


@attrs.frozen
class Claim:
    """A delivery that this dispatcher holds the lease of. The fields stand in the order of the claim's statement."""

    seq: int
    lease_token: int
    delivery_id: str
    channel: str
    ordering_key: str
    attempts: int
    budget_start: int
    interruptions: int
    holds_until: int | None
    error: str | None
    event_id: str
    kind: str
    payload: str
    trace: str | None

    @property
    def attempt(self) -> int:
        """The number of the attempt that this claim is for."""
        return self.attempts + 1


@attrs.frozen
class Claimed:
    """What one claim brought."""

    claims: tuple[Claim, ...]
    unfinished: frozenset[str]
    """Channels that may have more that is due: their slots are full, or the look was cut short."""


@attrs.frozen(kw_only=True)
class AttemptRecord:
    """One attempt, as it is kept."""

    number: int
    outcome: AttemptOutcome
    started_at: int
    duration: int
    stage: str | None = None
    detail: str | None = None
    status_code: int | None = None
    response: str | None = None
    stages: str | None = None


@attrs.frozen(kw_only=True)
class Settlement:
    """What becomes of a claimed delivery.

    ``waiting`` sends it again after ``delay`` microseconds. Without a record nothing was attempted: the delivery only
    goes back (its kind is unknown here, or this dispatcher stops).
    """

    claim: Claim
    state: Literal["delivered", "failed", "waiting"]
    delay: int = 0
    error: str | None = None
    record: AttemptRecord | None = None
    hold_key: int = 0
    """Microseconds from its first failure on that later deliveries of its key wait for it, at the most."""
    spare_budget: bool = False
    """The attempt is kept but not charged to the delivery's budget: the receiver is down and the channel holds."""


def attempt_values(settlement: Settlement, dispatcher: str) -> dict[str, Any]:
    """The attempt's row."""
    record = settlement.record
    assert record is not None  # noqa: S101  # the caller leaves out settlements without one
    return {
        "delivery_id": settlement.claim.delivery_id,
        "number": record.number,
        "outcome": record.outcome,
        "started_at": record.started_at,
        "duration": record.duration,
        "stage": record.stage,
        "detail": record.detail,
        "status_code": record.status_code,
        "response": record.response,
        "stages": record.stages,
        "dispatcher": dispatcher,
    }


def next_state(settlement: Settlement, now: int) -> dict[str, Any]:
    """What changes in the delivery's row. An interrupted attempt is not counted; a spared one costs no budget."""
    claim, record = settlement.claim, settlement.record
    counted = record is not None and record.outcome != "interrupted"
    interruptions = claim.interruptions if record is None else 0 if counted else claim.interruptions + 1
    holds_until = claim.holds_until
    if counted and settlement.state == "waiting" and holds_until is None:
        holds_until = now + settlement.hold_key
    return {
        "state": settlement.state,
        "due_at": now + settlement.delay,
        "attempts": claim.attempts + counted,
        "budget_start": claim.budget_start + (counted and settlement.spare_budget),
        "interruptions": interruptions,
        "holds_until": holds_until,
        "error": settlement.error,
        "settled_at": None if settlement.state == "waiting" else now,
    }
