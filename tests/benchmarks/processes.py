"""What the processes of one system cost, read from Linux's ``/proc``: CPU time and memory, with all their children."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@attrs.frozen
class Stat:
    """Of one line of ``/proc/<pid>/stat`` (proc(5)) what is needed here."""

    pid: int
    parent: int
    ticks: int
    """Its own CPU time, in user and kernel mode, and that of the children it has waited for."""


def parse_stat(line: str) -> Stat:
    """The second field is the command, in parentheses, and may itself hold blanks and parentheses."""
    head, _, tail = line.rpartition(")")
    fields = tail.split()
    return Stat(int(head.split("(", 1)[0]), int(fields[1]), sum(map(int, fields[11:15])))


def parse_pss(text: str) -> int:
    """Bytes: each shared page counts for its share, so that the sum over forked processes is what they really take."""
    found = re.search(r"^Pss: +(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def descendants(roots: Collection[int], stats: Iterable[Stat]) -> list[Stat]:
    """Of *stats* those of *roots* and of all below them."""
    children: dict[int, list[Stat]] = {}
    by_pid: dict[int, Stat] = {}
    for stat in stats:
        children.setdefault(stat.parent, []).append(stat)
        by_pid[stat.pid] = stat
    found: dict[int, Stat] = {}
    queue = [by_pid[root] for root in roots if root in by_pid]
    while queue:
        stat = queue.pop()
        if stat.pid not in found:
            found[stat.pid] = stat
            queue += children.get(stat.pid, [])
    return list(found.values())


def cpu_seconds(roots: Collection[int]) -> float:
    """CPU time so far of the processes *roots* and of all below them, those that ended and were reaped too."""
    return sum(stat.ticks for stat in descendants(roots, _all_stats())) / _TICKS


def memory(roots: Collection[int]) -> int:
    """Bytes of memory (proportional set size) that they take now."""
    return sum(parse_pss(_read(_PROC / str(stat.pid) / "smaps_rollup")) for stat in descendants(roots, _all_stats()))


def _all_stats() -> list[Stat]:
    lines = (_read(process / "stat") for process in _PROC.iterdir() if process.name.isdigit())
    return [parse_stat(line) for line in lines if line]


def _read(path: Path) -> str:
    with suppress(OSError):  # a process may end while one looks
        return path.read_text("utf-8", "replace")
    return ""
