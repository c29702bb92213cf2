"""A channel's health, moved on by how its attempts end; and the breaker of channels that hold when down. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bellwire.core.outbox import ChannelHealth
    from bellwire.hookspecs import Failed

TRIPS_AT: Final = 3
"""So many failures in a row trip the breaker."""
FIRST_HOLD: Final = 10_000_000
LONGEST_HOLD: Final = 300_000_000
"""Microseconds that a tripped breaker holds: doubling from the first to the longest with each failed probe."""

_OVERLOADED: Final = frozenset({429, 502, 503, 504})


def is_down(failure: Failed) -> bool:
    """Whether *failure* says that the receiver is down or overloaded, and nothing about this one message."""
    if failure.stage == "status":
        return failure.status_code in _OVERLOADED
    return failure.stage in {"dns", "connect", "proxy", "tls", "send", "response", "timeout"}


def hold_time(failing_for: int) -> int:
    """Microseconds that the breaker holds after a failure, when the channel has been failing for so many.

    As long again as it has been failing, and the first hold more: that doubles with each failed probe, and many that
    fail at the same moment, or without a breaker before, count as one.

    >>> [hold_time(seconds * 1_000_000) // 1_000_000 for seconds in (0, 10, 30, 3600)]
    [10, 20, 40, 300]
    """
    return min(FIRST_HOLD + max(0, failing_for), LONGEST_HOLD)


def advance(health: ChannelHealth, sent: Sequence[bool], now: int, *, holds: bool) -> ChannelHealth:
    """*health* after attempts that ended as *sent* says, in their order; *holds* where the channel has a breaker."""
    failures, since, last_success = health.failures, health.failing_since, health.last_success_at
    held_until = health.held_until
    for success in sent:
        if success:
            failures, since, held_until = 0, None, None
            last_success = now
        else:
            failures, since = failures + 1, since if since is not None else now
    if last_success is not None and health.last_success_at is not None and not health.failures and not failures:
        # once a second is enough for people, and saves a write per batch
        last_success = max(health.last_success_at, now - now % 1_000_000)
    if not holds:
        held_until = None  # it was switched off
    elif since is not None and failures >= TRIPS_AT and sent and (held_until is None or held_until <= now):
        held_until = now + hold_time(now - since)
    return attrs.evolve(
        health, failures=failures, failing_since=since, held_until=held_until, last_success_at=last_success
    )
