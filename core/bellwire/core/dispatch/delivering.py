"""From a claim to its settlement: the event is read, the channel's hook called, the outcome turned into rows."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TYPE_CHECKING, Any, Final

import attrs

from bellwire.core.deadlines import Deadlines
from bellwire.core.http import failure_of
from bellwire.core.outbox import Claim, Settlement
from bellwire.hookspecs import Delivery, Event, Failed, Outcome, Sent

from .attempt import call_hook
from .settling import given_back, interrupted, settlement

if TYPE_CHECKING:
    from collections.abc import Callable

    from bellwire.core.plugins import Plugins

    from .lane import Lane

logger = logging.getLogger("bellwire.dispatch")

UNKNOWN_KIND_WAIT: Final = 30_000_000
"""Microseconds until a delivery is looked at again whose kind of event is unknown here, as in a rolling deployment."""


@attrs.frozen
class Delivered:
    """One finished attempt, for the outbox and for those who observe."""

    settlement: Settlement
    event: Event | None = None
    delivery: Delivery | None = None
    outcome: Outcome | None = None


class Deliverer:
    """Makes attempts; knows nothing of claiming and settling."""

    def __init__(self, plugins: Plugins, now: Callable[[], int]) -> None:
        self._plugins: Final = plugins
        self._now: Final = now
        self._deadlines: Final = Deadlines[asyncio.Task[Any]]()
        self._unknown_kinds: Final[set[str]] = set()

    def close(self) -> None:
        """Takes back the timer that holds calls to their deadlines."""
        self._deadlines.close()

    async def deliver(self, lane: Lane, claim: Claim, on_overdue: Callable[[asyncio.Future[Any]], None]) -> Delivered:
        """One attempt. Never raises; cancelled, it is an interrupted one."""
        started_at, begun = self._now(), time.perf_counter_ns()
        try:
            kind = self._plugins.kind(claim.kind)
            if kind is None:
                return self._unknown_kind(claim)
            event, delivery, outcome = await self._attempt(lane, claim, kind, on_overdue)
        except asyncio.CancelledError:
            duration = (time.perf_counter_ns() - begun) // 1000
            return Delivered(interrupted(claim, started_at=started_at, duration=duration))
        duration = (time.perf_counter_ns() - begun) // 1000
        if isinstance(outcome, Sent):
            lane.last_sent_at = started_at + duration
        try:
            settled = _settlement(lane, claim, outcome, started_at, duration)
        except Exception as error:  # noqa: BLE001 - a channel may put anything into an outcome, bytes for text
            outcome = _presentable(outcome, error)
            settled = _settlement(lane, claim, outcome, started_at, duration)
        return Delivered(settled, event, delivery, outcome)

    async def _attempt(
        self, lane: Lane, claim: Claim, kind: type[Event], on_overdue: Callable[[asyncio.Future[Any]], None]
    ) -> tuple[Event | None, Delivery, Outcome]:
        delivery = Delivery(
            id=claim.delivery_id,
            channel=claim.channel,
            attempt=claim.attempt,
            max_attempts=claim.budget_start + lane.policy.sends,
            deadline=lane.context.clock.now() + lane.timeout,
        )
        try:
            event = kind.from_json(claim.payload, id=claim.event_id)
        except Exception as error:  # noqa: BLE001 - a kind of the host's own may raise anything
            detail = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            return None, delivery, Failed(stage="channel", detail=detail, retryable=False)
        hook = self._plugins.delivery_hook(lane.name, event)
        if hook is None:
            detail = (
                f"channel {lane.name} has neither notify_{event.kind} nor notify_event, so it cannot deliver this kind"
            )
            return event, delivery, Failed(stage="config", detail=detail, retryable=False)
        outcome = await call_hook(
            hook,
            event,
            delivery,
            timeout=lane.config.timeout_seconds,
            threads=lane.threads,
            deadlines=self._deadlines,
            classify=failure_of,
            on_overdue=on_overdue,
        )
        return event, delivery, outcome

    def _unknown_kind(self, claim: Claim) -> Delivered:
        if claim.kind not in self._unknown_kinds:
            self._unknown_kinds.add(claim.kind)
            logger.warning(
                "events of kind %r are unknown here; their deliveries wait for a dispatcher that knows it", claim.kind
            )
        return Delivered(given_back(claim, delay=UNKNOWN_KIND_WAIT))


def _settlement(lane: Lane, claim: Claim, outcome: Outcome, started_at: int, duration: int) -> Settlement:
    return settlement(
        claim,
        outcome,
        policy=lane.policy,
        holds=lane.config.hold_when_down and not lane.refuses_alone(claim),
        hold_key=lane.hold_key,
        started_at=started_at,
        duration=duration,
        secrets=lane.secrets,
        random=random.random,
    )


def _presentable(outcome: Outcome, error: Exception) -> Outcome:
    """*outcome* without what cannot be kept of it. What was sent was sent, whatever the channel says about it."""
    problem = f"its outcome holds what cannot be kept ({type(error).__name__}: {error})"
    if isinstance(outcome, Sent):
        logger.warning("a channel sent a message, but %s", problem)
        return Sent()
    return Failed(stage=outcome.stage, detail=f"{outcome.detail!s}; {problem}", retryable=bool(outcome.retryable))
