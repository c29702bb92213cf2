"""What a run was made on, in words for the page, and whether somebody else was using it."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs

_PACKAGES: Final = ("aiohttp", "celery", "dramatiq", "httpx", "procrastinate", "psycopg", "redis", "requests")
_VERSIONS: Final = (
    "import importlib.metadata as m, sys; print(*(f'{n} {m.version(n)}' for n in sys.argv[1:]), sep=', ')"
)
QUIET: Final = 0.05
"""What share of the machine others may use in a run that counts."""


@attrs.frozen
class Quiet:
    """What others used of the machine just before a round, while the benchmark itself did nothing."""

    round: int
    busy: float
    """From 0 to 1, of all cores."""
    load: float
    """The load average of the last minute, the benchmark's own work included."""


def busy_share(before: str, after: str) -> float:
    """The share of CPU time that was used between two readings of ``/proc/stat`` (proc(5)); stolen time counts."""
    (idle_before, all_before), (idle_after, all_after) = _idle(before), _idle(after)
    return 1 - (idle_after - idle_before) / max(1, all_after - all_before)


def _idle(text: str) -> tuple[int, int]:
    ticks = [int(field) for field in text.splitlines()[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)  # idle and waiting for the disk


def listen(number: int, *, seconds: float = 1.0, sleep: Callable[[float], None] = time.sleep) -> Quiet:
    """Looks for *seconds* at what others do, before round *number*."""
    stat = Path("/proc/stat")
    before = stat.read_text("utf-8")
    sleep(seconds)
    return Quiet(number, busy_share(before, stat.read_text("utf-8")), os.getloadavg()[0])


def described(peers: str, programs: list[tuple[str, list[str]]]) -> str:
    """The machine and the versions."""
    model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    packages = _printed([peers, "-c", _VERSIONS, *_PACKAGES])
    servers = ", ".join(filter(None, (_version(name, command) for name, command in programs)))
    return (
        f"{time.strftime('%Y-%m-%d')}, {model[1] if model else platform.machine()}, {cores} cores, {memory:.0f} GiB, "
        f"Linux {platform.release()}, {platform.python_implementation()} {platform.python_version()}, SQLite "
        f"{sqlite3.sqlite_version}; {servers}; {packages}."
    )


def quietness(listened: list[Quiet]) -> str:
    """A sentence that says whether the machine was quiet."""
    if not listened:
        return ""
    worst = max(each.busy for each in listened)
    if worst <= QUIET:
        return f"Others used at most {worst:.0%} of the machine when a round began."
    return (
        f"**The machine was not quiet**: others used up to {worst:.0%} of it when a round began. Rates are too low and "
        "percentiles too high; CPU per delivery and ratios are nearer the truth."
    )


def peers_problem(peers: str) -> str:
    """Why the interpreter *peers* cannot run the peers; empty if it can."""
    command = [peers, "-c", _VERSIONS, *_PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition("\n")[2] if done.returncode else ""


def _version(name: str, command: list[str]) -> str:
    found = re.search(r"\d+\.\d+(\.\d+)?", _printed(command))
    return f"{name} {found[0]}" if found else ""


def _printed(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()
