"""A publisher that waits for its own thread's transaction is told at once; whoever else has the lock is waited for."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.integration.outbox.samples import event

from bellwire.core.errors import DatabaseUnavailable, LockedOut
from bellwire.core.outbox import Database, Outbox
from bellwire.core.outbox.backends import self_lock
from bellwire.core.outbox.backends.self_lock import HOST_PATIENCE, is_held_here

pytestmark = pytest.mark.skipif(
    not Path("/proc/locks").exists(),
    reason="only Linux tells which process has a lock; elsewhere the patience is longer",
)

SCENARIOS = Path(__file__).with_name("self_lock_process.py")
THIS_THREADS = "this thread has a transaction of its own open, .* pass connection= to publish in that transaction"
THIS_PROCESSES = "a transaction that this process has open .* if it is the publisher's own, pass connection= "


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bellwire.db"


@pytest.fixture
def outbox(file: Path) -> Iterator[Outbox]:
    outbox = Outbox(Database(f"sqlite:///{file}", lock_patience=30))
    outbox.database.open()
    yield outbox
    outbox.close()


@contextmanager
def writing(file: Path) -> Iterator[sqlite3.Connection]:
    """A transaction of the calling thread that has written."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=10)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    finally:
        connection.rollback()
        connection.close()


@contextmanager
def another_thread(work: Callable[[threading.Event], object]) -> Iterator[None]:
    """Runs *work* beside the block, which begins when *work* has set its event."""
    ready = threading.Event()
    thread = threading.Thread(target=work, args=(ready,))
    thread.start()
    assert ready.wait(60)
    try:
        yield
    finally:
        thread.join(60)


