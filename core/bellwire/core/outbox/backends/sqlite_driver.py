"""The driver itself, under SQLAlchemy's connection, for the hot statements.

SQLAlchemy's way to the driver costs 15 µs a statement, and ten statements make one visit of a dispatcher.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

_COMMIT: Final = "COMMIT"


class OwnConnection(sqlite3.Connection):
    """A connection that Bellwire opened, told apart from the host's."""

    def __init__(self, database: str, *arguments: Any, **more: Any) -> None:  # noqa: ANN401  # the driver's own parameters
        super().__init__(database, *arguments, **more)
        self.file: Final = os.path.realpath(database)


writing: Final[set[OwnConnection]] = set()
"""Those that have begun to write."""


def begin_immediate(connection: Connection) -> None:
    """Begins with the write lock, or raises what SQLAlchemy raises when somebody else has it."""
    run(connection, "BEGIN IMMEDIATE")
    writing.add(_driver(connection))


def run(connection: Connection, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
    """Executes *sql* in the transaction that *connection* has open; raises what SQLAlchemy would raise."""
    try:
        return _driver(connection).execute(sql, parameters)
    except sqlite3.Error as error:
        raise _sqlalchemys(sql, error) from error


def value(connection: Connection, sql: str, parameters: Sequence[object] = ()) -> Any:  # noqa: ANN401  # whatever SQL gives
    """The one value that *sql* gives."""
    return run(connection, sql, parameters).fetchone()[0]


def commit(connection: Connection) -> None:
    """Commits the driver's transaction, of which SQLAlchemy need not know."""
    driver = _driver(connection)
    try:
        driver.commit()
    except sqlite3.Error as error:
        raise _sqlalchemys(_COMMIT, error) from error
    finally:
        writing.discard(driver)


def rollback(connection: Connection) -> None:
    """Rolls the driver's transaction back; nothing happens where there is none.

    If even that fails, the reason for rolling back is what is told, and the pool throws the connection away.
    """
    driver = _driver(connection)
    with contextlib.suppress(sqlite3.Error):
        driver.rollback()
    writing.discard(driver)


def _sqlalchemys(sql: str, error: sqlite3.Error) -> BaseException:
    return DBAPIError.instance(sql, None, error, sqlite3.Error)


def _driver(connection: Connection) -> OwnConnection:
    return cast(OwnConnection, connection.connection.driver_connection)
