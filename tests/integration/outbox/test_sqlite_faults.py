"""SQLite's own troubles: each is a sentence that names the file and the way out, and nothing is half done."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.integration.outbox.faulty_sqlite import Moment, faults_in
from tests.integration.outbox.samples import event

from bellwire.core.errors import DatabaseError, DatabaseUnavailable, SchemaError
from bellwire.core.outbox import Database, Outbox, Watch


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bellwire.db"


@pytest.fixture
def outbox(file: Path) -> Iterator[Outbox]:
    outbox = Outbox(Database(f"sqlite:///{file}", lock_patience=0.2))
    outbox.database.open()
    yield outbox
    outbox.close()


def other_connection(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=10)


def test_what_is_committed_survives_a_power_cut(outbox: Outbox) -> None:
    with outbox.database.read() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]  # 2 is FULL: WAL's usual NORMAL may lose the last transactions


def test_the_file_keeps_what_was_written_by_a_process_that_was_killed(file: Path) -> None:
    script = f"""
import os
from bellwire.core.outbox import Database, NewEvent, Outbox
outbox = Outbox(Database("sqlite:///{file}"))
event = NewEvent(id="e1", kind="w", action="c", ordering_key="k", payload="{{}}", wanted_by={{}}, unwanted_by={{}})
outbox.publish([event])
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    outbox = Outbox(Database(f"sqlite:///{file}"))
    assert [event.id for event in outbox.events()] == ["e1"]
    outbox.close()


def test_a_write_lock_that_is_kept_too_long_is_an_error_and_nothing_is_stored(outbox: Outbox, file: Path) -> None:
    blocker = other_connection(file)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable) as caught:
        outbox.publish([event("e1")])
    assert str(file) in str(caught.value)
    assert "lock" in str(caught.value)
    assert outbox.events() == [], "reading goes on beside a writer"
    blocker.execute("COMMIT")
    blocker.close()
    outbox.publish([event("e1")])
    assert len(outbox.events()) == 1


def test_a_write_lock_that_is_let_go_in_time_only_delays(file: Path) -> None:
    outbox = Outbox(Database(f"sqlite:///{file}", lock_patience=60))
    outbox.database.open()
    blocker = other_connection(file)
    blocker.execute("BEGIN IMMEDIATE")
    thread = threading.Thread(target=outbox.publish, args=([event("e1")],))
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    blocker.execute("COMMIT")
    blocker.close()
    thread.join(60)
    assert [event.id for event in outbox.events()] == ["e1"]
    outbox.close()


def test_a_folder_that_does_not_exist_is_named_with_the_way_out(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/missing/bellwire.db")
    with pytest.raises(DatabaseUnavailable, match=rf"{tmp_path}/missing does not exist; create it"):
        database.open()


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(file: Path) -> None:
    content = b"# my notes\n" * 500
    file.write_bytes(content)
    with pytest.raises(DatabaseError, match=rf"{file}.* not an SQLite database") as caught:
        Database(f"sqlite:///{file}").open()
    assert not isinstance(caught.value, DatabaseUnavailable), "trying again later cannot help"
    assert file.read_bytes() == content


def test_a_folder_in_the_files_place_is_told(file: Path) -> None:
    file.mkdir()
    with pytest.raises(DatabaseUnavailable, match=f"{file}: cannot be opened"):
        Database(f"sqlite:///{file}").open()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError, match="in memory would be lost"):
        Database(url).open()


@pytest.mark.parametrize("url", ["", "bellwire.db", "sqlite", "://x", "http:/x:s3cret@host"])
def test_a_url_that_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(DatabaseError, match="is not a database URL") as caught:
        Database(url)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None, "SQLAlchemy's own message repeats the URL"


def test_a_database_that_nobody_supports_is_named_with_those_that_are(file: Path) -> None:
    with pytest.raises(DatabaseError, match="oracle.*sqlite.*postgresql.*mysql"):
        Database("oracle://scott:tiger@host/x")