@pytest.mark.parametrize(
    ("scenario", "said", "at_most"),
    [
        ("driver, alone", THIS_THREADS, 1.2),
        ("session, alone", THIS_THREADS, 1.2),
        ("django, alone", THIS_THREADS, 1.2),
        ("driver, among threads", THIS_THREADS, 1.2),
        ("django, among threads", THIS_THREADS, 1.2),
        ("session, among threads", THIS_PROCESSES, 5),
        ("async session, among threads", THIS_PROCESSES, 5),
    ],
)
def test_a_host_that_locks_itself_out_is_told_to_pass_its_connection(
    file: Path, scenario: str, said: str, at_most: float
) -> None:
    """Among threads, a SQLAlchemy session's transaction might be anybody's, so it is given the time to end."""
    run = subprocess.run(
        [sys.executable, str(SCENARIOS), str(file), scenario], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    told: dict[str, Any] = json.loads(run.stdout)
    assert told["seconds"] < at_most
    assert told["said"].startswith("OutboxUnavailable: nothing was stored: "), "to publish it again would not help"
    assert str(file) in told["said"]
    assert re.search(said, told["said"]), told["said"]
    assert (told["before"], told["after"]) == (0, 1), "nothing was stored, and all is well afterwards"


def test_another_threads_transaction_is_waited_for(outbox: Outbox, file: Path) -> None:
    def host(ready: threading.Event) -> None:
        with writing(file):
            ready.set()
            time.sleep(HOST_PATIENCE / 2)

    with another_thread(host):
        outbox.publish([event("e1")])
    assert len(outbox.events()) == 1


def test_another_threads_transaction_is_waited_for_also_while_this_one_reads(outbox: Outbox, file: Path) -> None:
    """Whose transaction it is that has written cannot be seen; that there are two can."""
    reader = sqlite3.connect(file, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM bellwire_events").fetchone()
    assert reader.in_transaction

    def host(ready: threading.Event) -> None:
        with writing(file):
            ready.set()
            time.sleep(HOST_PATIENCE / 2)

    with another_thread(host):
        outbox.publish([event("e1")])
    reader.rollback()
    reader.close()
    assert len(outbox.events()) == 1


def test_a_transaction_of_another_thread_that_does_not_end_is_told(outbox: Outbox, file: Path) -> None:
    over = threading.Event()

    def host(ready: threading.Event) -> None:
        with writing(file):
            ready.set()
            over.wait(60)

    with another_thread(host):
        with pytest.raises(LockedOut, match=THIS_PROCESSES):
            outbox.publish([event("e1")])
        over.set()
    outbox.publish([event("e1")])
    assert len(outbox.events()) == 1


def test_a_transaction_on_another_file_is_no_reason(outbox: Outbox, file: Path, tmp_path: Path) -> None:
    other = Outbox(Database(f"sqlite:///{tmp_path}/other.db"))
    other.database.open()

    def host(ready: threading.Event) -> None:
        with writing(file):
            ready.set()
            time.sleep(HOST_PATIENCE / 2)

    with another_thread(host), writing(tmp_path / "other.db"):
        outbox.publish([event("e1")])
    other.close()
    assert len(outbox.events()) == 1


def test_a_transaction_of_this_thread_proves_something_only_of_its_own_file(
    outbox: Outbox, file: Path, tmp_path: Path
) -> None:
    """Whoever has this file's lock then, such as a library with an SQLite of its own, cannot be seen."""
    other = Outbox(Database(f"sqlite:///{tmp_path}/other.db"))
    other.database.open()
    over = threading.Event()

    def idle(ready: threading.Event) -> None:
        ready.set()
        over.wait(60)

    with another_thread(idle):
        with writing(tmp_path / "other.db"):
            assert not self_lock._only_this_thread_can_let_go(file)
        with writing(file):
            assert self_lock._only_this_thread_can_let_go(file)
        over.set()
    other.close()


_ANOTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("begun", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
"""


def test_another_processs_transaction_is_waited_for_with_more_patience(outbox: Outbox, file: Path) -> None:
    """Also where this thread has a transaction open that has written nothing."""
    reader = sqlite3.connect(file, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM bellwire_events").fetchone()
    with subprocess.Popen(
        [sys.executable, "-c", _ANOTHER_PROCESS, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert not is_held_here(file)
        timer = threading.Timer(HOST_PATIENCE + 0.7, lambda: process.stdin and process.stdin.close())
        timer.start()
        outbox.publish([event("e1")])
        timer.join()
    reader.rollback()
    reader.close()
    assert len(outbox.events()) == 1


def test_a_long_transaction_of_another_bus_in_this_process_is_waited_for(outbox: Outbox, file: Path) -> None:
    other = Database(f"sqlite:///{file}")
    other.open()

    def bellwire(ready: threading.Event) -> None:
        def work(_: object) -> None:
            ready.set()
            time.sleep(HOST_PATIENCE + 0.7)

        other.write(work)

    with another_thread(bellwire):
        outbox.publish([event("e1")])
    other.close()
    assert len(outbox.events()) == 1


def test_a_publisher_whose_turn_does_not_come_because_another_thread_waits_for_it_is_told_too(
    outbox: Outbox, file: Path
) -> None:
    """As the embedded dispatcher does: it has its turn to write, and waits for the host's transaction to end."""
    with writing(file) as connection:

        def dispatcher(ready: threading.Event) -> None:
            ready.set()
            outbox.database.write(lambda _: None)

        with another_thread(dispatcher):
            mutex = outbox.database.backend._writer._mutex  # type: ignore[attr-defined]  # SQLite's alone has it
            while not mutex.locked():
                time.sleep(0.001)
            began = time.monotonic()
            with pytest.raises(LockedOut, match=THIS_THREADS):
                outbox.publish([event("e1")])
            assert time.monotonic() - began < HOST_PATIENCE
            connection.rollback()
    assert outbox.events() == []


def test_where_the_system_does_not_tell_who_has_the_lock_the_patience_is_that_for_anybody(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_lock, "_LOCKS", file.with_name("no such file"))
    outbox = Outbox(Database(f"sqlite:///{file}", lock_patience=0.4))
    outbox.database.open()
    with writing(file):
        with pytest.raises(DatabaseUnavailable, match="publish in it with connection=") as caught:
            outbox.publish([event("e1")])
        assert not isinstance(caught.value, LockedOut)
    outbox.close()


@pytest.mark.parametrize(
    ("line", "ours"),
    [
        ("3: POSIX  ADVISORY  WRITE {pid} fe:00:77 120 120", True),
        ("3: POSIX  ADVISORY  WRITE {pid} fe:00:77 120 122", True),
        ("3: POSIX  ADVISORY  WRITE {pid} fe:00:77 0 EOF", True),
        ("3: POSIX  ADVISORY  WRITE {pid} fe:00:77 121 121", False),
        ("3: POSIX  ADVISORY  WRITE {pid} fe:00:177 120 120", False),
        ("3: POSIX  ADVISORY  WRITE 1 fe:00:77 120 120", False),
        ("3: POSIX  ADVISORY  READ {pid} fe:00:77 120 120", False),
        ("3: -> POSIX  ADVISORY  WRITE {pid} fe:00:77 120 120", False),
        ("3: FLOCK  ADVISORY  WRITE {pid} fe:00:77 120 120", False),
        ("3: OFDLCK ADVISORY  WRITE -1 fe:00:77 120 120", False),
        ("", False),
    ],
)
def test_a_line_of_the_systems_table_is_read_as_proc_5_says(line: str, ours: bool) -> None:
    assert self_lock._is_ours(line.format(pid=os.getpid()).split(), 77) is ours
