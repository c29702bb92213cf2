"""The driver itself, under SQLAlchemy's connection, for the hot statements.

SQLAlchemy's way to the driver costs 15 µs a statement, and ten statements make one visit of a dispatcher.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection


def run(connection: Connection, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
    """Executes *sql* in the transaction that *connection* has open; raises what SQLAlchemy would raise."""
    driver = cast(sqlite3.Connection, connection.connection.driver_connection)
    try:
        return driver.execute(sql, parameters)
    except sqlite3.Error as error:
        raise DBAPIError.instance(sql, None, error, sqlite3.Error) from error


def value(connection: Connection, sql: str, parameters: Sequence[object] = ()) -> Any:  # noqa: ANN401  # whatever SQL gives
    """The one value that *sql* gives."""
    return run(connection, sql, parameters).fetchone()[0]
