"""Where the CPU of Bellwire's drain goes: the event loop's thread by package, other threads, the database server."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
from tests.benchmarks.contender import Contender, Stage, run
from tests.benchmarks.contenders import PROGRAMS
from tests.benchmarks.drain import filled
from tests.benchmarks.processes import cpu_seconds

_SERVER: Final = "server"


def profile(contender: Contender, stage: Stage, *, deliveries: int) -> dict[str, float]:
    """Microseconds of CPU per delivery, by name; the most first.

    The profiler's sums are scaled to what the loop's thread takes without a profiler.
    """
    sized = attrs.evolve(contender, deliveries=deliveries)
    threads = _drained("threads", sized, stage)
    functions = _drained("functions", sized, stage)
    scale = threads["loop"] / sum(seconds for name, seconds in functions.items() if name != _SERVER)
    parts = {f"event loop: `{name}`": seconds * scale for name, seconds in functions.items() if name != _SERVER}
    parts["other threads, which speak to the database"] = threads["others"]
    parts["event loop, all together"] = threads["loop"]
    if contender.broker:
        parts["the database server"] = threads[_SERVER]
    ordered = sorted(parts.items(), key=lambda part: part[1], reverse=True)
    return {name: seconds / deliveries * 1e6 for name, seconds in ordered}


def _drained(what: str, contender: Contender, stage: Stage) -> dict[str, float]:
    with TemporaryDirectory(dir=stage.folder) as name:
        environment = filled(contender, stage, Path(name))
        command = contender.command((f"{PROGRAMS}.bellwire_profiled", what), stage)
        before = cpu_seconds(contender.broker_pids(stage))
        seconds: dict[str, float] = json.loads(run(command, environment, Path(name)))
        return {**seconds, _SERVER: cpu_seconds(contender.broker_pids(stage)) - before}