_AS_NOBODY = """
import os, sys
from bellwire.core.errors import DatabaseUnavailable
from bellwire.core.outbox import Database, NewEvent, Outbox
event = NewEvent(id="e", kind="w", action="c", ordering_key="k", payload="{}", wanted_by={}, unwanted_by={})
warm = Outbox(Database("sqlite:///" + sys.argv[2]))
warm.publish([event])  # imports what only root may read, before root is left
warm.close()
outbox = Outbox(Database("sqlite:///" + sys.argv[1], lock_patience=0.2))
os.setgid(65534)
os.setuid(65534)
try:
    outbox.publish([event])
except DatabaseUnavailable as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try what another user sees; without it there are no means")
@pytest.mark.parametrize(
    ("modes", "said"),
    [
        ((0o755, 0o777, 0o644), "make the file and its folder writable"),
        ((0o755, 0o755, 0o666), "make the file and its folder writable"),
        ((0o755, 0o777, 0o600), "cannot be opened"),
        ((0o700, 0o777, 0o666), "cannot be entered"),
    ],
    ids=["file", "folder", "unreadable", "above"],
)
def test_a_file_or_folder_that_this_user_may_not_write_is_told(modes: tuple[int, int, int], said: str) -> None:
    # not pytest's own folder, which it keeps to its owner
    with tempfile.TemporaryDirectory() as open_to_all, tempfile.TemporaryDirectory() as above:
        Path(open_to_all).chmod(0o777)
        folder = Path(above) / "folder"
        folder.mkdir()
        file = folder / "bellwire.db"
        outbox = Outbox(Database(f"sqlite:///{file}"))
        outbox.publish([event("e1")])
        outbox.close()
        for path, mode in zip((file, folder, Path(above)), reversed(modes), strict=True):
            path.chmod(mode)
        command = [sys.executable, "-c", _AS_NOBODY, str(file), f"{open_to_all}/warm.db"]
        run = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert not run.stderr, run.stderr
    assert str(folder) in run.stdout
    assert said in run.stdout


def test_a_disk_that_is_full_is_told_and_nothing_is_half_stored(outbox: Outbox) -> None:
    outbox.publish([event("e1")])

    with outbox.database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    # A limit on the file's size is what SQLite itself has for this; it belongs to a connection, so all must have it.
    engine = outbox.database._engine
    assert engine is not None

    def limited(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    sa.event.listen(engine, "connect", limited)
    outbox.before_fork()  # closes every connection
    outbox.after_fork_in_parent()
    with pytest.raises(DatabaseUnavailable, match="the disk is full; free some room"):
        outbox.publish([event(f"e{number}") for number in range(2, 2000)])
    assert [event.id for event in outbox.events()] == ["e1"]
    assert outbox.counts()["ops"].due == 1


@pytest.mark.parametrize(
    ("moment", "while_committing", "stored"),
    [
        ("begin", False, 0),
        ("insert", False, 0),
        ("inserted", False, 0),
        ("commit", True, 0),
        ("committed", True, 1),
    ],
)
def test_a_failure_while_committing_is_told_apart_because_its_end_is_unknown(
    outbox: Outbox, moment: Moment, while_committing: bool, stored: int
) -> None:
    faults = faults_in(outbox.database)
    faults.fail(moment)
    with pytest.raises(DatabaseUnavailable, match="disk I/O error") as caught:
        outbox.publish([event("e1")])
    assert caught.value.while_committing is while_committing
    assert faults.struck == [moment], "what may have been committed is not tried again unseen"
    faults.mend()
    assert len(outbox.events()) == stored
    outbox.publish([event("e1")])
    assert len(outbox.events()) == 1
    assert len(outbox.deliveries_of("e1")) == 1


def test_a_newer_schema_that_still_works_for_us_is_used(outbox: Outbox, file: Path) -> None:
    outbox.close()
    rewrite(file, schema=99, min_compatible=1)
    outbox.publish([event("e1")])
    assert len(outbox.events()) == 1
    assert version(file) == "99", "an older program leaves a newer schema as it is"


def test_a_newer_schema_that_needs_a_newer_program_is_refused_and_untouched(outbox: Outbox, file: Path) -> None:
    outbox.close()
    rewrite(file, schema=99, min_compatible=98)
    with pytest.raises(SchemaError) as caught:
        outbox.publish([event("e1")])
    for word in (str(file), "99", "98", "Upgrade Bellwire"):
        assert word in str(caught.value)
    connection = other_connection(file)
    assert connection.execute("SELECT count(*) FROM bellwire_events").fetchone() == (0,)
    connection.close()


def rewrite(file: Path, **values: int) -> None:
    connection = other_connection(file)
    for name, value in values.items():
        connection.execute("UPDATE bellwire_meta SET value = ? WHERE name = ?", (str(value), name))
    connection.close()


def version(file: Path) -> str:
    connection = other_connection(file)
    (value,) = connection.execute("SELECT value FROM bellwire_meta WHERE name = 'schema'").fetchone()
    connection.close()
    return str(value)


def test_a_hosts_own_tables_in_the_same_file_are_left_alone(file: Path) -> None:
    connection = other_connection(file)
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("INSERT INTO alembic_version VALUES ('hosts')")
    outbox = Outbox(Database(f"sqlite:///{file}"))
    outbox.publish([event("e1")])
    outbox.close()
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("hosts",)]
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    connection.close()
    assert all(name.startswith(("bellwire_", "sqlite_")) for name in names if name != "alembic_version")


def _open_and_publish(file: str, number: int, start: object, results: object) -> None:
    try:
        outbox = Outbox(Database(f"sqlite:///{file}"))
        start.wait(60)  # type: ignore[attr-defined]  # multiprocessing's proxies have no types
        outbox.publish([event(f"{number}")])
        outbox.counts()
        outbox.close()
        results.put("")  # type: ignore[attr-defined]  # as on the line above
    except BaseException as error:
        results.put(f"{type(error).__name__}: {error}")  # type: ignore[attr-defined]  # as on the line above


def test_processes_that_start_at_once_on_a_file_that_is_not_there_yet_all_get_to_work(tmp_path: Path) -> None:
    """As gunicorn's workers do on the first start ever."""
    spawn = multiprocessing.get_context("fork")
    for round_ in range(4):
        start, results = spawn.Barrier(6), spawn.Queue()
        file = str(tmp_path / f"{round_}.db")
        processes = [
            spawn.Process(target=_open_and_publish, args=(file, number, start, results)) for number in range(6)
        ]
        for process in processes:
            process.start()
        assert [results.get(timeout=120) for _ in processes] == [""] * 6
        for process in processes:
            process.join(60)
        outbox = Outbox(Database(f"sqlite:///{file}"))
        assert sorted(event.id for event in outbox.events()) == list("012345")
        outbox.close()


