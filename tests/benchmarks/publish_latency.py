"""How long one durable publish takes, beside one raw SQLite commit of the same rows: idle, and while a worker drains.

    python tests/benchmarks/publish_latency.py [--publishes 1000] [--rounds 3] [--backlog 40000] [--pause 0.002]

Prints one JSON object: for each situation and round the 50th and 99th percentile in microseconds of a publish and of a
raw commit. The two take turns within each situation, so that a machine whose speed drifts is fair to both; the raw
commits go to a file of their own, so that what they suffer while a dispatcher drains is the interpreter and the disk
alone. A publisher pauses between two publishes, as a host does.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.benchmarks.receiver import nginx

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.hookspecs import Secret, Workflow, WorkflowEvent, new_id

if TYPE_CHECKING:
    from typing import Literal

_BATCH: Final = 500
_WARM_UP: Final = 50


def main() -> int:
    """Measures, and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publishes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backlog", type=int, default=40_000)
    parser.add_argument("--pause", type=float, default=0.002, help="seconds between two publishes")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--drain", metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drain:
        _drain(options.drain, options.url, options.concurrency)
        return 0
    situations = {"idle": _idle, "embedded": _embedded, "worker": _other_process}
    rounds: list[dict[str, dict[str, float]]] = []
    with tempfile.TemporaryDirectory() as folder, nginx(Path(folder)) as url:
        for _ in range(options.rounds):
            rounds.append({})
            for name, situation in situations.items():
                with tempfile.TemporaryDirectory(dir=".") as place:  # a real disk, not a memory file system
                    rounds[-1][name] = situation(Path(place), url, options)
    print(json.dumps({"rounds": rounds, "summary": _summary(rounds)}))
    return 0


def _idle(place: Path, url: str, options: argparse.Namespace) -> dict[str, float]:
    bus = _bus(place / "bellwire.db", url, options.concurrency, "off")
    figures = _measure(bus, place, options, until=lambda: False)
    bus.close()
    return figures


def _embedded(place: Path, url: str, options: argparse.Namespace) -> dict[str, float]:
    _fill(place / "bellwire.db", url, options)
    bus = _bus(place / "bellwire.db", url, options.concurrency, "embedded")
    bus.start()
    return _while_draining(bus, place, options)


def _other_process(place: Path, url: str, options: argparse.Namespace) -> dict[str, float]:
    file = place / "bellwire.db"
    _fill(file, url, options)
    command = [sys.executable, __file__, "--drain", str(file), "--url", url, "--concurrency", str(options.concurrency)]
    worker = subprocess.Popen(command)
    try:
        return _while_draining(_bus(file, url, options.concurrency, "off"), place, options)
    finally:
        worker.terminate()
        worker.wait(30)


def _while_draining(bus: Bus, place: Path, options: argparse.Namespace) -> dict[str, float]:
    with _reader(place / "bellwire.db") as waiting:
        while waiting() >= options.backlog - options.concurrency:
            time.sleep(0.005)
        before, began = waiting(), time.perf_counter()
        figures = _measure(bus, place, options, until=lambda: waiting() < options.concurrency * 4)
        seconds, published = time.perf_counter() - began, figures["publishes"]
        figures["drained_per_second"] = (before + published - waiting()) / seconds
    bus.close(drain=0)
    return figures


