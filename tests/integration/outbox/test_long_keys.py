"""One key in which very many wait: what settling one of them costs does not grow with the others."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from tests.conftest import Place
    from tests.integration.outbox.conftest import Desk


def rows_read(connection: Connection, kind: str) -> int:
    """Of the deliveries, by this transaction (PostgreSQL) or session (MySQL)."""
    if kind == "mysql":
        return sum(int(row[1]) for row in connection.execute(sa.text("SHOW SESSION STATUS LIKE 'Handler_read%'")))
    counted = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'bellwire_deliveries'"
    return int(connection.execute(sa.text(counted)).scalar_one())


def test_the_next_of_a_key_is_freed_without_reading_all_that_wait_in_it(desk: Desk, place: Place) -> None:
    if place.kind == "sqlite":
        pytest.skip("SQLite does not tell how many rows it has read")
    desk.outbox.publish([desk.new_event(f"event-{number}", key="wf-1") for number in range(500)])
    desk.claim()
    backend = desk.outbox.database.backend
    with ExitStack() as stack:
        engine = backend.create_engine()
        stack.callback(engine.dispose)
        connection = stack.enter_context(engine.begin())
        before = rows_read(connection, place.kind)
        backend.statements.release(connection, {("ops", "wf-1")}, desk.time.now)
        assert rows_read(connection, place.kind) - before < 50
