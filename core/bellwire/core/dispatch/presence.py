"""Which process a dispatcher is, and whether another one on this machine is gone.

A dispatcher that was killed leaves its leases behind. Waiting for them to run out is safe everywhere; but on the same
machine the system can tell that the very process is gone, and its deliveries go on at once.
"""

from __future__ import annotations

import functools
import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bellwire.core.outbox import DispatcherRow

_PROC: Final = Path("/proc")


def host_name() -> str:
    """This machine's name, for people."""
    return socket.gethostname()[:255]


@functools.cache
def _machine() -> str | None:
    """What process numbers are unique in: this boot of this kernel, and this PID namespace. ``None`` if unknown."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return None


def _start_time(pid: int) -> str | None:
    """When process *pid* started, in clock ticks since boot: numbers are used again, start times are not."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold blanks and brackets
    return None if fields[0] in {"Z", "X"} else fields[19]


def this_process() -> str:
    """Names this very process, for :func:`gone` in another one."""
    return json.dumps({"machine": _machine(), "pid": os.getpid(), "started": _start_time(os.getpid())})


def gone(rows: Iterable[DispatcherRow]) -> list[str]:
    """The ids of those dispatchers that ran on this machine and whose process is certainly gone."""
    return [row.id for row in rows if _is_gone(row.process)]


def _is_gone(process: str) -> bool:
    try:
        known = json.loads(process)
        machine, pid, started = known["machine"], known["pid"], known["started"]
    except (ValueError, KeyError, TypeError):
        return False
    if machine is None or started is None or machine != _machine():
        return False
    return bool(_start_time(pid) != started)
