"""Noticing that another process published, and letting other processes notice that this one did."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from bellwire.core.errors import DatabaseError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from .database import Database

logger = logging.getLogger("bellwire.outbox")

ANNOUNCE_PAUSE: Final = 0.02
"""Seconds between two announcements: those that fall in between go out as one."""


class Watch:
    """Asks on a connection of its own; used from one thread."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database
        self._connection: sa.Connection | None = None
        self._before: object = None

    @property
    def seconds(self) -> float:
        """How long to pause between two looks."""
        return self._database.backend.watch_seconds

    def changed(self) -> bool:
        """Whether anything was published since the last call; the first call says yes."""
        with self._database.in_use():
            return self._look()

    def _look(self) -> bool:
        backend = self._database.backend
        first = self._connection is None
        try:
            if self._connection is None:
                self._connection = self._database.unattended_connection()
                self._before = backend.prepare_watch(self._connection)
            news, self._before = backend.look(self._connection, self._before)
        except Exception as error:  # the driver's own, since it may be asked directly
            self.close()
            raise DatabaseError(str(error)) from error
        return news or first

    def close(self) -> None:
        """Gives the connection back; the next call opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # a listening connection must not go back to the pool
            connection.close()


class Announcer:
    """Announces from a daemon thread of its own, so that no publisher waits for it."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database
        self._wanted: Final = threading.Event()
        self._lock: Final = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = False

    def announce(self) -> None:
        """Something was published; those who watch hear of it soon."""
        if not self._database.backend.announces:
            return
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="bellwire-announcer", daemon=True)
                    self._thread.start()
        self._wanted.set()

    def stop(self) -> None:
        """Ends the thread, if there is one; the next announcement starts another."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._stopping = True
                self._wanted.set()
                thread.join(5.0)
                self._stopping = False

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._stopping:
                return
            try:
                with self._database.in_use():
                    connection = self._database.unattended_connection()
                    try:
                        self._database.backend.announce(connection)
                    finally:
                        connection.close()
            except Exception as error:  # noqa: BLE001  # others find what was published by looking; nothing depends on this
                logger.debug("could not announce: %s", error)
            time.sleep(ANNOUNCE_PAUSE)
