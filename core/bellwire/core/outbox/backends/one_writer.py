"""SQLite's one writer at a time, within a process: one connection that writes, and threads that take turns with it.

A mutex hands the turn on at once, where sleeping for SQLite's lock would be slow. A connection that stays open knows
the file's pages and its statements: taking one from a pool and giving it back costs a publisher that has slept 75 µs.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection, Engine

_GLANCE: Final = 0.1
"""Seconds between two looks at why the turn does not come."""


class OneWriter:
    """Lends the writing connection to one thread at a time."""

    def __init__(self) -> None:
        self._mutex: Final = threading.Lock()
        self._idle: Connection | None = None
        self._closings = 0

    @contextmanager
    def turn(self, engine: Engine, waiting: Callable[[], None] | None = None) -> Iterator[Connection]:
        """The connection, for one transaction; after an exception it is closed, whatever state it is in.

        *waiting* is called now and then until the turn comes; what it raises ends the wait.
        """
        if waiting is None:
            self._mutex.acquire()
        else:
            while not self._mutex.acquire(timeout=_GLANCE):
                waiting()
        try:
            closings = self._closings
            connection, self._idle = self._idle, None
            if connection is None:
                connection = engine.connect()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._idle = connection
            if closings != self._closings:  # closed meanwhile: nobody will come back to do it
                self.close()
        finally:
            self._mutex.release()

    def close(self) -> None:
        """Closes the connection, now or when its turn ends; the next turn opens another. Waits for nobody."""
        self._closings += 1
        connection, self._idle = self._idle, None
        if connection is not None:
            connection.close()
