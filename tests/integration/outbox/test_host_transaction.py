"""What is published in the host's own transaction exists if and only if the host commits; on every database."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from bellwire.core import Bus, InvalidConnection, Settings
from bellwire.hookspecs import (
    ChannelConfig,
    ChannelContext,
    Delivery,
    Outcome,
    Sent,
    Workflow,
    WorkflowEvent,
    channel_config,
    hookimpl,
)

ARRIVED: list[str] = []
ASYNC_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+aiomysql"}
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


class Keeper:
    @hookimpl
    async def notify_workflow(self, event: WorkflowEvent, delivery: Delivery) -> Outcome:
        ARRIVED.append(event.id)
        return Sent()


@channel_config
class KeeperConfig(ChannelConfig):
    async def open(self, context: ChannelContext) -> Keeper:
        return Keeper()


class Host:
    """A platform: its own engine on the bus's database."""

    def __init__(self, bus: Bus, kind: str) -> None:
        self.bus = bus
        self.kind = kind
        self.url = sa.make_url(bus.settings.database)
        self.engine = sa.create_engine(self.url.set(drivername=DRIVERS[kind]))

    def approve(self, connection: object, event_id: str | None = None) -> str:
        workflow = Workflow(
            project_name="Zahlungen",
            workflow_id="WF-1",
            workflow_subject='it\'s 工单 "x" 😀 {p0} :p1 %s',
            workflow_status="ok",
        )
        return self.bus.notify_workflow("approve", workflow, connection=connection, event_id=event_id).id

    def stored(self, event_id: str) -> bool:
        return bool(self.bus.outbox.events(event_id=event_id))


def arrives(event_id: str) -> bool:
    deadline = time.monotonic() + 10
    while event_id not in ARRIVED and time.monotonic() < deadline:
        time.sleep(0.005)
    return event_id in ARRIVED


@pytest.fixture
def host(place: Any) -> Iterator[Host]:
    ARRIVED.clear()
    channels = {"keeper": KeeperConfig(enable=True)}
    bus = Bus(Settings(database=place.fresh(), channels=channels), channel_types={"keeper": KeeperConfig})
    with bus:
        host = Host(bus, place.kind)
        yield host
        host.engine.dispose()


def test_a_connection_that_commits_delivers_and_one_that_rolls_back_leaves_no_trace(host: Host) -> None:
    with host.engine.connect() as connection:
        kept = host.approve(connection)
        assert not host.stored(kept)
        connection.commit()
        assert arrives(kept)
        lost = host.approve(connection)
        connection.rollback()
    assert not host.stored(lost)


def test_a_session_that_commits_delivers_and_one_that_rolls_back_leaves_no_trace(host: Host) -> None:
    with Session(host.engine) as session:
        kept = host.approve(session)
        session.commit()
        assert arrives(kept)
        lost = host.approve(session)
        session.rollback()
    assert not host.stored(lost)


def test_a_scoped_session_is_a_session(host: Host) -> None:
    session = scoped_session(sessionmaker(host.engine))
    kept = host.approve(session)
    session.commit()
    assert arrives(kept)
    session.remove()


def test_an_async_session_that_commits_delivers_and_one_that_rolls_back_leaves_no_trace(host: Host) -> None:
    async def both() -> tuple[str, str]:
        engine = create_async_engine(host.url.set(drivername=ASYNC_DRIVERS[host.kind]))
        workflow = Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="x")
        async with AsyncSession(engine) as session:
            kept = await host.bus.anotify_workflow("approve", workflow, connection=session)
            await session.commit()
            lost = await host.bus.anotify_workflow("approve", workflow, connection=session)
            await session.rollback()
        await engine.dispose()
        return kept.id, lost.id

    kept, lost = asyncio.run(both())
    assert arrives(kept)
    assert not host.stored(lost)


def test_a_drivers_own_connection_that_commits_delivers_and_one_that_rolls_back_leaves_no_trace(host: Host) -> None:
    pooled = host.engine.raw_connection()
    driver: Any = pooled.driver_connection
    kept = host.approve(driver)
    driver.commit()
    host.bus.wake()
    assert arrives(kept)
    lost = host.approve(driver)
    driver.rollback()
    assert not host.stored(lost)
    pooled.close()


