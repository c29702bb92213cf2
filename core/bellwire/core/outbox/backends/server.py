"""What PostgreSQL and MySQL have in common: many writers, row locks, and a clock of their own."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, NoSuchModuleError

from bellwire.core.errors import DatabaseError

from . import server_statements
from .base import Backend, Statements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection, Engine


class Server(Backend):
    """A database server, shared by any number of processes and machines."""

    statements: ClassVar[Statements] = cast("Statements", server_statements)
    driver: ClassVar[str]
    """SQLAlchemy's name for the driver."""
    extra: ClassVar[str]
    """Bellwire's extra that installs it."""
    connect_arguments: ClassVar[Mapping[str, Any]]
    retryable_codes: ClassVar[frozenset[str]]
    """The server's error codes for deadlocks and the like."""

    def create_engine(self) -> Engine:
        """An engine in READ COMMITTED: a claim must see what others committed a moment ago."""
        url = self.url.set(drivername=self.driver)
        try:
            return sa.create_engine(
                url,
                isolation_level="READ COMMITTED",
                connect_args=dict(self.connect_arguments),
                pool_size=8,
                max_overflow=24,
                pool_recycle=1800,
            )
        except (NoSuchModuleError, ImportError) as error:
            msg = f"database: the driver for {self.shown} is not installed; run `pip install 'bellwire[{self.extra}]'`"
            raise DatabaseError(msg) from error

    def begin(self, connection: Connection, *, write: bool, patience: float) -> None:
        """Row locks are waited for by the server itself."""
        connection.begin()

    def is_transient(self, error: DBAPIError) -> bool:
        """Deadlocks, and two processes that inserted the same row at once."""
        return isinstance(error, IntegrityError) or self.code(error) in self.retryable_codes

    @abstractmethod
    def code(self, error: DBAPIError) -> str:
        """The server's code of *error*; empty where it gave none."""

    def version_error(self, found: str, oldest: str) -> DatabaseError:
        """The server is too old."""
        return DatabaseError(f"{self.shown}: {found} is too old; Bellwire needs {oldest} or later")

    def look(self, connection: Connection, before: object) -> tuple[bool, object]:
        """The newest delivery's number: one look at the end of an index."""
        newest = connection.execute(server_statements.NEWEST).scalar()
        return newest != before, newest
