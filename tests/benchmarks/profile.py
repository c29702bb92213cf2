"""Where the CPU of Bellwire's drain on SQLite goes: the event loop's thread by package, and the other threads."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
from tests.benchmarks.contender import Stage, run
from tests.benchmarks.contenders import BELLWIRE, PROGRAMS
from tests.benchmarks.drain import filled


def profile(stage: Stage, *, deliveries: int) -> dict[str, float]:
    """Microseconds of CPU per delivery, by name; the most first.

    The profiler's sums are scaled to what the loop's thread takes without a profiler.
    """
    threads = _drained("threads", stage, deliveries)
    functions = _drained("functions", stage, deliveries)
    scale = threads["loop"] / sum(functions.values())
    parts = {f"event loop: `{name}`": seconds * scale for name, seconds in functions.items()}
    parts["other threads (the database's)"] = threads["others"]
    parts["event loop, all together"] = threads["loop"]
    ordered = sorted(parts.items(), key=lambda part: part[1], reverse=True)
    return {name: seconds / deliveries * 1e6 for name, seconds in ordered}


def _drained(what: str, stage: Stage, deliveries: int) -> dict[str, float]:
    contender = attrs.evolve(BELLWIRE, deliveries=deliveries)
    with TemporaryDirectory(dir=stage.folder) as name:
        environment = filled(contender, stage, Path(name))
        command = contender.command((f"{PROGRAMS}.bellwire_profiled", what), stage)
        seconds: dict[str, float] = json.loads(run(command, environment, Path(name)))
        return seconds
