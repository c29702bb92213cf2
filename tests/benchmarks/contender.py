"""One system that takes part: how its queue is emptied and filled, and what its workers are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import attrs
from tests.benchmarks.brokers import Broker, flush
from tests.benchmarks.programs.workload import JOB, Job

REPOSITORY: Final = Path(__file__).parents[2]
_SQLITE: Final = "sqlite:///bellwire.db"


@attrs.frozen(kw_only=True)
class Stage:
    """What a measurement stands on."""

    url: str
    """The receiver's."""
    arrivals: Path
    """The folder of the nginx that listens there."""
    folder: Path
    """On a real disk."""
    peers: str
    """The interpreter of the environment that has the peers."""
    redis: Broker | None
    postgresql: Broker | None


@attrs.frozen(kw_only=True)
class Contender:
    """One system that sends."""

    name: str
    title: str
    settings: str
    """In words, for the page."""
    deliveries: int
    """How many are sent in a round; fewer for a slower one, so that each takes about as long."""
    concurrency: int = 64
    broker: Literal["", "redis", "postgresql"] = ""
    fill: tuple[str, ...] = ()
    """The command that fills its queue; none where it has no queue."""
    worker: tuple[str, ...]
    workers: int = 1
    config: str = ""
    """Of Bellwire: its configuration file."""
    is_peer: bool = False

    def command(self, words: tuple[str, ...], stage: Stage) -> list[str]:
        """*words* as a command for the interpreter that has what they need."""
        return [stage.peers if self.is_peer else sys.executable, "-m", *words]

    def job(self, stage: Stage, folder: Path, **more: object) -> Job:
        """What its programs are told."""
        told = {"url": stage.url, "broker": self.broker_url(stage), "concurrency": self.concurrency}
        job: Job = {**told, "deliveries": self.deliveries, "folder": str(folder), **more}  # type: ignore[typeddict-item]  # the callers' own
        return job

    def broker_url(self, stage: Stage) -> str:
        """Its Redis, or its database of its own in PostgreSQL."""
        match self.broker:
            case "redis":
                return _there(stage.redis).url
            case "postgresql":
                return f"{_there(stage.postgresql).url}/{self.name.replace('-', '_')}"
            case _:
                return ""

    def broker_pids(self, stage: Stage) -> list[int]:
        """The servers' processes that work for it."""
        match self.broker:
            case "redis":
                return [_there(stage.redis).pid]
            case "postgresql":
                return [_there(stage.postgresql).pid]
            case _:
                return []


def _there(broker: Broker | None) -> Broker:
    if broker is None:
        raise RuntimeError("this section was started without the server that its contender needs")
    return broker


def environment(job: Job, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """A program's environment: its task, the repository to import from, and nobody's settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BELLWIRE_")}
    return {**inherited, "PYTHONPATH": str(REPOSITORY), JOB: json.dumps(job), **(more or {})}


def prepare(contender: Contender, stage: Stage, folder: Path, **more: object) -> dict[str, str]:
    """Empties its queue, or makes its database; returns the environment of its programs."""
    _empty(contender, stage)
    if contender.config:
        config = contender.config.format(url=stage.url, database=contender.broker_url(stage) or _SQLITE)
        (folder / "bellwire.toml").write_text(config, "utf-8")
    return environment(contender.job(stage, folder, **more))


def _empty(contender: Contender, stage: Stage) -> None:
    match contender.broker:
        case "redis":
            flush(_there(stage.redis))
        case "postgresql":
            import psycopg

            name = urlsplit(contender.broker_url(stage)).path.lstrip("/")
            with psycopg.connect(f"{_there(stage.postgresql).url}/postgres", autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                connection.execute(f"CREATE DATABASE {name}")
        case _:
            pass


def run(command: list[str], env: Mapping[str, str], folder: Path) -> str:
    """What a program prints; ``RuntimeError`` with its last words where it fails."""
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout
