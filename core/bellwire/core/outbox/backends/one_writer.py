"""SQLite's one writer at a time, within a process: one connection that writes, and threads that take turns with it.

A mutex hands the turn on at once, where sleeping for SQLite's lock would be slow. A connection that stays open knows
the file's pages and its statements: taking one from a pool and giving it back costs a publisher that has slept 75 µs.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine


class OneWriter:
    """Lends the writing connection to one thread at a time."""

    def __init__(self) -> None:
        self._mutex: Final = threading.Lock()
        self._idle: Connection | None = None
        self._closings = 0

    @contextmanager
    def turn(self, engine: Engine) -> Iterator[Connection]:
        """The connection, for one transaction; after an exception it is closed, whatever state it is in."""
        with self._mutex:
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

    def close(self) -> None:
        """Closes the connection, now or when its turn ends; the next turn opens another. Waits for nobody."""
        self._closings += 1
        connection, self._idle = self._idle, None
        if connection is not None:
            connection.close()
