"""SQLite's own driver, with a fault at a named moment: what a broken disk does to a transaction."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable

    from bellwire.core.outbox import Database

Moment = Literal["look", "begin", "insert", "inserted", "commit", "committed"]
"""When the fault strikes: ``look`` as a reader begins, ``commit`` before anything is committed, ``committed`` after."""


class Faults:
    """What happens at which moment; empty while the disk is well."""

    def __init__(self) -> None:
        self.at: dict[Moment, Callable[[], object]] = {}
        self.struck: list[Moment] = []

    def fail(self, moment: Moment) -> None:
        """From now on that moment meets a disk that can neither read nor write."""

        def broken() -> None:
            raise sqlite3.OperationalError("disk I/O error")

        self.at[moment] = broken

    def mend(self) -> None:
        """All is well again."""
        self.at.clear()

    def strike(self, moment: Moment) -> None:
        """The driver has come to *moment*."""
        if moment in self.at:
            self.struck.append(moment)
            self.at[moment]()


def faults_in(database: Database) -> Faults:
    """Gives *database* connections that obey the returned faults from now on."""
    faults = Faults()

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql.startswith("BEGIN IMMEDIATE"):
                faults.strike("begin")
            if "FROM sqlite_master" in sql:
                faults.strike("look")
            inserts = "INSERT INTO bellwire_events" in sql
            if inserts:
                faults.strike("insert")
            cursor = super().execute(sql, *parameters)
            if inserts:
                faults.strike("inserted")
            return cursor

        def commit(self) -> None:
            faults.strike("commit")
            super().commit()
            faults.strike("committed")

    database.open()
    engine = database._engine
    assert engine is not None

    def connect(_: object, __: object, arguments: list[Any], parameters: dict[str, Any]) -> sqlite3.Connection:
        made: sqlite3.Connection = sqlite3.connect(*arguments, **{**parameters, "factory": Connection})
        return made

    sa.event.listen(engine, "do_connect", connect)
    database.before_fork()  # closes every connection: the next ones are faulty
    database.after_fork_in_parent()
    return faults
