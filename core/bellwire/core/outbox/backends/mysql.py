"""MySQL and MariaDB, by PyMySQL."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, ClassVar, Final

import sqlalchemy as sa
from sqlalchemy import event

from bellwire.core.errors import DatabaseError, DatabaseUnavailable

from . import reasons
from .server import KEEPALIVE, LOCK_SECONDS, Server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection, Dialect, Engine
    from sqlalchemy.exc import DBAPIError

OLDEST_MYSQL: Final[tuple[int, ...]] = (8, 0, 17)
OLDEST_MARIADB: Final[tuple[int, ...]] = (10, 6)
"""The first with SKIP LOCKED, and with a collation that compares byte by byte without padding blanks."""

_SCHEMA_LOCK: Final = "SHA1(CONCAT('bellwire ', DATABASE()))"  # a lock's name is the whole server's

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
    stale_codes: ClassVar[frozenset[str]] = frozenset({"1290", "1836", "1927"})
    reasons: ClassVar[Mapping[str, str]] = {
        "0": reasons.OUT_OF_REACH,
        "1021": reasons.DISK_FULL,
        "1040": reasons.NO_CONNECTION_LEFT,
        "1044": reasons.REFUSED,
        "1045": reasons.REFUSED,
        "1046": reasons.NO_DATABASE,
        "1049": reasons.NO_DATABASE,
        "1053": reasons.ENDED,
        "1114": reasons.DISK_FULL,
        "1142": reasons.NO_RIGHT,
        "1146": reasons.NO_TABLE,
        "1203": reasons.NO_CONNECTION_LEFT,
        "1205": reasons.LOCKED,
        "1213": reasons.LOCKED,
        "1226": reasons.NO_CONNECTION_LEFT,
        "1227": reasons.NO_RIGHT,
        "1290": reasons.READ_ONLY,
        "1698": reasons.REFUSED,
        "1792": reasons.READ_ONLY,
        "1836": reasons.READ_ONLY,
        "1927": reasons.ENDED,
        "2002": reasons.OUT_OF_REACH,
        "2003": reasons.OUT_OF_REACH,
        "2006": reasons.OUT_OF_REACH,
        "2013": reasons.OUT_OF_REACH,
    }
    watch_seconds: ClassVar[float] = 0.2

    def create_engine(self) -> Engine:
        """Without ``STRICT_TRANS_TABLES`` a text that is too long would be cut without a word."""
        engine = super().create_engine()
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "connect", _keep_alive)
        event.listen(engine, "connect", _be_strict)
        return engine

    def _connect(self, dialect: Dialect, _: object, arguments: Any, options: dict[str, Any]) -> Any:  # noqa: ANN401  # SQLAlchemy's own types
        try:
            return dialect.connect(*arguments, **options)
        except TypeError as error:  # options are Python arguments to PyMySQL
            msg = f"{self.shown}: {reasons.UNKNOWN_OPTION.format(text=error)}"
            raise DatabaseError(msg) from error

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
        if connection.execute(sa.text(f"SELECT GET_LOCK({_SCHEMA_LOCK}, {LOCK_SECONDS})")).scalar_one() != 1:
            msg = (
                f"{self.shown}: another process has been migrating for {LOCK_SECONDS} s; wait for it to end, "
                "or end it, and try again"
            )
            raise DatabaseUnavailable(msg)

    def unlock_schema(self, connection: Connection) -> None:
        """The connection goes back to the pool, and must not take the lock with it."""
        connection.execute(sa.text(f"SELECT RELEASE_LOCK({_SCHEMA_LOCK})"))

    def code(self, error: DBAPIError) -> str:
        """MySQL's number."""
        arguments: tuple[Any, ...] = getattr(error.orig, "args", ())
        return str(arguments[0]) if arguments else ""

    def text(self, error: DBAPIError) -> str:
        """Without the number."""
        arguments: tuple[Any, ...] = getattr(error.orig, "args", ())
        return str(arguments[1]) if len(arguments) > 1 else str(error.orig)


def _keep_alive(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
    """PyMySQL waits without end for an answer from a network that has dropped the connection."""
    driver: Any = connection
    plug = getattr(driver, "_sock", None)
    if plug is None or plug.family == socket.AF_UNIX:
        return
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE.idle),
        ("TCP_KEEPINTVL", KEEPALIVE.interval),
        ("TCP_KEEPCNT", KEEPALIVE.count),
        ("TCP_USER_TIMEOUT", KEEPALIVE.seconds * 1000),
    ):
        if hasattr(socket, name):  # not every system has each
            plug.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _be_strict(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')")
    finally:
        cursor.close()
