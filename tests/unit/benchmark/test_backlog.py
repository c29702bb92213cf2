from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.benchmarks.backlog import KEY, statements
from tests.benchmarks.programs.workload import body, event_id, headers, percentiles

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.hookspecs import sample_workflow_event


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bellwire.db'}"


def written(database: str, count: int, *, busy_key: bool) -> list[tuple[str, str, str, str]]:
    """Id, key, state and payload of what waits, in its order."""
    bus = Bus(Settings(database=database, dispatch="off"))
    bus.start()
    bus.close()
    with closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as connection, connection:
        for statement in statements("sqlite", count, busy_key=busy_key, now=1_000_000):
            connection.execute(statement)
        return connection.execute(
            "SELECT d.id, d.ordering_key, d.state, e.payload FROM bellwire_deliveries d "
            "JOIN bellwire_events e ON e.seq = d.event_seq AND e.ordering_key = d.ordering_key ORDER BY d.seq"
        ).fetchall()


def test_a_tenth_of_a_backlog_belongs_to_one_workflow_and_stands_among_the_others(database: str) -> None:
    rows = written(database, 50, busy_key=True)
    assert [place for place, row in enumerate(rows, start=1) if row[1] == KEY] == [10, 20, 30, 40, 50]
    assert len({row[1] for row in rows}) == 46
    assert len({row[0] for row in rows}) == 50
    assert {len(row[0]) for row in rows} == {36}
    assert {row[2] for row in rows} == {"waiting"}


def test_without_the_busy_key_each_delivery_has_its_own(database: str) -> None:
    assert len({row[1] for row in written(database, 50, busy_key=False)}) == 50


def test_what_is_written_is_what_a_publish_writes(database: str) -> None:
    written(database, 10, busy_key=True)
    channel = WebhookConfig(enable=True, url="http://127.0.0.1:9/")
    with Bus(Settings(database=database, dispatch="off", channels={"ops": channel})) as bus:
        bus.publish(sample_workflow_event())
    for table, differ in (
        ("events", {"seq", "id", "ordering_key", "payload", "created_at"}),
        ("deliveries", {"seq", "id", "event_seq", "ordering_key", "due_at", "created_at"}),
    ):
        by_sql, published = (
            {name: value for name, value in row.items() if name not in differ} for row in rows_of(database, table)[-2:]
        )
        assert by_sql == published
    shapes = [shape(json.loads(row["payload"])) for row in rows_of(database, "events")[-2:]]
    assert shapes[0] == shapes[1]


def rows_of(database: str, table: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM bellwire_{table} ORDER BY seq")]


def shape(value: object) -> object:
    """The names of a document, in their order."""
    return [(name, shape(inner)) for name, inner in value.items()] if isinstance(value, dict) else type(value)


def test_contenders_send_the_same_documents_and_ids_of_the_same_length() -> None:
    documents = [json.loads(body(number)) for number in (0, 7)]
    assert [each["payload"]["workflow"].pop("workflow_id") for each in documents] == ["0", "7"]
    assert documents[0] == documents[1]
    assert headers(7)["webhook-id"] == event_id(7) == headers(event_id(7))["webhook-id"]
    assert len(event_id(0)) == len(event_id(999_999)) == 36


def test_percentiles_are_in_microseconds() -> None:
    found = percentiles([number / 1000 for number in range(1, 1001)])
    assert found["p50"] == pytest.approx(500_500)
    assert found["p99"] == pytest.approx(990_000, rel=0.01)
