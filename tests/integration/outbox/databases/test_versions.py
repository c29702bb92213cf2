"""The schema: brought up to date on data, by one process at a time, and beside programs of another version."""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bellwire.core.dispatch import dispatcher as dispatcher_module
from bellwire.core.errors import DatabaseError, OutboxUnavailable, SchemaError
from bellwire.core.outbox import Database, Outbox, schema, tables
from bellwire.hookspecs import Workflow

from .conftest import DRIVERS, MakesHost, Process, Receiver, text, until

if TYPE_CHECKING:
    from tests.conftest import Place

HERE = Path(__file__).parent
RELEASED = sorted({path.name.partition(".")[0] for path in (HERE / "released").glob("v*.sql")})

Run = Callable[..., Process]


def said(process: Process) -> str:
    """Its next line."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        _, errors = process.communicate()
        pytest.fail(f"it said nothing more: {errors}")
    return line


def migrate(run: Run, url: str, *, version: int) -> str:
    """Has a program of that version migrate; the versions before and after, as it tells them."""
    process = run("newer_program.py", str(version), "migrate", url)
    assert said(process) == "ready"
    return go(process)


def go(process: Process) -> str:
    out, errors = process.communicate("\n", timeout=60)
    assert process.returncode == 0, errors
    return out.strip()


def engine_of(url: str) -> sa.Engine:
    made = sa.make_url(url)
    return sa.create_engine(made.set(drivername=DRIVERS[made.get_backend_name()]), poolclass=sa.NullPool)


def restore(url: str, dump: str) -> None:
    """What a release had left behind, into an empty database."""
    with engine_of(url).connect() as connection:
        driver: Any = connection.connection.driver_connection
        match connection.dialect.name:
            case "sqlite":
                driver.executescript(dump)
            case "postgresql":
                driver.execute(dump)
                driver.commit()
            case _:
                if not getattr(connection.dialect, "is_mariadb", False):
                    dump = dump.replace("utf8mb4_nopad_bin", "utf8mb4_0900_bin")
                for statement in ("SET FOREIGN_KEY_CHECKS = 0", *dump.rstrip(";\n").split(";\n")):
                    driver.cursor().execute(statement)
                driver.commit()


def content(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of what people and receivers see, by the columns that this version knows."""
    with engine_of(url).connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(table.c.seq))]
            for table in (tables.events, tables.deliveries, tables.attempts)
        }


def described(url: str) -> dict[str, Any]:
    """Every column, key and index of our tables."""
    with engine_of(url).connect() as connection:
        inspector = sa.inspect(connection)
        return {
            name: {
                "columns": [(one["name"], repr(one["type"]), one["nullable"]) for one in inspector.get_columns(name)],
                "key": inspector.get_pk_constraint(name)["constrained_columns"],
                "unique": sorted(tuple(one["column_names"]) for one in inspector.get_unique_constraints(name)),
                "foreign": [
                    (one["constrained_columns"], one["referred_table"], one["options"])
                    for one in inspector.get_foreign_keys(name)
                ],
                "indexes": sorted(
                    (
                        str(one["name"]),
                        one["column_names"],
                        sorted(map(str, one.get("dialect_options", {}).values())),
                        one["unique"],
                    )
                    for one in inspector.get_indexes(name)
                ),
            }
            for name in inspector.get_table_names()
            if name != schema.ALEMBIC_TABLE
        }