def test_the_same_event_id_twice_in_one_transaction_is_stored_once(host: Host) -> None:
    with host.engine.begin() as connection:
        first = host.approve(connection, event_id="approval-42")
        again = host.approve(connection, event_id="approval-42")
    assert first == again == "approval-42"
    assert len(host.bus.outbox.deliveries_of("approval-42")) == 1


def test_the_stored_event_is_the_one_that_was_published(host: Host) -> None:
    with host.engine.begin() as connection:
        event_id = host.approve(connection)
    [event] = host.bus.outbox.events(event_id=event_id)
    assert 'it\'s 工单 \\"x\\" 😀 {p0} :p1 %s' in event.payload


def test_a_connection_in_autocommit_is_refused_with_the_way_out(host: Host) -> None:
    with (
        host.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        pytest.raises(InvalidConnection, match="no open transaction.*AUTOCOMMIT"),
    ):
        host.approve(connection)


def test_a_connection_of_a_database_without_an_outbox_is_refused(host: Host) -> None:
    elsewhere = sqlite3.connect(":memory:")
    with pytest.raises(InvalidConnection, match="has no Bellwire tables"):
        host.approve(elsewhere)
    elsewhere.close()


def test_a_connection_of_another_outbox_is_refused(host: Host, tmp_path: Any) -> None:
    other = Bus(Settings(database=f"sqlite:///{tmp_path}/other.db", dispatch="off"))
    other.start()
    elsewhere = sqlite3.connect(tmp_path / "other.db")
    with pytest.raises(InvalidConnection, match="another database"):
        host.approve(elsewhere)
    elsewhere.close()
    other.close()


def test_what_is_no_connection_is_refused_with_those_that_are(host: Host) -> None:
    with pytest.raises(InvalidConnection, match="a str is none that Bellwire knows.*django.db.connection"):
        host.approve("sqlite:///x.db")


def test_an_async_connection_in_a_synchronous_call_is_told_about_apublish(host: Host) -> None:
    engine = create_async_engine(host.url.set(drivername=ASYNC_DRIVERS[host.kind]))
    with pytest.raises(InvalidConnection, match="apublish"):
        host.approve(AsyncSession(engine))


def test_publishing_to_many_channels_writes_one_event_and_all_deliveries(place: Any) -> None:
    channels = {f"channel-{number}": KeeperConfig(enable=True) for number in range(250)}
    settings = Settings(database=place.fresh(), channels=channels, dispatch="off")
    bus = Bus(settings, channel_types={"keeper": KeeperConfig})
    bus.start()
    host = Host(bus, place.kind)
    with host.engine.begin() as connection:
        event_id = host.approve(connection)
    assert len(bus.outbox.deliveries_of(event_id)) == 250
    host.engine.dispose()
    bus.close()


servers = pytest.mark.parametrize("place", ["postgresql", "mysql"], indirect=True)


@servers
def test_on_a_server_a_publish_beside_the_hosts_open_transaction_waits_for_nothing(host: Host) -> None:
    """On SQLite it would wait for its own thread for ever, and says so."""
    with host.engine.connect() as connection:
        inside = host.approve(connection)
        beside = host.approve(None)
        assert arrives(beside)
        assert not host.stored(inside)
        connection.rollback()
    assert not host.stored(inside)


@servers
def test_two_hosts_that_publish_one_id_at_the_same_moment_both_commit_and_it_is_stored_once(host: Host) -> None:
    """The second waits for the first; to be told of a clash would cost it its whole transaction."""
    with host.engine.connect() as first, host.engine.connect() as second:
        assert second.execute(sa.text("SELECT count(*) FROM bellwire_events")).scalar() is not None  # MySQL's snapshot
        host.approve(first, event_id="approval-42")
        thread = threading.Thread(target=host.approve, args=(second,), kwargs={"event_id": "approval-42"})
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        first.commit()
        thread.join(60)
        assert not thread.is_alive()
        second.execute(sa.text("UPDATE bellwire_meta SET value = value"))  # the transaction is still a whole one
        second.commit()
    assert arrives("approval-42")
    assert len(host.bus.outbox.deliveries_of("approval-42")) == 1
