"""A lane's pace: how many sends may begin right now. Pure, but for the state that it keeps."""

from __future__ import annotations

from typing import Final


class Pace:
    """A token bucket: *per_second* sends on average, in bursts of at most one second's worth.

    *per_second* of 0 is no limit. Times are seconds of a clock that never goes back.
    """

    def __init__(self, per_second: float, now: float) -> None:
        self._rate: Final = per_second
        self._burst: Final = max(1.0, per_second)
        self._tokens = 1.0 if per_second < 1 else self._burst
        self._at = now

    def allowance(self, now: float) -> int | None:
        """How many sends may begin; ``None`` for any number."""
        if not self._rate:
            return None
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return int(self._tokens)

    def begin(self, sends: int) -> None:
        """So many sends begin."""
        self._tokens -= sends

    def seconds_until_next(self) -> float:
        """How long until one more may begin."""
        return max(0.0, (1.0 - self._tokens) / self._rate) if self._rate else 0.0
