"""From an attempt's outcome to what is written about it. Pure."""

from __future__ import annotations

import math
from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING, Final

from bellwire.core.outbox import AttemptRecord, Claim, Settlement, interruption_wait
from bellwire.hookspecs import Failed, Outcome, Sent, Stage

from .breaker import FIRST_HOLD, is_down
from .retry import RetryPolicy, delay_before_next, wish

if TYPE_CHECKING:
    from collections.abc import Callable

NAME_LIMIT: Final = 40
RESPONSE_LIMIT: Final = 4096
DETAIL_LIMIT: Final = 2000
ERROR_LIMIT: Final = 4000
"""Characters that are kept of a stage's name, an answer, one failure, and all failures together."""


def settlement(
    claim: Claim,
    outcome: Outcome,
    *,
    policy: RetryPolicy,
    holds: bool,
    hold_key: int,
    started_at: int,
    duration: int,
    secrets: tuple[str, ...],
    random: Callable[[], float],
) -> Settlement:
    """What becomes of *claim* after an attempt that began at *started_at* and took *duration* microseconds.

    *holds* where its channel holds when the receiver is down, and nothing says that this message alone is refused.
    """
    record = _record(claim, outcome, started_at, duration, secrets)
    if isinstance(outcome, Sent):
        return Settlement(claim=claim, state="delivered", record=record, error=claim.error)
    error = join_failures(claim.error, record.detail or "")
    if holds and is_down(outcome):
        # Held, not burnt: it waits behind the hold, so that the next probe is another delivery, if there is one.
        return Settlement(
            claim=claim,
            state="waiting",
            delay=max(2 * FIRST_HOLD, round(wish(outcome) * 1_000_000)),
            error=error,
            record=record,
            hold_key=hold_key,
            spare_budget=True,
        )
    sent = claim.attempt - claim.budget_start
    delay = delay_before_next(policy, sent, outcome, random)
    if delay is None:
        return Settlement(claim=claim, state="failed", record=record, error=error)
    return Settlement(
        claim=claim, state="waiting", delay=round(delay * 1_000_000), error=error, record=record, hold_key=hold_key
    )


def given_back(claim: Claim, *, delay: int = 0) -> Settlement:
    """A claim that was not attempted at all."""
    return Settlement(claim=claim, state="waiting", delay=delay, error=claim.error)


def interrupted(claim: Claim, *, started_at: int, duration: int) -> Settlement:
    """An attempt that was broken off, as by a dispatcher that stops: kept, not counted, and due again at once.

    From the second one in a row on it waits, ever longer: a channel may cancel the very task that it runs in.
    """
    record = AttemptRecord(
        number=claim.attempt,
        outcome="interrupted",
        started_at=started_at,
        duration=duration,
        detail="its dispatcher stopped before the outcome was known",
    )
    delay = interruption_wait(claim.interruptions) if claim.interruptions else 0
    return Settlement(claim=claim, state="waiting", delay=delay, record=record, error=claim.error)


def _record(claim: Claim, outcome: Outcome, started_at: int, duration: int, secrets: tuple[str, ...]) -> AttemptRecord:
    failed = isinstance(outcome, Failed)
    response = outcome.response
    return AttemptRecord(
        number=claim.attempt,
        outcome="failed" if failed else "sent",
        started_at=started_at,
        duration=duration,
        stage=outcome.stage if isinstance(outcome, Failed) else None,
        detail=clean(outcome.detail, secrets, DETAIL_LIMIT) if isinstance(outcome, Failed) else None,
        status_code=None if outcome.status_code is None else int(outcome.status_code),
        response=None if response is None else clean(response, secrets, RESPONSE_LIMIT),
        stages=_stages(outcome.stages, secrets),
    )


def _stages(stages: tuple[Stage, ...], secrets: tuple[str, ...]) -> str | None:
    if not stages:
        return None
    return f"[{','.join([_stage(stage, secrets) for stage in stages])}]"


def _stage(stage: Stage, secrets: tuple[str, ...]) -> str:
    """A JSON array, put together here: :func:`json.dumps` makes an encoder at each call, and takes 3 µs longer."""
    seconds = round(float(stage.seconds), 6)
    if not math.isfinite(seconds):
        msg = f"a stage took {seconds} seconds"
        raise ValueError(msg)
    name, detail = clean(stage.name, secrets, NAME_LIMIT), clean(stage.detail, secrets, DETAIL_LIMIT)
    return f"[{_quoted(name)},{seconds!r},{_quoted(detail)}]"


def clean(text: str, secrets: tuple[str, ...], limit: int) -> str:
    r"""*text* without *secrets*, in valid UTF-8 without U+0000, and at most *limit* characters long.

    >>> clean("got Bearer s3cret\0", ("s3cret",), 100)
    'got Bearer ********\ufffd'
    """
    if text == "":
        return text
    text = text[: limit + 4096]  # a secret that straddles the limit is still found whole
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, "********")
    if not text.isprintable():
        text = text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def join_failures(before: str | None, latest: str) -> str:
    """Several failures in one line, joined with ``"; "``, the same text once.

    >>> join_failures("refused", "refused"), join_failures("refused", "EOF")
    ('refused', 'refused; EOF')
    """
    if not before:
        return latest
    if latest in before.split("; "):
        return before
    joined = f"{before}; {latest}"
    return joined if len(joined) <= ERROR_LIMIT else before
