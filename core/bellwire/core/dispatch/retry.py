"""When a failed delivery is sent again. Pure: no clock, no randomness of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from bellwire.hookspecs import ChannelConfig, Failed, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_RETRY_AFTER: Final = 3600.0
"""Seconds that a receiver's ``Retry-After`` can put a delivery off, at the most."""

JITTER: Final = 0.1
"""A scheduled delay is lengthened at random by up to this part: what failed together shall not return together."""


@attrs.frozen
class RetryPolicy:
    """How often, and how long after one another, a delivery is sent."""

    delays: tuple[float, ...]
    """Seconds before each further send; one more send than delays."""
    scheduled: bool = False
    """Whether they come from ``retry_schedule``: then they get jitter, and ``Retry-After`` is a floor."""

    @classmethod
    def of(cls, config: ChannelConfig) -> RetryPolicy:
        """The policy that *config* describes.

        ``max_retry_times`` is the number of sends in all, the first one included, and at least one: so the reference
        counts, whose setting this is.
        """
        if config.retry_schedule:
            return cls(tuple(map(parse_duration, config.retry_schedule)), scheduled=True)
        sends = max(1, config.max_retry_times)
        return cls((float(config.retry_interval_seconds),) * (sends - 1))

    @property
    def sends(self) -> int:
        """How many times a delivery is sent at most."""
        return len(self.delays) + 1


def delay_before_next(policy: RetryPolicy, sent: int, failure: Failed, random: Callable[[], float]) -> float | None:
    """Seconds until the next send, after *sent* sends of this budget of which the last ended in *failure*.

    ``None`` when there is no next one. *random* gives a number from 0 up to 1.

    >>> delay_before_next(RetryPolicy((1.0, 1.0)), 1, Failed(stage="connect", detail="refused"), lambda: 0.5)
    1.0
    >>> delay_before_next(RetryPolicy((1.0, 1.0)), 3, Failed(stage="connect", detail="refused"), lambda: 0.5)
    """
    if not failure.retryable or sent > len(policy.delays):
        return None
    delay = policy.delays[sent - 1]
    if not policy.scheduled:
        return delay
    delay *= 1 + JITTER * random()
    return max(delay, wish(failure))


def wish(failure: Failed) -> float:
    """Seconds that the receiver asked to be left alone, as far as it is heeded."""
    return min(max(failure.retry_after or 0.0, 0.0), LONGEST_RETRY_AFTER)
