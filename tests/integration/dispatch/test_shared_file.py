"""A host that keeps its own tables in the outbox's SQLite file, and writes them from here and from another process."""

from __future__ import annotations

import json
import runpy
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import Place

from bellwire.core.outbox import Database

from .conftest import until
from .town import Town

if TYPE_CHECKING:
    from collections.abc import Iterator

# The host's own code, as Python's sqlite3 has it by default: five seconds of patience.
HOST = """
import json, sqlite3, sys, time

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("CREATE TABLE IF NOT EXISTS host_rows (id INTEGER PRIMARY KEY, who TEXT)")
written, ends = 0, time.monotonic() + float(sys.argv[2])
while written < 10 or time.monotonic() < ends:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO host_rows (who) VALUES (?)", (sys.argv[3],))
    connection.execute("COMMIT")
    written += 1
    time.sleep(0.002)
connection.close()
report = {"written": written}
print(json.dumps(report))
"""


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Only SQLite is a file."""
    town = Town(Place("sqlite", lambda: f"sqlite:///{tmp_path}/host.db"), until)
    yield town
    town.close()


def test_a_drain_and_the_hosts_writers_in_two_processes_all_go_on(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, file, seconds = tmp_path / "host.py", str(tmp_path / "host.db"), "2"
    script.write_text(HOST, "utf-8")
    receiver = town.receiver()
    bus = town.bus({"ops": town.hook(receiver)})
    reports: list[dict[str, int]] = []

    def write_here() -> None:
        reports.append(runpy.run_path(str(script))["report"])

    monkeypatch.setattr(sys, "argv", ["host", file, seconds, "here"])
    elsewhere = subprocess.Popen([sys.executable, script, file, seconds, "elsewhere"], stdout=subprocess.PIPE)
    here = threading.Thread(target=write_here)
    here.start()
    published, ends = 0, time.monotonic() + float(seconds)
    while here.is_alive() or time.monotonic() < ends:
        town.publish(bus, str(published))
        published += 1
    here.join(60)
    output, _ = elsewhere.communicate(timeout=60)
    assert elsewhere.returncode == 0, "no write was refused there"
    assert len(reports) == 1, "nor here"
    reports.append(json.loads(output))
    town.wait_until_settled()
    assert sorted(receiver.subjects, key=int) == [str(number) for number in range(published)]
    with sqlite3.connect(file) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM host_rows").fetchone()
    connection.close()
    assert rows == sum(report["written"] for report in reports)


def test_our_transactions_are_short(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in what they do, for time would measure the machine: none looks at more than its slots and its batch."""
    receiver = town.receiver()
    bus = town.bus({"ops": town.hook(receiver, concurrency=50)}, dispatch="off")
    town.publish(bus, *map(str, range(300)))
    most: list[int] = []
    write = Database.write

    def watching(self: Database, work: Any) -> Any:
        result = write(self, work)
        most.append(len(getattr(result, "claims", ())) + len(getattr(result, "settled", ())))
        return result

    monkeypatch.setattr(Database, "write", watching)
    town.bus({"ops": town.hook(receiver, concurrency=50)})
    town.wait_until_settled()
    assert 0 < max(most) <= 100


@pytest.mark.parametrize(("begin", "goes_on"), [("BEGIN", False), ("BEGIN IMMEDIATE", True)])
def test_a_host_that_reads_before_it_writes_must_begin_immediate(
    town: Town, tmp_path: Path, begin: str, goes_on: bool
) -> None:
    """What docs/guide/databases.md says: SQLITE_BUSY_SNAPSHOT comes at once, whatever the time-out."""
    bus = town.bus({"ops": town.hook(town.receiver())}, dispatch="off")
    host = sqlite3.connect(tmp_path / "host.db", isolation_level=None, timeout=60)
    host.execute("CREATE TABLE host_rows (id INTEGER PRIMARY KEY)")
    host.execute(begin)
    host.execute("SELECT count(*) FROM host_rows").fetchone()
    publishing = threading.Thread(target=town.publish, args=(bus, "meanwhile"))
    publishing.start()
    if goes_on:
        host.execute("INSERT INTO host_rows DEFAULT VALUES")
        host.execute("COMMIT")
    publishing.join(30)
    if not goes_on:
        begun = time.monotonic()
        with pytest.raises(sqlite3.OperationalError, match="database is locked") as refused:
            host.execute("INSERT INTO host_rows DEFAULT VALUES")
        assert refused.value.sqlite_errorname == "SQLITE_BUSY_SNAPSHOT"
        assert time.monotonic() - begun < 30
    host.close()
    assert len(bus.outbox.events()) == 1
