"""SQLite: a file, one writer at a time, and no server."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from bellwire.core.errors import DatabaseError, DatabaseUnavailable

from . import sqlite_driver, sqlite_statements
from .base import Backend, Statements
from .one_writer import OneWriter
from .self_lock import LockWatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Connection, Engine

OLDEST: Final = (3, 33, 0)
"""The first with UPDATE … FROM."""
_LONGEST_PAUSE: Final = 0.001
"""Seconds between two tries to get the write lock: a dispatcher lets go of it for a few milliseconds at a time."""
_PREPARING_PATIENCE: Final = 10.0
"""Seconds that a new connection waits for others to let go of the file's header."""


class SQLite(Backend):
    """A file in WAL mode with ``synchronous=FULL``: what is committed survives a power cut."""

    statements: ClassVar[Statements] = cast("Statements", sqlite_statements)
    watch_seconds: ClassVar[float] = 0.05
    migrates_by_itself: ClassVar[bool] = True
    is_in_process: ClassVar[bool] = True
    has_our_clock: ClassVar[bool] = True

    def __init__(self, url: sa.URL) -> None:
        super().__init__(url)
        self._writer = OneWriter()

    def writing(self, engine: Engine, waiting: Callable[[], None] | None = None) -> AbstractContextManager[Connection]:
        """The one connection that writes for this process; its threads take turns."""
        return self._writer.turn(engine, waiting)

    def watch_over_wait(self) -> Callable[[], None]:
        """Tells a thread that waits for a transaction of its own."""
        return LockWatch(self.path).look

    def let_go(self) -> None:
        """Closes the writing connection; whoever uses it closes it afterwards."""
        self._writer.close()

    def after_fork(self) -> None:
        """Another thread of the parent may have had its turn."""
        self._writer = OneWriter()
        sqlite_driver.writing.clear()

    @property
    def path(self) -> Path:
        """The file, as an absolute path."""
        return Path(self.url.database or "").absolute()

    @property
    def shown(self) -> str:
        """The file's path."""
        return str(self.path)

    def create_engine(self) -> Engine:
        """An engine whose connections begin and commit only when we say so."""
        if not self.url.database or ":memory:" in self.url.database or self.url.query.get("mode") == "memory":
            msg = (
                "database: an SQLite database in memory would be lost with the process and is not shared by threads; "
                "use a file, such as sqlite:///bellwire.db"
            )
            raise DatabaseError(msg)
        try:
            there = self.path.parent.is_dir()
        except OSError as error:  # a folder above it that this user may not enter
            msg = f"database: the folder {self.path.parent} cannot be entered ({error.strerror}); let this user in"
            raise DatabaseUnavailable(msg) from error
        if not there:
            msg = f"database: the folder {self.path.parent} does not exist; create it, or name another file"
            raise DatabaseUnavailable(msg)
        engine = sa.create_engine(
            self.url,
            connect_args={"timeout": 0, "check_same_thread": False, "factory": sqlite_driver.OwnConnection},
            pool_size=8,
            max_overflow=64,
            pool_use_lifo=True,  # the one that was used last still knows the file's pages
        )
        found = getattr(engine.dialect.loaded_dbapi, "sqlite_version_info", OLDEST)
        if found < OLDEST:
            msg = (
                f"SQLite {_dotted(found)} is too old; Bellwire needs {_dotted(OLDEST)} or later: "
                "use a newer Python, or a database server"
            )
            raise DatabaseError(msg)
        event.listen(engine, "connect", _prepare)
        return engine

    def begin(
        self, connection: Connection, *, write: bool, patience: float, waiting: Callable[[], None] | None = None
    ) -> None:
        """Begins IMMEDIATE to write: a transaction that reads first meets SQLITE_BUSY_SNAPSHOT when it writes."""
        give_up = time.monotonic() + patience
        pause = 0.0002
        while True:
            try:
                if write:
                    sqlite_driver.begin_immediate(connection)
                else:
                    _begin_reading(connection)
            except DBAPIError as error:
                if not _is_busy(error) or time.monotonic() > give_up:
                    raise
            else:
                return
            if waiting is not None:
                waiting()
            # Short sleeps of our own: SQLite's busy_timeout sleeps up to 100 ms while the lock changes hands meanwhile.
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # jitter, not a secret
            pause = min(pause * 2, _LONGEST_PAUSE)

    def commit(self, connection: Connection) -> None:
        """Over the driver, where nothing but the driver was used: SQLAlchemy's way there and back costs 30 µs."""
        if connection.in_transaction():
            connection.commit()
        sqlite_driver.commit(connection)

    def rollback(self, connection: Connection) -> None:
        """SQLAlchemy's transaction, if it knows of one, and the driver's."""
        connection.rollback()
        sqlite_driver.rollback(connection)

    def now(self, connection: Connection) -> int:
        """This machine's clock: SQLite has no other."""
        return time.time_ns() // 1000

    def require_version(self, connection: Connection) -> None:
        """Nothing to ask: the library was looked at when the engine was made."""

    def overwrite_deleted(self, connection: Connection) -> None:
        """With zeros; SQLite would only mark the place as free."""
        connection.exec_driver_sql("PRAGMA secure_delete = ON")

    def empty_journal(self, connection: Connection) -> None:
        """Copies the WAL into the file and truncates it; somebody who is reading keeps that from happening."""
        with suppress(DBAPIError):  # what was asked for is done, and the WAL is written over sooner or later
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def reason(self, error: DBAPIError) -> tuple[type[DatabaseError], str] | None:
        """SQLite's messages, with the way out."""
        text = str(error.orig)
        if _is_busy(error):
            return DatabaseUnavailable, (
                "another process, or a transaction that this thread has open, keeps the write lock; "
                "end that transaction, publish in it with connection=, or try again"
            )
        if "readonly" in text or "read-only" in text:
            return (
                DatabaseUnavailable,
                "is read-only here; make the file and its folder writable (SQLite writes beside it)",
            )
        if "unable to open" in text:
            return DatabaseUnavailable, "cannot be opened; is it a file that this user may read and write?"
        if "not a database" in text or "malformed" in text:
            return DatabaseError, f"is not an SQLite database, or it is damaged; name another file ({text})"
        if "full" in text:
            return DatabaseUnavailable, "the disk is full; free some room"
        return None

    def is_transient(self, error: DBAPIError) -> bool:
        """Never: waiting for the lock is over by then."""
        return False

    def look(self, connection: Connection, before: object) -> tuple[bool, object]:
        """``data_version`` changes with every commit of another connection; asking takes no lock."""
        version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
        return version != before, version


def _prepare(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
    connection.isolation_level = None  # else the driver begins by itself, DEFERRED
    cursor = connection.cursor()
    give_up = time.monotonic() + _PREPARING_PATIENCE
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            while True:
                try:
                    cursor.execute(f"PRAGMA {pragma}")
                except sqlite3.OperationalError as error:
                    # several processes that start on a new file switch it to WAL at once, and SQLite lets one do it
                    if "locked" not in str(error) or time.monotonic() > give_up:
                        raise
                    time.sleep(random.uniform(0.001, 0.01))  # noqa: S311  # jitter, not a secret
                else:
                    break
    finally:
        cursor.close()


def _begin_reading(connection: Connection) -> None:
    """Takes the reader's snapshot, which is refused for a moment while another process opens or closes the file."""
    sqlite_driver.run(connection, "BEGIN DEFERRED")
    try:
        sqlite_driver.run(connection, "SELECT 1 FROM sqlite_master LIMIT 1")
    except DBAPIError:
        sqlite_driver.rollback(connection)
        raise


def _is_busy(error: DBAPIError) -> bool:
    return "locked" in str(error.orig)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
