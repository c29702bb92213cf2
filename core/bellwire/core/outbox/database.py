"""The connection to the outbox's database: its transactions, its clock, and its errors in sentences.

Nothing else in the outbox opens a connection or begins a transaction. What differs between databases is in
:mod:`~bellwire.core.outbox.backends`.
"""

from __future__ import annotations

import random
import threading
import time
import weakref
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bellwire.core.errors import DatabaseError, DatabaseUnavailable

from . import schema
from .backends import Backend, backend_for
from .fork_gate import ForkGate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import sqlalchemy as sa

R = TypeVar("R")

LOCK_PATIENCE: Final = 10.0
"""Seconds that a writer waits for SQLite's one write lock before it gives up."""
_TRIES: Final = 4
"""How often a transaction is tried that met a deadlock, a lost connection or a clash of inserts."""


class Database:
    """One outbox's database, by its URL. It may be used from any thread.

    Opening it creates the tables where there are none, and migrates a SQLite file. After a fork the child calls
    :meth:`after_fork` before anything else. *clock* replaces the database's own, in tests.
    """

    def __init__(
        self, url: str, *, clock: Callable[[], int] | None = None, lock_patience: float = LOCK_PATIENCE
    ) -> None:
        self.url: Final = url
        self.backend: Final[Backend] = backend_for(_parsed(url))
        self._clock: Final = clock
        self._lock_patience: Final = lock_patience
        self._engine: Engine | None = None
        self._opening = threading.Lock()
        self._ahead = time.time_ns() // 1000 - _running()
        self._gate = ForkGate()
        self._unattended: weakref.WeakSet[Connection] = weakref.WeakSet()

    @property
    def shown(self) -> str:
        """Where it is, without its password: a path, or a URL."""
        return self.backend.shown

    def now(self, connection: Connection | None = None) -> int:
        """The database's time in microseconds since 1970 UTC; without *connection*, reckoned from the last one read."""
        if self._clock is not None:
            return self._clock()
        if connection is not None:
            exact = self.backend.now(connection)
            self._ahead = exact - _running()
            return exact
        # this machine's own wall clock may be wrong, and may be set; it counts only where the database has no other
        return time.time_ns() // 1000 if self.backend.has_our_clock else _running() + self._ahead

    def open(self) -> None:
        """Connects, and creates the tables where there are none; does nothing when it is open.

        Raises :class:`~bellwire.core.errors.DatabaseUnavailable` or :class:`~bellwire.core.errors.SchemaError`.
        """
        with self._gate.use(), self._opening:
            if self._engine is None:
                self._engine = self._ready_engine(migrate=self.backend.migrates_by_itself)

    def migrate(self) -> tuple[int | None, int]:
        """Brings the schema up to date, on any database; returns the version before (``None``: no tables) and after."""
        with self._gate.use(), self._opening:
            engine = self.backend.create_engine()
            try:
                with self._translated(), engine.connect() as connection:
                    before = self._installed(connection)
                engine.dispose()
                self._ready_engine(migrate=True).dispose()
                return (before.number if before else None), schema.VERSION
            finally:
                engine.dispose()

    def _ready_engine(self, *, migrate: bool) -> Engine:
        engine = self.backend.create_engine()
        try:
            with self._translated(), engine.connect() as connection:
                self.backend.require_version(connection)
                version = self._installed(connection)
                if version is None or (migrate and version.number < schema.VERSION):
                    self.backend.begin(connection, write=True, patience=self._lock_patience)
                    self.backend.lock_schema(connection)
                    schema.upgrade(connection)
                    self.backend.commit(connection)
                    self.backend.unlock_schema(connection)
                    version = self._installed(connection)
                schema.require_compatible(version, self.shown)
                self.now(connection)  # whoever reckons from it needs a first reading
                connection.rollback()
        except BaseException:
            engine.dispose()
            raise
        return engine

    def _installed(self, connection: Connection) -> schema.Installed | None:
        self.backend.rollback(connection)
        self.backend.begin(connection, write=False, patience=self._lock_patience)
        version = schema.installed(connection)
        self.backend.rollback(connection)
        return version

    def close(self) -> None:
        """Closes every connection; the next use opens again."""
        engine, self._engine = self._engine, None
        self.backend.let_go()
        if engine is not None:
            engine.dispose()

    def before_fork(self) -> None:
        """Waits for transactions to end and closes every connection: none may cross a fork. Both sides open anew."""
        if not self._gate.close():
            return  # somebody is amid a transaction; to close their connection would break it in the parent too
        for connection in list(self._unattended):
            if not connection.closed:
                connection.invalidate()
        self.backend.let_go()
        if self._engine is not None:
            self._engine.dispose()

    def after_fork_in_parent(self) -> None:
        """Goes on."""
        self._gate.open()

    def after_fork(self) -> None:
        """In the child: forgets what is the parent's."""
        self._opening = threading.Lock()
        self._gate = ForkGate()
        self._unattended = weakref.WeakSet()
        self.backend.after_fork()
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose(close=False)

    def in_use(self) -> AbstractContextManager[None]:
        """For the length of whatever is done with an :meth:`unattended_connection`: no fork happens meanwhile."""
        return self._gate.use()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A short transaction that changes nothing."""
        with self._gate.use(), self._translated(), self._reading() as connection:
            yield connection
            self.backend.rollback(connection)

    def _reading(self) -> Connection:
        for is_last_try in (False, True):
            connection = self._opened().connect()
            try:
                self.backend.begin(connection, write=False, patience=self._lock_patience)
            except BaseException as error:
                connection.close()
                lost = isinstance(error, DBAPIError) and error.connection_invalidated
                if is_last_try or not lost:  # the pool has let go of every connection as old as that one
                    raise
            else:
                return connection
        raise AssertionError  # the last try returned or raised

    def write(self, work: Callable[[Connection], R], *, for_host: bool = False) -> R:
        """What *work* returns, run in a short transaction that is durable when this returns, and undone if it raises.

        It is run again after a deadlock or a lost connection, unless that happened while committing. *for_host* says
        that the thread is the host's, which may have a transaction open that keeps the lock that it waits for: then
        :class:`~bellwire.core.errors.LockedOut` comes instead of a long wait.
        """
        for remaining in reversed(range(_TRIES)):
            try:
                return self._write_once(work, for_host=for_host)
            except DatabaseError as error:
                if not error.transient or error.while_committing or not remaining:
                    raise
            time.sleep(random.uniform(0.001, 0.02))  # noqa: S311  # jitter, not a secret
        raise AssertionError  # the last try returned or raised

    def _write_once(self, work: Callable[[Connection], R], *, for_host: bool) -> R:
        engine = self._opened()
        waiting = self.backend.watch_over_wait() if for_host else None
        with self._gate.use(), self._translated(), self.backend.writing(engine, waiting) as connection:
            self.backend.begin(connection, write=True, patience=self._lock_patience, waiting=waiting)
            try:
                result = work(connection)
            except BaseException:
                self.backend.rollback(connection)
                raise
            try:
                self.backend.commit(connection)
            except DBAPIError as error:
                connection.invalidate()  # its transaction may still be open, and must not go back into the pool with it
                translated = self.backend.translate(error)
                translated.while_committing = True
                raise translated from error
            return result

    def unattended_connection(self) -> Connection:
        """A connection outside any transaction, for those who watch and announce. The caller closes it."""
        with self._translated():
            connection = self._opened().connect().execution_options(isolation_level="AUTOCOMMIT")
            self._unattended.add(connection)
            return connection

    def _opened(self) -> Engine:
        if self._engine is None:
            self.open()
        assert self._engine is not None  # noqa: S101  # open() raises or sets it
        return self._engine

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self.backend.translate(error) from error
        except PoolTimeoutError as error:
            msg = f"{self.shown}: no connection was free for 30 s; too many threads use the bus at once"
            raise DatabaseUnavailable(msg) from error


def _running() -> int:
    """Microseconds that pass as they do, whatever the wall clock is set to."""
    return time.monotonic_ns() // 1000


def _parsed(url: str) -> sa.URL:
    try:
        return make_url(url)
    except ArgumentError:
        # SQLAlchemy's own message repeats the URL, and with it the password
        msg = "database: is not a database URL; use sqlite:///FILE, such as sqlite:///bellwire.db"
        raise DatabaseError(msg) from None
