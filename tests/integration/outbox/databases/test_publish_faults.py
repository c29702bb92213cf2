"""The database goes while a host publishes: it is told what became of its event, and may publish it again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.integration.outbox.faulty_sqlite import faults_in

from bellwire.core import Bus, OutboxUnavailable, PublishUnknown, Settings
from bellwire.core.testing import RecordingConfig
from bellwire.hookspecs import Workflow, WorkflowEvent

from .conftest import DRIVERS, Server, text
from .cutting import CuttingProxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.outbox.faulty_sqlite import Moment as SQLiteMoment

    from .cutting import Moment

servers = pytest.mark.parametrize("place", ["postgresql", "mysql"], indirect=True)

Publish = Callable[[Bus, str], object]


def event(event_id: str) -> WorkflowEvent:
    workflow = Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="x")
    return WorkflowEvent(action="create", workflow=workflow, id=event_id)


def one(bus: Bus, event_id: str) -> object:
    return bus.publish(event(event_id))


def among_others(bus: Bus, event_id: str) -> object:
    """The first was published before: that it is there says nothing of the others."""
    return bus.publish_many([event("before"), event(event_id), event(f"{event_id}-too")])


def from_a_coroutine(bus: Bus, event_id: str) -> object:
    return asyncio.run(bus.apublish(event(event_id)))


hands = pytest.mark.parametrize("publish", [one, among_others, from_a_coroutine])


def make_bus(database: str) -> Bus:
    settings = Settings(database=database, dispatch="off", channels={"record": RecordingConfig()})
    bus = Bus(settings, channel_types={"recording": RecordingConfig})
    bus.publish(event("before"))
    return bus


class Far:
    """A bus behind a network that breaks, and one with a cable of its own that sees what is stored."""

    def __init__(self, server: Server) -> None:
        kind = server.url.get_backend_name()
        self.proxy = CuttingProxy(server.address, kind)
        self.url = server.url.set(host="127.0.0.1", port=self.proxy.port)
        self.driver = DRIVERS[kind]
        self.bus = make_bus(text(self.url))
        self.direct = make_bus(text(server.url))

    def stored(self, event_id: str = "e") -> tuple[int, int]:
        """How often the event and its delivery are there."""
        return len(self.direct.outbox.events(event_id=event_id)), len(self.direct.outbox.deliveries_of(event_id))

    def close(self) -> None:
        self.bus.close()
        self.direct.close()
        self.proxy.close()


@pytest.fixture
def far(server: Server) -> Iterator[Far]:
    far = Far(server)
    yield far
    far.close()


@servers
@hands
@pytest.mark.parametrize("moment", ["begin", "inserting", "inserted", "commit", "late commit", "committed"])
def test_a_connection_that_breaks_once_is_replaced_and_the_event_is_stored_once(
    far: Far, publish: Publish, moment: Moment
) -> None:
    """Also where COMMIT arrives after the next transaction has begun: that one waits for it."""
    far.proxy.cut_at(moment, for_good=False)
    publish(far.bus, "e")
    assert far.proxy.cuts == 1
    assert far.stored() == (1, 1)


@servers
@hands
@pytest.mark.parametrize("moment", ["begin", "inserting", "inserted"])
def test_when_the_database_goes_before_the_commit_nothing_is_stored_and_that_is_said(
    far: Far, publish: Publish, moment: Moment
) -> None:
    far.proxy.cut_at(moment, for_good=True)
    with pytest.raises(OutboxUnavailable, match="nothing was stored, publish it again: .*cannot be reached"):
        publish(far.bus, "e")
    assert far.proxy.cuts == 1
    assert far.stored() == (0, 0)
    far.proxy.mend()
    publish(far.bus, "e")
    assert far.stored() == (1, 1)


@servers
@hands
@pytest.mark.parametrize(("moment", "is_stored"), [("commit", False), ("late commit", True), ("committed", True)])
def test_when_it_goes_while_committing_that_is_unknown_and_publishing_again_is_harmless(
    far: Far, publish: Publish, moment: Moment, is_stored: bool
) -> None:
    far.proxy.cut_at(moment, for_good=True)
    with pytest.raises(PublishUnknown, match="publishing the same event id again is harmless: .*cannot be reached"):
        publish(far.bus, "e")
    assert far.proxy.cuts == 1
    far.proxy.mend()
    if moment != "late commit":
        assert far.stored() == (int(is_stored), int(is_stored))
    publish(far.bus, "e")
    assert far.stored() == (1, 1)


@servers
@pytest.mark.parametrize("moment", ["inserting", "inserted", "commit", "late commit", "committed"])
def test_in_the_hosts_own_transaction_the_event_is_there_if_and_only_if_the_hosts_change_is(
    far: Far, server: Server, moment: Moment
) -> None:
    engine = sa.create_engine(far.url.set(drivername=far.driver), poolclass=sa.NullPool)
    server.run("DROP TABLE IF EXISTS host", "CREATE TABLE host (id INT)")
    far.bus.outbox.instance_id()

    def change() -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("INSERT INTO host VALUES (1)"))
            far.bus.publish(event("e"), connection=connection)

    far.proxy.cut_at(moment, for_good=True)
    with pytest.raises(sa.exc.DBAPIError):
        change()
    assert far.proxy.cuts == 1
    far.proxy.mend()
    # a server that still has the transaction makes this wait for its end
    [(changed,)] = server.run("SELECT count(*) FROM host") if moment != "late commit" else [(None,)]
    if changed is not None:
        assert far.stored() == (changed, changed)
    change()
    assert far.stored() == (1, 1)
    server.run("DROP TABLE host")


@servers
def test_a_database_that_is_gone_before_the_hosts_connection_was_ever_seen_is_told(far: Far, server: Server) -> None:
    far.bus.outbox.database.close()
    far.proxy.cut_at("begin", for_good=True)
    engine = sa.create_engine(server.url.set(drivername=far.driver))
    far.bus.outbox._instance_id = None
    with (
        engine.begin() as connection,
        pytest.raises(OutboxUnavailable, match="nothing was stored, publish it again: .*cannot be reached"),
    ):
        far.proxy._gone.set()
        far.bus.publish(event("e"), connection=connection)
    engine.dispose()
    assert far.stored() == (0, 0)


@hands
@pytest.mark.parametrize("moment", ["begin", "insert", "inserted", "commit"])
def test_when_a_disk_breaks_nothing_is_stored_and_that_is_said(
    tmp_path: Path, publish: Publish, moment: SQLiteMoment
) -> None:
    bus = make_bus(f"sqlite:///{tmp_path}/bellwire.db")
    faults = faults_in(bus.outbox.database)
    faults.fail(moment)
    with pytest.raises(OutboxUnavailable, match="nothing was stored, publish it again: .*bellwire.db: disk I/O error"):
        publish(bus, "e")
    faults.mend()
    assert bus.outbox.events(event_id="e") == []
    publish(bus, "e")
    assert len(bus.outbox.deliveries_of("e")) == 1
    bus.close()


@hands
def test_a_commit_that_fails_although_it_took_place_is_no_failure(tmp_path: Path, publish: Publish) -> None:
    bus = make_bus(f"sqlite:///{tmp_path}/bellwire.db")
    faults = faults_in(bus.outbox.database)
    faults.fail("committed")
    publish(bus, "e")
    assert faults.struck == ["committed", "committed"], "it was written once more, to be sure"
    assert len(bus.outbox.deliveries_of("e")) == 1
    bus.close()


@hands
@pytest.mark.parametrize(("moment", "stored"), [("commit", 0), ("committed", 1)])
def test_a_disk_that_breaks_while_committing_and_cannot_be_read_since_leaves_it_unknown(
    tmp_path: Path, publish: Publish, moment: SQLiteMoment, stored: int
) -> None:
    bus = make_bus(f"sqlite:///{tmp_path}/bellwire.db")
    faults = faults_in(bus.outbox.database)

    def break_down() -> None:
        faults.fail("begin")
        faults.fail("look")
        raise sqlite3.OperationalError("disk I/O error")

    faults.at[moment] = break_down
    with pytest.raises(PublishUnknown, match="publishing the same event id again is harmless: .*disk I/O error"):
        publish(bus, "e")
    faults.mend()
    assert len(bus.outbox.events(event_id="e")) == stored
    publish(bus, "e")
    assert len(bus.outbox.deliveries_of("e")) == 1
    bus.close()


def test_in_the_hosts_own_transaction_a_broken_disk_is_the_hosts_to_hear(tmp_path: Path) -> None:
    bus = make_bus(f"sqlite:///{tmp_path}/bellwire.db")
    bus.outbox.instance_id()
    engine: Any = sa.create_engine(f"sqlite:///{tmp_path}/bellwire.db")
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.commit()
        large = WorkflowEvent(
            action="create",
            workflow=Workflow(project_name="p", workflow_id="1", workflow_subject="s" * 100_000, workflow_status="x"),
            id="e",
        )
        with pytest.raises(sa.exc.OperationalError, match="database or disk is full"):
            bus.publish(large, connection=connection)
        connection.rollback()
    engine.dispose()
    assert bus.outbox.events(event_id="e") == []
    bus.publish(large)
    assert len(bus.outbox.deliveries_of("e")) == 1
    bus.close()
