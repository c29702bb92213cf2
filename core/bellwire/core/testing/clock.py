"""A clock that stands still until it is told otherwise."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Final, final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_START: Final = datetime(2023, 5, 18, 7, 45, 25, tzinfo=UTC)  # of the sample request, so that texts can be compared


@final
class FakeClock:
    """A :class:`bellwire.hookspecs.Clock` that moves by :meth:`advance` alone. May be used from any thread.

    >>> clock = FakeClock()
    >>> clock.advance(90)
    >>> clock.now().isoformat(), clock.monotonic()
    ('2023-05-18T07:46:55+00:00', 90.0)
    """

    def __init__(self, start: datetime = _START) -> None:
        if start.tzinfo is None:
            msg = f"FakeClock starts at a datetime with a time zone, got {start!r}"
            raise ValueError(msg)
        self._start: Final = start
        self._passed = timedelta()
        self._lock: Final = threading.Lock()

    def now(self) -> datetime:
        """The wall clock, in the zone of the start."""
        return self._start + self._passed

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._passed.total_seconds()

    def microseconds(self) -> int:
        """The wall clock in microseconds since 1970 UTC: what ``Database(…, clock=clock.microseconds)`` asks for."""
        return (self.now() - _EPOCH) // timedelta(microseconds=1)

    def advance(self, seconds: float) -> None:
        """Lets *seconds* pass; raises ``ValueError`` where they are negative, for :meth:`monotonic` never goes back.

        A dispatcher that is at work notices at its next look; :meth:`BusForTests.advance` makes it look at once.
        """
        if seconds < 0:
            msg = f"a clock advances by zero or more seconds, got {seconds!r}"
            raise ValueError(msg)
        with self._lock:
            self._passed += timedelta(seconds=seconds)
