"""PostgreSQL, by psycopg 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import sqlalchemy as sa

from bellwire.core.errors import DatabaseError, DatabaseUnavailable

from .server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection
    from sqlalchemy.exc import DBAPIError

OLDEST: Final = (12, 0)
CHANNEL: Final = "bellwire"
"""What NOTIFY and LISTEN use."""

_NOW: Final = sa.text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)")
_SCHEMA_LOCK: Final = 0x42656C6C  # "Bell": two processes that migrate at once need one number in common


class PostgreSQL(Server):
    """Wakes other processes by NOTIFY, after the commit: in each transaction it would cost half the throughput."""

    driver: ClassVar[str] = "postgresql+psycopg"
    extra: ClassVar[str] = "postgres"
    connect_arguments: ClassVar[Mapping[str, Any]] = {"connect_timeout": 5, "application_name": "bellwire"}
    retryable_codes: ClassVar[frozenset[str]] = frozenset({"40001", "40P01", "55P03", "57P01"})
    watch_seconds: ClassVar[float] = 0.05

    def now(self, connection: Connection) -> int:
        """The server's wall clock, not its transaction's start."""
        moment: int = connection.execute(_NOW).scalar_one()
        return moment

    def require_version(self, connection: Connection) -> None:
        """PostgreSQL 12."""
        found = connection.dialect.server_version_info or OLDEST
        if tuple(found) < OLDEST:
            msg = f"PostgreSQL {'.'.join(map(str, found))}"
            raise self.version_error(msg, "PostgreSQL 12")

    def lock_schema(self, connection: Connection) -> None:
        """Until the transaction ends."""
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": _SCHEMA_LOCK})

    def code(self, error: DBAPIError) -> str:
        """SQLSTATE."""
        return getattr(error.orig, "sqlstate", None) or ""

    def reason(self, error: DBAPIError) -> tuple[type[DatabaseError], str] | None:
        """PostgreSQL's codes, with the way out."""
        text = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else ""
        match self.code(error):
            case "28P01" | "28000":
                return DatabaseUnavailable, f"the server refuses the user or the password ({text})"
            case "3D000":
                return DatabaseUnavailable, f"there is no such database; create it ({text})"
            case "42501":
                return DatabaseUnavailable, f"the user lacks a right; grant it ({text})"
            case "25006":
                return DatabaseUnavailable, "the server is read-only; is it a standby?"
            case "53100":
                return DatabaseUnavailable, "the server's disk is full; free some room"
            case "":
                return DatabaseUnavailable, f"the server cannot be reached ({text})"
            case _:
                return None

    def prepare_watch(self, connection: Connection) -> object:
        """Listens. The connection is in autocommit, or nothing would arrive."""
        connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        return None

    def look(self, connection: Connection, before: object) -> tuple[bool, object]:
        """Whether a notification has arrived; reads the socket without waiting."""
        driver: Any = connection.connection.driver_connection
        heard = [None for _ in driver.notifies(timeout=0)]
        return bool(heard), None

    def announce(self, connection: Connection) -> None:
        """NOTIFY, in a transaction of its own."""
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")
