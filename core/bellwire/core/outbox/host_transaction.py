"""Writing in the host's own transaction: the notification exists if and only if the host's change was committed.

The host's connection may be SQLAlchemy's (Connection, Session, or what their async forms run), Django's, or a driver's
own. Only plain SQL goes over it, and nothing that ends or begins its transaction.
"""

from __future__ import annotations

import contextlib
import json
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

from bellwire.core.errors import InvalidConnection

from .tables import deliveries, events, meta

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .database import Database
    from .rows import NewEvent

_ROWS_PER_STATEMENT: Final = 100
_MYSQL_IN_TRANSACTION: Final = 1  # SERVER_STATUS_IN_TRANS


class HostConnection(ABC):
    """The host's connection, whatever library it comes from."""

    @abstractmethod
    def execute(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Runs *sql*, whose placeholders are ``{}``, and gives its rows."""

    @property
    @abstractmethod
    def database_kind(self) -> str:
        """``sqlite``, ``postgresql`` or ``mysql``."""

    @abstractmethod
    def require_transaction(self) -> None:
        """Raises :class:`InvalidConnection` when what is written would be committed at once."""

    def after_commit(self, call: Callable[[], None]) -> None:  # noqa: B027  # a driver's own connection cannot tell
        """Has *call* called once the transaction is committed, where the library can tell; elsewhere never."""


def host_connection(connection: object) -> HostConnection:
    """*connection* as one of the kinds that Bellwire knows; raises :class:`InvalidConnection`."""
    module = type(connection).__module__.partition(".")[0]
    if module == "sqlalchemy" or _is_sqlalchemy(connection):
        return _SQLAlchemy(connection)
    if hasattr(connection, "in_atomic_block"):
        return _Django(connection)
    if callable(getattr(connection, "cursor", None)):
        return _Driver(connection)
    msg = (
        f"connection=: a {type(connection).__name__} is none that Bellwire knows; pass SQLAlchemy's Connection or "
        "Session, Django's django.db.connection, or a driver's own connection"
    )
    raise InvalidConnection(msg)


def insert(host: HostConnection, new: Sequence[NewEvent], database: Database, instance_id: str) -> None:
    """Writes *new* over *host*. Raises :class:`InvalidConnection` when it is not of the bus's database."""
    _take_write_lock(host)
    _require_same_database(host, database, instance_id)
    host.require_transaction()  # after a first statement, at which SQLAlchemy begins
    now = database.now()
    for event in new:
        if host.execute(f"SELECT 1 FROM {events.name} WHERE id = {{}}", (event.id,)):
            continue
        values = (
            event.id,
            event.kind,
            event.action,
            event.ordering_key,
            event.payload,
            json.dumps(dict(event.unwanted_by), ensure_ascii=False),
            event.trace,
            now,
        )
        columns = "id, kind, action, ordering_key, payload, unwanted, trace, created_at"
        sql = f"INSERT INTO {events.name} ({columns}) VALUES {_places(1, len(values))} {_unless_there(host, 'id')}"
        host.execute(sql, values)
        [(seq,)] = host.execute(f"SELECT seq FROM {events.name} WHERE id = {{}} {_newest(host)}", (event.id,))
        _insert_deliveries(host, event, seq, now)


def _insert_deliveries(host: HostConnection, event: NewEvent, seq: int, now: int) -> None:
    rows = [
        (delivery, seq, channel, event.ordering_key, "waiting", now, 0, 0, 0, now)
        for channel, delivery in event.wanted_by.items()
    ]
    columns = "id, event_seq, channel, ordering_key, state, due_at, attempts, budget_start, interruptions, created_at"
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        chunk = rows[start : start + _ROWS_PER_STATEMENT]
        sql = f"INSERT INTO {deliveries.name} ({columns}) VALUES {_places(len(chunk), 10)}"
        host.execute(f"{sql} {_unless_there(host, 'event_seq, channel')}", [value for row in chunk for value in row])


def _unless_there(host: HostConnection, columns: str) -> str:
    """Leaves out what another transaction published at the same moment: an error would break the host's."""
    return "ON DUPLICATE KEY UPDATE id = id" if host.database_kind == "mysql" else f"ON CONFLICT ({columns}) DO NOTHING"


def _newest(host: HostConnection) -> str:
    """MySQL's snapshot may be older than what was published at the same moment; a lock reads what is there now."""
    return "LOCK IN SHARE MODE" if host.database_kind == "mysql" else ""


def _places(rows: int, columns: int) -> str:
    return ", ".join([f"({', '.join(['{}'] * columns)})"] * rows)


def _take_write_lock(host: HostConnection) -> None:
    """Writes before it reads, on SQLite: a transaction that reads first may not write after another one's commit."""
    if host.database_kind == "sqlite":
        with contextlib.suppress(Exception):  # no such table: the next statement says so in a sentence
            host.execute(f"UPDATE {meta.name} SET value = value WHERE name = ''", ())


def _require_same_database(host: HostConnection, database: Database, instance_id: str) -> None:
    try:
        found = host.execute(f"SELECT value FROM {meta.name} WHERE name = 'instance_id'", ())
    except InvalidConnection:
        raise
    except Exception as error:
        msg = (
            f"connection=: its database has no Bellwire tables ({type(error).__name__}: {error}); the bus's is "
            f"{database.shown}. Point `database` to the host's own database, or publish without connection="
        )
        raise InvalidConnection(msg) from error
    if found != [(instance_id,)]:
        msg = (
            f"connection=: belongs to another database than the bus's, which is {database.shown}; the event would be "
            "committed where no dispatcher looks"
        )
        raise InvalidConnection(msg)


def _no_transaction(way_out: str) -> InvalidConnection:
    return InvalidConnection(
        "connection=: has no open transaction, so the event could be stored although the host's change is not; "
        f"{way_out}"
    )


def _kind_of(name: str) -> str:
    if "sqlite" in name:
        return "sqlite"
    return "postgresql" if name in {"postgresql", "psycopg", "psycopg2", "asyncpg"} else "mysql"


def _is_sqlalchemy(connection: object) -> bool:
    """Also subclasses of the host's own, such as Flask-SQLAlchemy's sessions and scoped sessions."""
    orm = sys.modules.get("sqlalchemy.orm")
    return orm is not None and isinstance(connection, orm.Session | orm.scoped_session)


class _SQLAlchemy(HostConnection):
    def __init__(self, connection: Any) -> None:
        if hasattr(connection, "run_sync"):
            msg = "connection=: is an async one; use `await bus.apublish(event, connection=…)`"
            raise InvalidConnection(msg)
        self._given: Final = connection
        self._connection: Any = (
            connection.connection()
            if hasattr(connection, "connection") and callable(connection.connection)
            else connection
        )

    def execute(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        import sqlalchemy as sa

        names = [f"p{index}" for index in range(len(parameters))]
        statement = sa.text(sql.format(*(f":{name}" for name in names)))
        result = self._connection.execute(statement, dict(zip(names, parameters, strict=True)))
        return [tuple(row) for row in result] if result.returns_rows else []

    @property
    def database_kind(self) -> str:
        return _kind_of(self._connection.dialect.name)

    def require_transaction(self) -> None:
        # SQLAlchemy begins by itself at the first statement, unless it is told to commit each one
        driver = self._connection.connection.driver_connection
        if self._connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            msg = "use a connection whose isolation level is not AUTOCOMMIT"
            raise _no_transaction(msg)
        if type(driver).__module__.partition(".")[0] in {"sqlite3", "psycopg", "pymysql"}:
            _Driver(driver).require_transaction()

    def after_commit(self, call: Callable[[], None]) -> None:
        from sqlalchemy import event

        if self._given is not self._connection:
            session = self._given() if callable(self._given) else self._given  # a scoped session gives the real one
            event.listen(session, "after_commit", lambda _: call(), once=True)
        else:
            event.listen(self._connection, "commit", lambda _: call(), once=True)


class _Django(HostConnection):
    def __init__(self, connection: Any) -> None:
        self._connection: Final = connection

    def execute(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql.format(*["%s"] * len(parameters)), list(parameters))
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    @property
    def database_kind(self) -> str:
        return _kind_of(self._connection.vendor)

    def require_transaction(self) -> None:
        if self._connection.get_autocommit() and not self._connection.in_atomic_block:
            msg = "publish inside `with transaction.atomic():`"
            raise _no_transaction(msg)

    def after_commit(self, call: Callable[[], None]) -> None:
        self._connection.on_commit(call)


class _Driver(HostConnection):
    """A DB-API connection (PEP 249) of sqlite3, psycopg or PyMySQL."""

    def __init__(self, connection: Any) -> None:
        self._connection: Final = connection
        self._place: Final = "?" if "sqlite" in type(connection).__module__ else "%s"

    def execute(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql.format(*[self._place] * len(parameters)), tuple(parameters))
            return [_plain(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            cursor.close()

    @property
    def database_kind(self) -> str:
        return _kind_of(type(self._connection).__module__.partition(".")[0])

    def require_transaction(self) -> None:
        if not self._begins_by_itself() and not self._in_transaction():
            msg = "begin one first"
            raise _no_transaction(msg)

    def _begins_by_itself(self) -> bool:
        connection = self._connection
        if "sqlite" in type(connection).__module__:
            # since Python 3.12 `autocommit` decides, unless it is left at its legacy value
            autocommit = getattr(connection, "autocommit", None)
            return autocommit is False or (not isinstance(autocommit, bool) and connection.isolation_level is not None)
        if hasattr(connection, "get_autocommit"):
            return not connection.get_autocommit()
        return not getattr(connection, "autocommit", False)

    def _in_transaction(self) -> bool:
        connection = self._connection
        if hasattr(connection, "in_transaction"):
            return bool(connection.in_transaction)
        if hasattr(connection, "server_status"):
            return bool(connection.server_status & _MYSQL_IN_TRANSACTION)
        info = getattr(connection, "info", None)
        return bool(getattr(info, "transaction_status", 0))  # psycopg: IDLE is 0


def _plain(row: Any) -> tuple[Any, ...]:
    return tuple(row.values()) if isinstance(row, dict) else tuple(row)
