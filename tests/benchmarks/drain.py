"""One drain: a full queue, its workers started, and the receiver's count watched until all has arrived.

The clock runs from a tenth of the deliveries on, so that nobody's start counts. CPU is that of the system's processes:
workers with their children, and its Redis or PostgreSQL; the receiver is nobody's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.benchmarks.contender import Contender, Stage, prepare, run
from tests.benchmarks.processes import cpu_seconds, memory
from tests.benchmarks.receiver import Arrivals

_LOOK: Final = 0.005
_LONGEST: Final = 300.0


def drain(contender: Contender, stage: Stage) -> dict[str, float]:
    """Fills the contender's queue and measures how its workers empty it."""
    with TemporaryDirectory(dir=stage.folder) as name:
        folder = Path(name)
        environment = filled(contender, stage, folder)
        return drained(contender, stage, environment, folder)


def filled(contender: Contender, stage: Stage, folder: Path) -> dict[str, str]:
    """Fills the contender's queue; returns the environment of its programs."""
    environment = prepare(contender, stage, folder)
    if contender.fill:
        run(contender.command(contender.fill, stage), environment, folder)
    return environment


def drained(contender: Contender, stage: Stage, env: Mapping[str, str], folder: Path) -> dict[str, float]:
    """How the contender's workers bring its deliveries to the receiver; raises ``RuntimeError`` if they do not."""
    arrivals = Arrivals(stage.arrivals)
    with ExitStack() as stack:
        pids = [stack.enter_context(worker(contender, stage, env, folder)) for _ in range(contender.workers)]
        pids += contender.broker_pids(stage)
        peak = stack.enter_context(_peak_memory(pids))
        until(arrivals, contender.deliveries // 10, contender)
        first, began, before = arrivals.count(), time.perf_counter(), cpu_seconds(pids)
        until(arrivals, contender.deliveries, contender)
        last, seconds, cpu = arrivals.count(), time.perf_counter() - began, cpu_seconds(pids) - before
    return {
        "per_second": (last - first) / seconds,
        "cpu_per_1000": cpu / (last - first) * 1000,
        "memory_mib": peak[0] / 2**20,
        "arrived": arrivals.count(),
    }


def until(arrivals: Arrivals, wanted: int, contender: Contender) -> None:
    """Returns when *wanted* have arrived; raises ``RuntimeError`` where that takes too long."""
    deadline = time.monotonic() + _LONGEST
    while arrivals.count() < wanted:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{contender.name}: only {arrivals.count()} of {wanted} arrived in {_LONGEST:g} s")
        time.sleep(_LOOK)


@contextmanager
def worker(contender: Contender, stage: Stage, env: Mapping[str, str], folder: Path) -> Iterator[int]:
    """The pid of one of the contender's workers, which is stopped at the end, with all its children."""
    with (folder / f"{contender.name}.log").open("ab") as log:
        command = contender.command(contender.worker, stage)
        process = subprocess.Popen(
            command, env=env, cwd=folder, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process.pid
        if (status := process.poll()) is not None:
            told = (folder / f"{contender.name}.log").read_text("utf-8", "replace")[-2000:]
            raise RuntimeError(f"{contender.name}'s worker ended by itself with status {status}:\n{told}")
    finally:
        process.terminate()
        try:
            process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _kill_group(process.pid)
            process.wait(15)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # of its own session: itself and what it started


@contextmanager
def _peak_memory(pids: list[int]) -> Iterator[list[int]]:
    """The most that *pids* and their children took at once, in a list's one item; it looks five times a second."""
    peak, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            peak[0] = max(peak[0], memory(pids))

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield peak
    finally:
        over.set()
        looker.join()
