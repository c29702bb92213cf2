"""How long one publish takes, idle and while a backlog drains: Bellwire beside a raw commit, and the peers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.benchmarks.contender import Contender, Stage, environment, run
from tests.benchmarks.drain import filled, until, worker
from tests.benchmarks.receiver import Arrivals

PAUSE: Final = 0.002
"""Seconds between two publishes, as a host has something else to do."""
_LATENCY: Final = "tests.benchmarks.publish_latency"


def bellwire(stage: Stage, *, publishes: int, backlog: int) -> Iterator[tuple[str, dict[str, float]]]:
    """By situation; the raw commits take turns with the publishes (see ``publish_latency.py``)."""
    told = ["--rounds", "1", "--publishes", str(publishes), "--backlog", str(backlog), "--pause", str(PAUSE)]
    with TemporaryDirectory(dir=stage.folder) as folder:
        printed = run([sys.executable, "-m", _LATENCY, *told], environment({}), Path(folder))
    situations: dict[str, dict[str, Any]] = json.loads(printed)["rounds"][0]
    for situation, figures in situations.items():
        for name, prefix in (("bellwire", "publish"), ("raw", "raw")):
            yield f"{name} {situation}", {part: float(figures[f"{prefix}_{part}"]) for part in ("p50", "p99")}


def peer(contender: Contender, stage: Stage, *, publishes: int) -> Iterator[tuple[str, dict[str, float]]]:
    """Idle, with nobody working; and while its worker empties a full queue."""
    with TemporaryDirectory(dir=stage.folder) as name:
        folder = Path(name)
        told = filled(contender, stage, folder)
        yield f"{contender.name} idle", publish_figures(contender, stage, folder, publishes)
        arrivals = Arrivals(stage.arrivals)
        with worker(contender, stage, told, folder):
            until(arrivals, contender.deliveries // 10, contender)
            figures = publish_figures(contender, stage, folder, publishes)
            if arrivals.count() >= contender.deliveries + publishes:
                raise RuntimeError(f"{contender.name} was idle before the last publish; give it more deliveries")
        yield f"{contender.name} draining", figures


def publish_figures(contender: Contender, stage: Stage, folder: Path, publishes: int) -> dict[str, float]:
    """p50 and p99 of a publish by a host of its own, in microseconds."""
    job = contender.job(stage, folder, publishes=publishes, pause=PAUSE)
    told = run(contender.command((contender.fill[0], "publish"), stage), environment(job), folder)
    figures: dict[str, float] = json.loads(told)
    return figures
