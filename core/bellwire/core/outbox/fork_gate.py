"""No fork while a connection is in use, and no connection that crosses one.

SQLite keeps its locks in memory, per process and file: a child that opens the file beside an inherited connection holds
none in truth, and one that forked amid a transaction finds the file locked for ever
(https://sqlite.org/howtocorrupt.html#_carrying_an_open_database_across_a_fork_). So before a fork everybody is waited
for and every connection is closed; both sides open their own.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE: Final = 5.0
"""Seconds that a fork waits for transactions to end; longer ones wait for somebody else's lock, maybe for long."""


class ForkGate:
    """Lets those who use connections pass, and holds them up while the process forks."""

    def __init__(self) -> None:
        self._changed: Final = threading.Condition()
        self._inside = 0
        self._forking = 0
        self._mine: Final = threading.local()

    @contextmanager
    def use(self) -> Iterator[None]:
        """For the length of a transaction; may be nested."""
        depth = getattr(self._mine, "depth", 0)
        with self._changed:
            while self._forking and not depth:
                self._changed.wait()
            self._inside += not depth
        self._mine.depth = depth + 1
        try:
            yield
        finally:
            self._mine.depth = depth
            with self._changed:
                self._inside -= not depth
                if self._forking and not self._inside:
                    self._changed.notify_all()

    def close(self) -> bool:
        """Holds up newcomers and waits for those inside; returns whether all have left within :data:`PATIENCE`."""
        with self._changed:
            self._forking += 1
            own = bool(getattr(self._mine, "depth", 0))  # whoever forks inside a transaction need not wait for itself
            return self._changed.wait_for(lambda: self._inside <= own, PATIENCE) and not own

    def open(self) -> None:
        """After the fork, in the parent; the child makes a new gate."""
        with self._changed:
            self._forking -= 1
            self._changed.notify_all()
