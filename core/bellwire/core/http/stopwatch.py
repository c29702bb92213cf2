"""Records the stages of an attempt as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bellwire.hookspecs import Stage

if TYPE_CHECKING:
    from collections.abc import Callable


class Stopwatch:
    """One stage is under way at a time, from :meth:`begin` to :meth:`end`."""

    __slots__ = ("_began", "_clock", "_done", "_name")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._done: tuple[Stage, ...] = ()
        self._name = ""
        self._began = 0.0

    def begin(self, name: str) -> None:
        """Starts the stage *name*."""
        self._name, self._began = name, self._clock()

    def end(self, detail: str = "") -> None:
        """Ends the stage that is under way."""
        self._done = self.stages(detail)
        self._name = ""

    def stages(self, detail: str = "") -> tuple[Stage, ...]:
        """All stages so far; the one under way, which is then the one that failed, as it stands now."""
        if not self._name:
            return self._done
        return (*self._done, Stage(self._name, self._clock() - self._began, detail))
