"""What PostgreSQL and MySQL have in common: many writers, row locks, and a clock of their own."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import attrs
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError, NoSuchModuleError

from bellwire.core.errors import DatabaseError, DatabaseUnavailable

from . import server_statements
from .base import Backend, Statements
from .reasons import UNKNOWN_OPTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.engine import Connection, Engine, ExceptionContext


LOCK_SECONDS: Final = 60
"""How long a migration waits for another one, and for whoever keeps its tables."""


@attrs.frozen
class _KeepAlive:
    idle: int = 10
    interval: int = 5
    count: int = 3

    @property
    def seconds(self) -> int:
        """Until a connection counts as lost whose other end gives no sign of life."""
        return self.idle + self.interval * self.count


KEEPALIVE: Final = _KeepAlive()
"""TCP's own question whether the other end is there; a server that is merely slow answers it."""


class Server(Backend):
    """A database server, shared by any number of processes and machines."""

    statements: ClassVar[Statements] = cast("Statements", server_statements)
    driver: ClassVar[str]
    """SQLAlchemy's name for the driver."""
    extra: ClassVar[str]
    """Bellwire's extra that installs it."""
    connect_arguments: ClassVar[Mapping[str, Any]]
    reasons: ClassVar[Mapping[str, str]]
    """For each of the server's error codes a sentence of :mod:`~bellwire.core.outbox.backends.reasons`."""
    retryable_codes: ClassVar[frozenset[str]]
    """The server's error codes for deadlocks and the like."""
    stale_codes: ClassVar[frozenset[str]]
    """Those after which only another connection can help, such as one to the server that is the primary now."""

    @property
    def shown(self) -> str:
        """The URL without its password, also where that stands among the options."""
        hidden = {name: "hidden" if "pass" in name.lower() else value for name, value in self.url.query.items()}
        return self.url.set(query=hidden).render_as_string(hide_password=True)

    def create_engine(self) -> Engine:
        """An engine in READ COMMITTED: a claim must see what others committed a moment ago."""
        if not self.url.database:
            msg = f"database: {self.shown} names no database; add it behind a slash: {self.url.drivername}://USER@HOST/NAME"
            raise DatabaseError(msg)
        url = self.url.set(drivername=self.driver)
        ours = {name: value for name, value in self.connect_arguments.items() if name not in url.query}
        try:
            engine = sa.create_engine(
                url,
                isolation_level="READ COMMITTED",
                connect_args=ours,
                pool_size=8,
                max_overflow=24,
                pool_recycle=1800,
            )
        except (NoSuchModuleError, ImportError) as error:
            msg = f"database: the driver for {self.shown} is not installed; run `pip install 'bellwire[{self.extra}]'`"
            raise DatabaseError(msg) from error
        event.listen(engine, "handle_error", self._let_go)
        return engine

    def _let_go(self, context: ExceptionContext) -> None:
        error = context.sqlalchemy_exception
        if isinstance(error, DBAPIError) and self.code(error) in self.stale_codes:
            context.is_disconnect = True

    def begin(
        self, connection: Connection, *, write: bool, patience: float, waiting: Callable[[], None] | None = None
    ) -> None:
        """Row locks are waited for by the server itself."""
        connection.begin()
        if not write:  # a writer is run again where the pool's connection has died; a reader finds out here
            connection.exec_driver_sql("SELECT 1")

    def is_transient(self, error: DBAPIError) -> bool:
        """Deadlocks, and two processes that inserted the same row at once."""
        return isinstance(error, IntegrityError) or self.code(error) in self.retryable_codes

    @abstractmethod
    def code(self, error: DBAPIError) -> str:
        """The server's code of *error*; empty where it gave none."""

    @abstractmethod
    def text(self, error: DBAPIError) -> str:
        """What the server or the driver says of *error*."""

    def reason(self, error: DBAPIError) -> tuple[type[DatabaseError], str]:
        """The server's codes, with the way out."""
        code, text = self.code(error), self.text(error)
        sentence = self.reasons.get(code, "{text} (error {code})")
        kind = DatabaseError if sentence == UNKNOWN_OPTION else DatabaseUnavailable
        return kind, sentence.format(text=text, code=code)

    def version_error(self, found: str, oldest: str) -> DatabaseError:
        """The server is too old."""
        return DatabaseError(
            f"{self.shown}: {found} is too old; Bellwire needs {oldest} or later: upgrade the server, or name another"
        )

    def look(self, connection: Connection, before: object) -> tuple[bool, object]:
        """The newest delivery's number: one look at the end of an index."""
        newest = connection.execute(server_statements.NEWEST).scalar()
        return newest != before, newest