def _read_over_and_over(file: str, number: int, start: object, results: object) -> None:
    try:
        start.wait(60)  # type: ignore[attr-defined]  # multiprocessing's proxies have no types
        for _ in range(60):
            outbox = Outbox(Database(f"sqlite:///{file}"))
            outbox.counts()
            outbox.close()  # whoever closes last takes the WAL away, under a lock that shuts everybody out
        results.put("")  # type: ignore[attr-defined]  # as on the line above
    except BaseException as error:
        results.put(f"{type(error).__name__}: {error}")  # type: ignore[attr-defined]  # as on the line above


def test_commands_that_come_and_go_do_not_shut_one_another_out(file: Path, outbox: Outbox) -> None:
    outbox.publish([event("e1")])
    outbox.close()
    spawn = multiprocessing.get_context("fork")
    start, results = spawn.Barrier(4), spawn.Queue()
    processes = [
        spawn.Process(target=_read_over_and_over, args=(str(file), number, start, results)) for number in range(4)
    ]
    for process in processes:
        process.start()
    assert [results.get(timeout=120) for _ in processes] == [""] * 4
    for process in processes:
        process.join(60)


def test_a_reader_that_is_refused_for_a_moment_tries_again(outbox: Outbox) -> None:
    """SQLite refuses while another process recovers the file, opens it first or closes it last."""
    refusals = [1, 2, 3]

    def refuse() -> None:
        if refusals:
            refusals.pop()
            raise sqlite3.OperationalError("database is locked")

    faults_in(outbox.database).at["look"] = refuse
    assert outbox.counts() == {}
    assert refusals == []


def test_a_file_that_somebody_has_for_himself_for_a_while_is_waited_for(outbox: Outbox, file: Path) -> None:
    outbox.close()
    owner = other_connection(file)
    owner.execute("PRAGMA locking_mode = EXCLUSIVE")
    owner.execute("UPDATE bellwire_meta SET value = value")
    threading.Timer(0.1, owner.close).start()
    assert outbox.counts() == {}


def test_a_commit_by_anybody_else_is_noticed_once(outbox: Outbox, file: Path) -> None:
    watch = Watch(outbox.database)
    assert watch.changed(), "the first look says yes, for who knows what was there before"
    assert not watch.changed()
    outbox.publish([event("e1")])
    assert watch.changed()
    assert not watch.changed()
    other = Outbox(Database(f"sqlite:///{file}"))
    other.publish([event("e2")])
    assert watch.changed()
    assert not watch.changed()
    other.close()
    watch.close()
    assert watch.changed(), "a new connection begins afresh"
    watch.close()


def test_watching_does_not_keep_the_log_from_being_taken_over(outbox: Outbox, file: Path) -> None:
    """A reader that never ends keeps SQLite from starting its WAL anew, and it grows with every commit."""
    watch = Watch(outbox.database)
    watch.changed()
    for number in range(40):
        outbox.publish([event(f"{number}-{at}") for at in range(250)])
        watch.changed()
    watch.close()
    size = file.with_name(file.name + "-wal").stat().st_size
    assert size < 16_000_000, f"the WAL has grown to {size} bytes"


def test_closing_lets_go_of_the_file_and_the_next_use_opens_it_again(outbox: Outbox, file: Path) -> None:
    outbox.publish([event("e1")])
    outbox.close()
    assert not file.with_name(file.name + "-wal").exists()
    outbox.publish([event("e2")])
    assert len(outbox.events()) == 2
    outbox.close()
    outbox.close()


def test_many_threads_that_are_first_share_one_opening(file: Path) -> None:
    outbox = Outbox(Database(f"sqlite:///{file}"))
    errors: list[BaseException] = []
    start = threading.Barrier(20)

    def look() -> None:
        try:
            start.wait(60)
            outbox.counts()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=look) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    outbox.close()
    assert errors == []
    assert not file.with_name(file.name + "-wal").exists(), "a second engine was left open"