@contextlib.contextmanager
def _reader(file: Path) -> Iterator[Callable[[], int]]:
    """How many deliveries wait: the end of the backlog, seen from its beginning."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=10)
    sql = (
        "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'bellwire_deliveries') - coalesce((SELECT seq FROM "
        "bellwire_deliveries WHERE channel = 'ops' AND state = 'waiting' ORDER BY due_at, seq LIMIT 1), "
        "(SELECT seq FROM sqlite_sequence WHERE name = 'bellwire_deliveries'))"
    )
    yield lambda: int(connection.execute(sql).fetchone()[0])
    connection.close()


def _measure(bus: Bus, place: Path, options: argparse.Namespace, *, until: Callable[[], bool]) -> dict[str, float]:
    commit = _raw_commit(place / "raw.db", bus)
    published: list[float] = []
    committed: list[float] = []
    for number in range(options.publishes + _WARM_UP):
        for call, times in ((bus.publish, published), (commit, committed)):
            event = _event(number)
            if call is commit:
                event.to_json()  # the raw commit is given its rows; publishing makes them
            time.sleep(options.pause)
            began = time.perf_counter()
            call(event)
            times.append(time.perf_counter() - began)
        if number % 50 == 0 and until():
            break
    if len(published) < options.publishes // 2:
        sys.exit(f"the backlog was drained after {len(published)} publishes; give a larger --backlog")
    return {
        "publishes": len(published),
        **_percentiles("publish", published[_WARM_UP:]),
        **_percentiles("raw", committed[_WARM_UP:]),
    }


def _percentiles(name: str, seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return {f"{name}_p50": round(cuts[49] * 1e6, 1), f"{name}_p99": round(cuts[98] * 1e6, 1)}


def _raw_commit(file: Path, bus: Bus) -> Callable[[WorkflowEvent], None]:
    """One event row and one delivery row into the same tables, by the driver, with nothing around it."""
    twin = Bus(Settings(database=f"sqlite:///{file}", dispatch="off"))
    twin.start()
    twin.close()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")

    def commit(event: WorkflowEvent) -> None:
        now = time.time_ns() // 1000
        connection.execute("BEGIN IMMEDIATE")
        cursor = connection.execute(
            "INSERT INTO bellwire_events (id, kind, action, ordering_key, payload, unwanted, trace, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (event.id, event.kind, event.action, event.ordering_key, event.to_json(), "{}", None, now),
        )
        connection.execute(
            "INSERT INTO bellwire_deliveries (id, event_seq, channel, ordering_key, state, due_at, attempts, "
            "budget_start, interruptions, created_at) VALUES (?, ?, 'ops', ?, 'waiting', ?, 0, 0, 0, ?)",
            (new_id(), cursor.lastrowid, event.ordering_key, now, now),
        )
        connection.execute("COMMIT")

    return commit


def _summary(rounds: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Of each ratio that is aimed at: the least, the median and the greatest of the rounds."""
    ratios = {
        "publish p50 / raw p50, idle": [each["idle"]["publish_p50"] / each["idle"]["raw_p50"] for each in rounds],
        **{
            f"publish p99 {name} / idle": [each[name]["publish_p99"] / each["idle"]["publish_p99"] for each in rounds]
            for name in ("embedded", "worker")
        },
    }
    return {
        name: {
            "min": round(min(values), 2),
            "median": round(statistics.median(values), 2),
            "max": round(max(values), 2),
        }
        for name, values in ratios.items()
    }


def _bus(file: Path, url: str, concurrency: int, dispatch: Literal["embedded", "off"]) -> Bus:
    config = WebhookConfig(enable=True, url=url, token=Secret("test123"), concurrency=concurrency)
    return Bus(Settings(database=f"sqlite:///{file}", dispatch=dispatch, channels={"ops": config}))


def _fill(file: Path, url: str, options: argparse.Namespace) -> None:
    bus = _bus(file, url, options.concurrency, "off")
    for start in range(0, options.backlog, _BATCH):
        bus.publish_many([_event(number) for number in range(start, start + _BATCH)])
    bus.close()


def _drain(file: str, url: str, concurrency: int) -> None:
    bus = _bus(Path(file), url, concurrency, "embedded")
    bus.start()
    while True:
        time.sleep(1)


def _event(number: int) -> WorkflowEvent:
    workflow = Workflow(
        project_name="test_project",
        workflow_id=str(number),
        workflow_subject="test_workflow",
        workflow_status="wait_for_audit",
    )
    return WorkflowEvent(action="create", workflow=workflow)


if __name__ == "__main__":
    sys.exit(main())
