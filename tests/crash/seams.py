"""The moments of a process under test: before and after each write, and between a claim, a send and a settlement.

They lie around the product, and none of it knows of them: its drivers' connections are subclassed by SQLAlchemy's own
``do_connect`` event, and the methods of the outbox that a dispatcher calls are wrapped to know which write is whose. A
moment reads ``settle: after INSERT bellwire_attempts``.
"""

from __future__ import annotations

import functools
import re
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Final

import psycopg
import pymysql
import pymysql.cursors
import sqlalchemy as sa

from bellwire.core.outbox import Exchange, Outbox
from bellwire.core.outbox.backends import server_statements, sqlite_statements

Reach = Callable[[str], None]

_WRITE: Final = re.compile(r"\s*(INSERT|UPDATE|DELETE)\s+(?:INTO\s+|FROM\s+)?(\w+)")
_METHODS: Final = {
    "publish": "publish",
    "renew": "renew",
    "beat": "heartbeat",
    "let_pass": "let pass",
    "expire": "retention",
    "unpark": "unpark",
    "leave": "leave",
}
"""The outbox's transactions, and what a step calls them. ``exchange`` has parts of its own."""
_PARTS: Final = ("claim", "settle", "release")
_OF_A_HEARTBEAT: Final = {
    "INSERT bellwire_attempts": "take-over",
    "UPDATE bellwire_deliveries": "take-over",
    "DELETE bellwire_dispatchers": "take-over",
}


class Seams:
    """Calls *reach* with each moment that this process comes to; one for the whole process."""

    def __init__(self, reach: Reach) -> None:
        self._reach: Final = reach
        self._now: Final = threading.local()

    def install(self) -> None:
        """Before anything connects."""
        sa.event.listen(sa.Engine, "do_connect", self._connect)
        for method, name in _METHODS.items():
            setattr(Outbox, method, self._within(name, getattr(Outbox, method)))
        Outbox.exchange = self._visit(Outbox.exchange)  # type: ignore[method-assign]  # the moments are ours alone
        for statements in (server_statements, sqlite_statements):
            for part in _PARTS:
                setattr(statements, part, self._part(part, getattr(statements, part)))

    def _within(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            before = getattr(self._now, "name", "")
            self._now.name, self._now.wrote = name, []
            self._reach(f"{name}: before")
            try:
                result = method(*arguments, **named)
                self._reach(f"{name}: after")
            finally:
                self._now.name = before
            return result

        return wrapped

    def _visit(self, exchange: Callable[..., Exchange]) -> Callable[..., Exchange]:
        within = self._within("visit", exchange)

        @functools.wraps(exchange)
        def wrapped(outbox: Outbox, dispatcher: str, settlements: Any, demands: Any, advance: Any) -> Exchange:
            if settlements:
                self._reach("settle: before")
            if demands:
                self._reach("claim: before")
            result: Exchange = within(outbox, dispatcher, settlements, demands, advance)
            refused = len(settlements) - len(result.settled)
            if refused:
                self._reach(f"refused {refused}")
            return result

        return wrapped

    def _part(self, name: str, statement: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(statement)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            before = getattr(self._now, "name", "")
            # "let pass" releases too, and stays what it is
            self._now.name = name if before in {"visit", *_PARTS} else before
            try:
                return statement(*arguments, **named)
            finally:
                self._now.name = before

        return wrapped

    # -- under SQLAlchemy ---------------------------------------------------------------------------------------------

    def statement(self, sql: object, execute: Callable[[], Any]) -> Any:
        """One statement of a driver's cursor."""
        name: str = getattr(self._now, "name", "")
        if not name:
            return execute()
        found = _WRITE.match(sql.decode() if isinstance(sql, bytes | bytearray) else str(sql))  # PyMySQL's many rows
        if found is None:
            return execute()
        write = f"{found[1]} {found[2]}"
        if name == "heartbeat":
            name = _OF_A_HEARTBEAT.get(write, name)
        self._reach(f"{name}: before {write}")
        result = execute()
        if name not in self._now.wrote:
            self._now.wrote.append(name)
        self._reach(f"{name}: after {write}")
        return result

    def commit(self, commit: Callable[[], Any]) -> Any:
        """One commit: the same moment for each that wrote in its transaction."""
        wrote: list[str] = getattr(self._now, "wrote", [])
        for name in wrote:
            self._reach(f"{name}: before COMMIT")
        commit()
        for name in wrote:
            self._reach(f"{name}: after COMMIT")
        self._now.wrote = []

    def _connect(self, dialect: sa.Dialect, record: object, arguments: list[Any], named: dict[str, Any]) -> Any:
        seams = self
        match dialect.name:
            case "sqlite":
                named["factory"] = _sqlite_connection(seams)
                return None
            case "postgresql":
                return _PostgreSQL.connect(*arguments, **named, cursor_factory=_postgresql_cursor(seams))._with(seams)
            case _:
                return _MySQL(*arguments, **named, cursorclass=_mysql_cursor(seams))._with(seams)


def _sqlite_connection(seams: Seams) -> type[sqlite3.Connection]:
    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = ()) -> Any:
            return seams.statement(sql, lambda: super(Cursor, self).execute(sql, parameters))

        def executemany(self, sql: str, parameters: Any) -> Any:
            return seams.statement(sql, lambda: super(Cursor, self).executemany(sql, parameters))

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, sql: str, parameters: Any = ()) -> Any:
            return self.cursor().execute(sql, parameters)

        def commit(self) -> None:
            seams.commit(super().commit)

    return Connection


class _PostgreSQL(psycopg.Connection[Any]):
    _seams: Seams | None = None

    def _with(self, seams: Seams) -> _PostgreSQL:
        self._seams = seams
        return self

    def commit(self) -> None:
        if self._seams is None:
            super().commit()
        else:
            self._seams.commit(super().commit)


def _postgresql_cursor(seams: Seams) -> type[psycopg.Cursor[Any]]:
    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **named: Any) -> Any:
            return seams.statement(query, lambda: super(Cursor, self).execute(query, params, **named))

        def executemany(self, query: Any, params_seq: Any, **named: Any) -> Any:
            return seams.statement(query, lambda: super(Cursor, self).executemany(query, params_seq, **named))

    return Cursor


class _MySQL(pymysql.connections.Connection):
    _seams: Seams | None = None

    def _with(self, seams: Seams) -> _MySQL:
        self._seams = seams
        return self

    def commit(self) -> None:
        if self._seams is None:
            super().commit()
        else:
            self._seams.commit(super().commit)


def _mysql_cursor(seams: Seams) -> type[pymysql.cursors.Cursor]:
    class Cursor(pymysql.cursors.Cursor):
        def execute(self, query: Any, args: Any = None) -> Any:  # executemany comes here too
            return seams.statement(query, lambda: super(Cursor, self).execute(query, args))

    return Cursor
