"""When the dispatcher visits the database next: at once, in a moment together with others, or when something is due.

All of it runs on the dispatcher's loop.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from .lane import Lane

LINGER: Final = 0.002
"""Seconds that a settlement waits for company while more than half of its lane is still sending. A visit costs 0.4 ms
and 16 µs for each delivery: in batches of 30 instead of 10 that is half as much."""
NO_HURRY: Final = 0.01
"""Seconds that a failure, and what is due again after one, waits for a visit that is made for something else: what has
been put off for a second at least can wait, and a dead receiver shall not cost its neighbours a visit for each send."""
PACE_STEP: Final = 0.005
"""Seconds between two visits for a lane that its pace keeps waiting, at the least; a visit per send costs more."""


class Visits:
    """What calls for the next visit."""

    def __init__(self, lanes: Collection[Lane]) -> None:
        self._lanes: Final = lanes
        self._paced: Final = [lane for lane in lanes if lane.config.max_per_second]
        self._called_for: Final = asyncio.Event()
        self._due_at = math.inf
        self._due_timer: asyncio.TimerHandle | None = None
        self._pace_timer: asyncio.TimerHandle | None = None
        self._lingering: asyncio.TimerHandle | None = None

    async def wait(self) -> None:
        """Returns when the next visit is to be made; what is due by then is part of it."""
        self._wait_for_paces()
        await self._called_for.wait()
        self._called_for.clear()
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        if asyncio.get_running_loop().time() >= self._due_at:
            self._make_hungry()

    def close(self) -> None:
        """Calls for none any more."""
        for timer in (self._due_timer, self._pace_timer, self._lingering):
            if timer is not None:
                timer.cancel()

    def now(self) -> None:
        """At once."""
        self._called_for.set()

    def everywhere(self) -> None:
        """At once, for every lane: something may be due that nothing announced."""
        self._make_hungry()
        self._called_for.set()

    def shortly(self) -> None:
        """Everywhere in a moment, and once more if that was too soon: something is being committed."""
        for seconds in (0.002, 0.02):
            asyncio.get_running_loop().call_later(seconds, self.everywhere)

    def for_lane(self, lane: Lane) -> None:
        """At once if half of *lane* is idle; else together with what ends in the next moment."""
        if lane.busy * 2 <= lane.config.concurrency:
            self._called_for.set()
        else:
            self.within(LINGER)

    def within(self, seconds: float) -> None:
        """In *seconds*, or together with an earlier one."""
        loop = asyncio.get_running_loop()
        when = loop.time() + seconds
        if self._lingering is not None:
            if self._lingering.when() <= when:
                return
            self._lingering.cancel()
        self._lingering = loop.call_at(when, self._called_for.set)

    def when_due(self, delay: int) -> None:
        """For what is due in *delay* microseconds."""
        loop = asyncio.get_running_loop()
        when = loop.time() + max(0, delay) / 1_000_000
        if when >= self._due_at:
            return
        self._due_at = when
        if self._due_timer is not None:
            self._due_timer.cancel()
        self._due_timer = loop.call_at(when + NO_HURRY, self._see_to_what_is_due)

    def _see_to_what_is_due(self) -> None:
        if self._due_at < math.inf:  # else a visit has seen to it
            self.everywhere()

    def _make_hungry(self) -> None:
        self._due_at = math.inf
        for lane in self._lanes:
            lane.hungry = True

    def _wait_for_paces(self) -> None:
        waits = [seconds for lane in self._paced if (seconds := lane.seconds_until_allowed()) is not None]
        if not waits:
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + max(min(waits), PACE_STEP)
        if self._pace_timer is not None:
            if loop.time() < self._pace_timer.when() <= when:
                return
            self._pace_timer.cancel()
        self._pace_timer = loop.call_at(when, self._called_for.set)