@pytest.fixture
def as_the_code_has_it(place: Place, request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """What SQLAlchemy makes of the tables in the code."""
    url = (
        f"sqlite:///{tmp_path}/made.db"
        if place.kind == "sqlite"
        else text(request.getfixturevalue("server").empty("made"))
    )
    with engine_of(url).connect() as connection:
        is_mariadb = getattr(connection.dialect, "is_mariadb", False)
    # the tables know MariaDB by its own name only: its collation is called differently
    with engine_of(url.replace("mysql:", "mariadb:", 1) if is_mariadb else url).begin() as connection:
        tables.metadata.create_all(connection)
    return described(url)


# -- on data ----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=RELEASED)
def left_behind(request: pytest.FixtureRequest, place: Place, empty: str) -> str:
    """The URL of a database as each released version has left it, with data in every state."""
    restore(empty, (HERE / "released" / f"{request.param}.{place.kind}.sql").read_text("utf-8"))
    return empty


@pytest.mark.parametrize("version", [schema.VERSION, 9999])
def test_a_released_database_is_upgraded_on_its_data_and_everything_is_readable_and_deliverable(
    version: int, left_behind: str, run: Run, host: MakesHost, receiver: Receiver
) -> None:
    before = content(left_behind)
    assert migrate(run, left_behind, version=version) == f"1 {version}"
    assert content(left_behind) == before

    outbox = Outbox(Database(left_behind))
    states = {
        event.id: [view.state for view in outbox.deliveries_of(event.id) if view.channel == "hook"]
        for event in outbox.events()
    }
    assert states == {
        "sent": ["delivered"],
        "failed": ["failed"],
        "replayed": ["delivered"],
        "cancelled": ["cancelled"],
        "retried": ["waiting"],
        "parked": ["parked"],
        "claimed": ["claimed"],
        "waiting": ["waiting"],
    }
    [replayed] = [view for view in outbox.deliveries_of("replayed") if view.channel == "hook"]
    assert [(one.number, one.outcome) for one in outbox.attempts(replayed.id)] == [(1, "sent"), (2, "sent")]
    assert outbox.health()["held"].paused
    outbox.close()

    embedded = host(left_behind, "embedded")
    embedded.bus.start()
    embedded.publish("new")
    until(lambda: len(receiver.times) == 5, lambda: str(embedded.bus.status()))
    until(lambda: embedded.bus.outbox.counts()["hook"].in_flight == 0)  # it counts the failed one too
    subjects = [subject for subject, _ in receiver.subjects]
    assert subjects.index("the head of a key") < subjects.index("waits for the head")
    assert {"its dispatcher died", "🔔 'quoted' \"doubly\" \\ back; 工单\n", "new"} <= set(subjects)


def test_what_the_revisions_make_is_what_the_code_has(empty: str, as_the_code_has_it: dict[str, Any]) -> None:
    Database(empty).migrate()
    assert described(empty) == as_the_code_has_it


def test_what_a_release_has_left_behind_becomes_what_the_code_has(
    left_behind: str, as_the_code_has_it: dict[str, Any]
) -> None:
    Database(left_behind).migrate()
    assert described(left_behind) == as_the_code_has_it


# -- one at a time ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [False, True], ids=["nothing there", "an older schema there"])
def test_processes_that_migrate_at_once_wait_for_each_other(there: bool, empty: str, run: Run) -> None:
    if there:
        Database(empty).migrate()
    processes = [run("newer_program.py", "9999", "migrate", empty) for _ in range(3)]
    assert [said(process) for process in processes] == ["ready"] * 3
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = [go(process) for process in processes]
    assert {line.split()[1] for line in told} == {"9999"}
    with engine_of(empty).connect() as connection:
        assert schema.installed(connection) == schema.Installed(9999, 1)


def test_a_first_migration_that_was_killed_is_finished_by_the_next(
    empty: str, as_the_code_has_it: dict[str, Any]
) -> None:
    """MySQL commits each CREATE TABLE by itself; the others leave nothing behind."""
    for last in itertools.count():
        if not breaks_off(Database(empty), last):
            break
        with engine_of(empty).connect() as connection:
            assert schema.installed(connection) is None, f"it looks complete after {last} statements"
    assert last > 5, "it was hardly ever broken off"
    assert described(empty) == as_the_code_has_it


def breaks_off(database: Database, last: int) -> bool:
    """Whether migrating is broken off before statement *last* of those that change something."""
    done = 0

    def die(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal done
        done += statement.lstrip().startswith(("CREATE", "INSERT"))
        if done > last:
            raise KeyboardInterrupt

    sa.event.listen(sa.Engine, "before_cursor_execute", die)
    try:
        database.migrate()
    except KeyboardInterrupt:
        return True
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", die)
    return False


# -- side by side -----------------------------------------------------------------------------------------------------


def test_this_version_goes_on_beside_a_newer_one_that_says_that_it_may(
    empty: str, run: Run, host: MakesHost, receiver: Receiver
) -> None:
    embedded = host(empty, "embedded")
    embedded.bus.start()
    embedded.publish(*(str(number) for number in range(100)))
    assert migrate(run, empty, version=9999) == "1 9999"  # while this one dispatches
    newer = run("newer_program.py", "9999", "work", empty, receiver.url)
    assert said(newer) == "working"
    embedded.publish(*(str(number) for number in range(100, 300)))
    until(lambda: len(receiver.times) == 300, lambda: str(embedded.bus.status()))
    until(embedded.is_settled)
    assert set(receiver.times.values()) == {1}

    late = Database(empty)  # a process of this version that starts on the newer schema
    late.open()
    late.close()
    assert {row.version for row in embedded.bus.outbox.dispatchers()}
    assert len(embedded.bus.outbox.dispatchers()) == 2
    go(newer)


def test_a_newer_schema_that_excludes_this_version_is_refused_at_start_with_a_sentence(empty: str, run: Run) -> None:
    Database(empty).migrate()
    assert migrate(run, empty, version=99999) == "1 99999"
    before = content_of_meta(empty)
    for start in (Database(empty).open, Database(empty).migrate):
        with pytest.raises(SchemaError) as caught:
            start()
        assert str(caught.value).endswith(
            "its schema is version 99999 and needs a Bellwire that knows version 99999 or later; this one knows 1. "
            "Upgrade Bellwire here"
        )
    assert content_of_meta(empty) == before


def content_of_meta(url: str) -> dict[str, str]:
    with engine_of(url).connect() as connection:
        return {row.name: row.value for row in connection.execute(sa.select(tables.meta))}


def test_a_running_dispatcher_that_a_newer_schema_excludes_ends_and_says_so(
    empty: str,
    run: Run,
    host: MakesHost,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatcher_module, "HEARTBEAT", 0.05)
    embedded = host(empty, "embedded")
    embedded.bus.start()
    migrate(run, empty, version=99999)
    until(lambda: "dispatching ends here" in caplog.text)
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "Upgrade Bellwire here" in record.message
    assert record.exc_info is None
    with pytest.raises(OutboxUnavailable, match="nothing was stored.*Upgrade Bellwire here"):
        embedded.publish("after")


def test_a_worker_that_a_newer_schema_excludes_ends_with_the_sentence(
    empty: str, run: Run, host: MakesHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "HEARTBEAT", 0.05)
    bus = host(empty).bus
    bus.start()
    dispatcher = bus.make_dispatcher()

    async def work() -> None:
        running = asyncio.create_task(dispatcher.run())
        await asyncio.to_thread(migrate, run, empty, version=99999)
        await asyncio.wait_for(running, 60)

    with pytest.raises(SchemaError, match="Upgrade Bellwire here"):
        asyncio.run(work())


def test_an_older_schema_is_migrated_at_start_on_sqlite_and_by_the_command_on_a_server(
    place: Place, empty: str, run: Run
) -> None:
    Database(empty).migrate()
    newer = run("newer_program.py", "9999", "open", empty)
    if place.kind == "sqlite":
        assert said(newer) == "open"
    else:
        line = said(newer)
        assert line.startswith("SchemaError ")
        assert line.endswith("its schema is version 1, older than 9999; run `bellwire migrate`")
        assert migrate(run, empty, version=9999) == "1 9999"
        again = run("newer_program.py", "9999", "open", empty)
        assert said(again) == "open"


# -- a host's own alembic ---------------------------------------------------------------------------------------------


def recipe() -> Any:
    """``include_object`` as the guide has it."""
    page = (HERE.parents[3] / "docs" / "guide" / "databases.md").read_text("utf-8")
    [block] = re.findall(r"```python\n(def include_object.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    return names["include_object"]


def test_a_hosts_own_alembic_leaves_our_tables_alone_with_the_guides_recipe(empty: str) -> None:
    Database(empty).migrate()
    hosts_own = sa.MetaData()
    sa.Table("orders", hosts_own, sa.Column("id", sa.Integer, primary_key=True))
    with engine_of(empty).begin() as connection:
        hosts_own.create_all(connection)
        assert not sa.inspect(connection).has_table("alembic_version"), "that one is the host's"
        without = compare_metadata(MigrationContext.configure(connection), hosts_own)
        assert {("remove_table", "bellwire_events"), ("remove_table", "bellwire_meta")} <= {
            (change[0], change[1].name) for change in without
        }
        opts = {"include_object": recipe()}
        assert compare_metadata(MigrationContext.configure(connection, opts=opts), hosts_own) == []


@pytest.mark.parametrize("place", ["postgresql", "mysql"], indirect=True)
def test_a_migration_that_another_one_keeps_waiting_too_long_ends_with_a_sentence(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("mysql", "postgresql"):
        monkeypatch.setattr(f"bellwire.core.outbox.backends.{module}.LOCK_SECONDS", 1)
    busy, late = Database(empty), Database(empty)
    engine = busy.backend.create_engine()
    with engine.connect() as connection:
        busy.backend.begin(connection, write=True, patience=1)
        busy.backend.lock_schema(connection)
        with pytest.raises(DatabaseError, match="another (process|transaction).*(end it|try again)"):
            late.migrate()
        connection.rollback()
        busy.backend.unlock_schema(connection)
    engine.dispose()
    late.migrate()


# -- a host's test database -------------------------------------------------------------------------------------------


def test_tables_made_over_a_hosts_own_connection_can_be_published_into(
    place: Place, empty: str, host: MakesHost
) -> None:
    bus = host(place.fresh()).bus
    workflow = Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="finished")
    engine = engine_of(empty)
    with engine.begin() as connection:
        bus.create_tables(connection)
        bus.create_tables(connection)
    with engine.begin() as connection:
        bus.notify_workflow("create", workflow, event_id="e1", connection=connection)
    with engine.connect() as connection:
        assert connection.execute(sa.select(tables.events.c.id)).scalars().all() == ["e1"]
