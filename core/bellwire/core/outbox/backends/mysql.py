"""MySQL and MariaDB, by PyMySQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import sqlalchemy as sa
from sqlalchemy import event

from bellwire.core.errors import DatabaseError, DatabaseUnavailable

from .server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.exc import DBAPIError

OLDEST_MYSQL: Final[tuple[int, ...]] = (8, 0, 17)
OLDEST_MARIADB: Final[tuple[int, ...]] = (10, 6)
"""The first with SKIP LOCKED, and with a collation that compares byte by byte without padding blanks."""

# UNIX_TIMESTAMP reads its argument in the session's time zone, which is UTC here: no hour comes twice in autumn
_NOW: Final = sa.text("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)")


class MySQL(Server):
    """MySQL and MariaDB have no NOTIFY: other processes look for news a few times a second."""

    driver: ClassVar[str] = "mysql+pymysql"
    extra: ClassVar[str] = "mysql"
    connect_arguments: ClassVar[Mapping[str, Any]] = {
        "connect_timeout": 5,
        "charset": "utf8mb4",
        "init_command": "SET time_zone = '+00:00'",
    }
    retryable_codes: ClassVar[frozenset[str]] = frozenset({"1205", "1213", "1020"})
    watch_seconds: ClassVar[float] = 0.2

    def create_engine(self) -> Engine:
        """Without ``STRICT_TRANS_TABLES`` a text that is too long would be cut without a word."""
        engine = super().create_engine()
        event.listen(engine, "connect", _be_strict)
        return engine

    def now(self, connection: Connection) -> int:
        """The server's wall clock."""
        return int(connection.execute(_NOW).scalar_one())

    def require_version(self, connection: Connection) -> None:
        """MySQL 8, MariaDB 10.6."""
        found: tuple[Any, ...] = tuple(connection.dialect.server_version_info or ())
        text = ".".join(map(str, found[:3]))
        mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
        name, oldest = ("MariaDB", OLDEST_MARIADB) if mariadb else ("MySQL", OLDEST_MYSQL)
        if found < oldest:
            msg = f"{name} {text}"
            raise self.version_error(msg, f"{name} {'.'.join(str(part) for part in oldest)}")

    def lock_schema(self, connection: Connection) -> None:
        """A lock of the connection's: MySQL commits at each CREATE TABLE, so a transaction's would be gone."""
        connection.execute(sa.text("SELECT GET_LOCK('bellwire_schema', 60)"))

    def unlock_schema(self, connection: Connection) -> None:
        """The connection goes back to the pool, and must not take the lock with it."""
        connection.execute(sa.text("SELECT RELEASE_LOCK('bellwire_schema')"))

    def code(self, error: DBAPIError) -> str:
        """MySQL's number."""
        arguments: tuple[Any, ...] = getattr(error.orig, "args", ())
        return str(arguments[0]) if arguments else ""

    def reason(self, error: DBAPIError) -> tuple[type[DatabaseError], str] | None:
        """MySQL's numbers, with the way out."""
        arguments: tuple[Any, ...] = getattr(error.orig, "args", ())
        text = str(arguments[1]) if len(arguments) > 1 else str(error.orig)
        match self.code(error):
            case "1045" | "1044":
                return DatabaseUnavailable, f"the server refuses the user or the password ({text})"
            case "1049":
                return DatabaseUnavailable, f"there is no such database; create it ({text})"
            case "1142" | "1227":
                return DatabaseUnavailable, f"the user lacks a right; grant it ({text})"
            case "1290" | "1792" | "1836":
                return DatabaseUnavailable, "the server is read-only; is it a replica?"
            case "1021" | "1114":
                return DatabaseUnavailable, "the server's disk is full; free some room"
            case "1205" | "1213":
                return DatabaseUnavailable, "another transaction keeps a lock; end it, or try again"
            case "2002" | "2003" | "2006" | "2013" | "0":
                return DatabaseUnavailable, f"the server cannot be reached ({text})"
            case _:
                return None


def _be_strict(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')")
    finally:
        cursor.close()
