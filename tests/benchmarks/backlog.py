"""Databases in which so many deliveries wait already, written by SQL that runs in the database.

One in ten of what waits belongs to one workflow, and stands among the others: with a million, one key of 100,000.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import attrs
from tests.benchmarks.contender import Contender, Stage, prepare, run
from tests.benchmarks.contenders import BELLWIRE_COMMAND
from tests.benchmarks.drain import drained
from tests.benchmarks.programs.workload import body
from tests.benchmarks.publish import publish_figures

KEY: Final = "one-key"

# Both read the same: SQLite's || and PostgreSQL's take a number for its text. The twelve digits make ids of 36 places.
_NUMBERS: Final = {
    "sqlite": "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count})",
    "postgresql": "WITH numbers(i) AS (SELECT generate_series(1, {count}))",
}
_KEY_OF: Final = "CASE WHEN {busy} AND i % 10 = 0 THEN '{one}' ELSE 'w-' || i END"
_EVENTS: Final = """
INSERT INTO bellwire_events (id, kind, action, ordering_key, payload, unwanted, trace, created_at)
{numbers}
SELECT '0190d2a0-0000-7000-8000-' || (100000000000 + i), 'workflow', 'create', {key}, '{payload}', '{{}}', NULL, {now}
FROM numbers ORDER BY i
"""
_DELIVERIES: Final = """
INSERT INTO bellwire_deliveries
  (id, event_seq, channel, ordering_key, state, due_at, attempts, budget_start, interruptions, created_at)
SELECT '0190d2a1' || substr(id, 9), seq, 'ops', ordering_key, 'waiting', {now}, 0, 0, 0, {now}
FROM bellwire_events ORDER BY seq
"""


@attrs.frozen
class Backlog:
    """A database with a backlog; each measurement takes from it, and it is filled for all of them."""

    contender: Contender
    stage: Stage
    folder: Path
    environment: dict[str, str]

    def measure(self, *, deliveries: int, publishes: int) -> dict[str, float]:
        """How fast a worker sends the first *deliveries* of those that wait; then how long a publish takes."""
        contender = attrs.evolve(self.contender, deliveries=deliveries)
        figures = drained(contender, self.stage, self.environment, self.folder)
        return {**figures, **publish_figures(contender, self.stage, self.folder, publishes)}


def statements(dialect: str, count: int, *, busy_key: bool, now: int) -> tuple[str, str]:
    """The two that write *count* events and their deliveries; with *busy_key* a tenth of them has one key."""
    numbers = _NUMBERS[dialect].format(count=count)
    key = _KEY_OF.format(busy="1 = 1" if busy_key else "1 = 0", one=KEY)
    payload = body(0).replace('"workflow_id":"0"', f'"workflow_id":"\' || {key} || \'"')
    return _EVENTS.format(numbers=numbers, key=key, payload=payload, now=now), _DELIVERIES.format(now=now)


def fill(contender: Contender, stage: Stage, folder: Path, count: int, *, busy_key: bool) -> Backlog:
    """A new database in *folder* in which *count* deliveries wait."""
    environment = prepare(contender, stage, folder)
    run(contender.command((BELLWIRE_COMMAND, "migrate", "--config", "bellwire.toml"), stage), environment, folder)
    written = statements(contender.broker or "sqlite", count, busy_key=busy_key, now=time.time_ns() // 1000)
    if contender.broker == "postgresql":
        _run_on_postgresql(contender.broker_url(stage), written)
    else:
        _run_on_sqlite(folder / "bellwire.db", written)
    os.sync()  # what the filling left to be written must not be written while one measures
    return Backlog(contender, stage, folder, environment)


def _run_on_sqlite(file: Path, written: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(file)) as connection:
        with connection:
            for statement in written:
                connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _run_on_postgresql(url: str, written: tuple[str, ...]) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in written:
            connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE")  # as autovacuum would, in its own time
        connection.execute("CHECKPOINT")
