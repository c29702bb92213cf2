"""PostgreSQL, by psycopg 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import sqlalchemy as sa

from . import reasons
from .server import KEEPALIVE, LOCK_SECONDS, Server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection
    from sqlalchemy.exc import DBAPIError

OLDEST: Final = (12, 0)
CHANNEL: Final = "bellwire"
"""What NOTIFY and LISTEN use."""

_NOW: Final = sa.text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)")
_SCHEMA_LOCK: Final = 0x42656C6C  # "Bell": two processes that migrate at once need one number in common

# libpq gives no SQLSTATE for what the server says to a connection that it refuses, only the words
_WORDS: Final = (
    ("password authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("no pg_hba.conf entry", "28000"),
    ("role", "does not exist", "28000"),
    ("database", "does not exist", "3D000"),
    ("permission denied for database", "42501"),
    ("too many", "53300"),
    ("remaining connection slots", "53300"),
    ("the database system is", "57P03"),
    ("not currently accepting connections", "57P03"),
    ("invalid connection option", "08001"),
)


class PostgreSQL(Server):
    """Wakes other processes by NOTIFY, after the commit: in each transaction it would cost half the throughput."""

    driver: ClassVar[str] = "postgresql+psycopg"
    extra: ClassVar[str] = "postgres"
    connect_arguments: ClassVar[Mapping[str, Any]] = {
        "connect_timeout": 5,
        "application_name": "bellwire",
        # a connection that listens sends nothing: without these it would never learn that the network has dropped it
        "keepalives_idle": KEEPALIVE.idle,
        "keepalives_interval": KEEPALIVE.interval,
        "keepalives_count": KEEPALIVE.count,
        "tcp_user_timeout": KEEPALIVE.seconds * 1000,
    }
    retryable_codes: ClassVar[frozenset[str]] = frozenset({"40001", "40P01", "55P03", "57P01"})
    stale_codes: ClassVar[frozenset[str]] = frozenset({"25006"})
    reasons: ClassVar[Mapping[str, str]] = {
        "": reasons.OUT_OF_REACH,
        "08001": reasons.UNKNOWN_OPTION,
        "25006": reasons.READ_ONLY,
        "28000": reasons.REFUSED,
        "28P01": reasons.REFUSED,
        "3D000": reasons.NO_DATABASE,
        "3F000": reasons.NO_RIGHT,
        "42501": reasons.NO_RIGHT,
        "42P01": reasons.NO_TABLE,
        "53100": reasons.DISK_FULL,
        "53300": reasons.NO_CONNECTION_LEFT,
        "55P03": reasons.LOCKED,
        "57P01": reasons.ENDED,
        "57P02": reasons.ENDED,
        "57P03": reasons.STARTING,
    }
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
        """Until the transaction ends. Whatever its statements wait for, publishers queue behind it: not for ever."""
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": _SCHEMA_LOCK})

    def code(self, error: DBAPIError) -> str:
        """SQLSTATE."""
        text = str(error.orig)
        return getattr(error.orig, "sqlstate", None) or next(
            (code for *words, code in _WORDS if all(word in text for word in words)), ""
        )

    def text(self, error: DBAPIError) -> str:
        """The first line: the others repeat it for each address that was tried."""
        return next(iter(str(error.orig).strip().splitlines()), "")

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
