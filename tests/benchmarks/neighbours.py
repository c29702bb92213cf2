"""A healthy channel alone, and beside one that is healthy too, one that is dead, and one that hangs."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.benchmarks.contender import Stage, environment, run
from tests.benchmarks.contenders import PROGRAMS
from tests.benchmarks.ports import free_port
from tests.benchmarks.programs.workload import Job

CASES: Final = ("alone", "healthy", "dead", "hanging")
_EACH: Final = 0.005
"""Seconds from one publish to the next."""
_CHANNEL: Final = """
[channels.{name}]
type = "webhook"
enable = true
url = "{url}"
token = "test123"
"""


def measure(case: str, stage: Stage, *, publishes: int) -> dict[str, float]:
    """p50 and p99 in milliseconds from publish to outcome on record, of the healthy channel."""
    with TemporaryDirectory(dir=stage.folder) as name, _neighbour(case, stage) as neighbour:
        channels = {"healthy": stage.url, **({"neighbour": neighbour} if neighbour else {})}
        config = "".join(_CHANNEL.format(name=channel, url=url) for channel, url in channels.items())
        Path(name, "bellwire.toml").write_text(config, "utf-8")
        job: Job = {"folder": name, "publishes": publishes, "pause": _EACH}
        told = run([sys.executable, "-m", f"{PROGRAMS}.bellwire_neighbours"], environment(job), Path(name))
    figures: dict[str, float] = json.loads(told)
    return figures


@contextmanager
def _neighbour(case: str, stage: Stage) -> Iterator[str]:
    """The URL of the neighbour's receiver; empty for none."""
    match case:
        case "healthy":
            yield stage.url
        case "dead":
            yield f"http://127.0.0.1:{free_port()}/nobody-listens"
        case "hanging":
            # the kernel takes the connections and the requests; nobody ever reads or answers
            with socket.create_server(("127.0.0.1", 0), backlog=4096) as server:
                yield f"http://127.0.0.1:{server.getsockname()[1]}/never-answers"
        case _:
            yield ""
