"""A thousand channels: an event for all of them is one row and one statement, and starting is no different."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bellwire.core import Bus, Settings
from bellwire.core.testing import RecordingConfig
from bellwire.hookspecs import Workflow

if TYPE_CHECKING:
    from tests.conftest import Place

NUMBER = 1000
WORKFLOW = Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="x")


def make_bus(place: Place) -> tuple[Bus, dict[str, RecordingConfig]]:
    channels = {f"channel-{number}": RecordingConfig() for number in range(NUMBER)}
    settings = Settings(database=place.fresh(), dispatch="off", channels=channels)
    bus = Bus(settings, channel_types={"recording": RecordingConfig})
    bus.start()
    return bus, channels


def inserts_of(bus: Bus, kind: str) -> Callable[[], Counter[str]]:
    """How many rows' worth of INSERTs the database has been sent since, by table."""
    engine = bus.outbox.database._engine
    assert engine is not None
    if kind == "mysql":  # PyMySQL joins what it is given: the server counts what arrived
        before = _com_insert(bus)
        return lambda: Counter({"all": _com_insert(bus) - before})
    sent: list[str] = []

    def trace(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_trace_callback(sent.append)

    def take_down(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        sent.extend([statement] * (len(parameters) if many else 1))

    if kind == "sqlite":
        sa.event.listen(engine, "connect", trace)
        bus.outbox.before_fork()  # closes every connection: the next ones tell
        bus.outbox.after_fork_in_parent()
    else:
        sa.event.listen(engine, "before_cursor_execute", take_down)
    return lambda: Counter(words[2] for words in map(str.split, sent) if words[0] == "INSERT")


def _com_insert(bus: Bus) -> int:
    with bus.outbox.database.read() as connection:
        return int(connection.execute(sa.text("SHOW SESSION STATUS LIKE 'Com_insert'")).one()[1])


def test_an_event_for_a_thousand_channels_is_one_row_and_one_statement(place: Place) -> None:
    bus, _ = make_bus(place)
    sent = inserts_of(bus, place.kind)
    event = bus.notify_workflow("create", WORKFLOW)
    expected = {"all": 2} if place.kind == "mysql" else {"bellwire_events": 1, "bellwire_deliveries": 1}
    assert sent() == expected
    deliveries = bus.outbox.deliveries_of(event.id)
    assert {view.channel for view in deliveries} == set(bus.settings.channels)
    assert len({view.id for view in deliveries}) == NUMBER
    assert [view.channel for view in sorted(deliveries, key=lambda view: view.seq)] == list(bus.settings.channels)
    bus.close()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_each_of_a_thousand_channels_is_opened_and_hears_of_it_once(place: Place) -> None:
    bus, channels = make_bus(place)
    event = bus.notify_workflow("create", WORKFLOW)
    asyncio.run(bus.make_dispatcher(once=True).run())
    assert bus.outbox.counts() == {}
    heard = {name: [call.event.id for call in config.recording.calls] for name, config in channels.items()}
    assert heard == {name: [event.id] for name in channels}
    assert len(bus.status().channels) == NUMBER
    assert len(bus.explain(event.id).events[0].channels) == NUMBER
    bus.close()
