"""A Redis and a PostgreSQL of our own: nobody else's work is counted with theirs, and their settings are known."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import attrs
from tests.benchmarks.ports import free_port, when_it_listens

REDIS_SETTINGS: Final = "keeps nothing on disk (`--save '' --appendonly no`), which is its fastest"
POSTGRESQL_SETTINGS: Final = (
    "as it comes, each commit flushed to the disk (`fsync`, `synchronous_commit`); `shared_buffers = 256MB`, "
    "`max_wal_size = 4GB`"
)
_POSTGRESQL: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
}


@attrs.frozen
class Broker:
    """A server that belongs to a system under test: its CPU and memory are that system's."""

    url: str
    pid: int


@contextmanager
def redis(folder: Path) -> Iterator[Broker]:
    """An empty Redis, for as long as the block lasts."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    server = subprocess.Popen([_program("redis-server"), *options], stdout=subprocess.DEVNULL)
    try:
        when_it_listens(port, server)
        yield Broker(f"redis://127.0.0.1:{port}/0", server.pid)
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def postgresql(folder: Path) -> Iterator[Broker]:
    """An empty PostgreSQL, with the user ``bench`` who needs no password, for as long as the block lasts."""
    # It refuses to run as root; Debian's packages bring a user for it.
    user = "postgres" if os.geteuid() == 0 else None
    data = folder / "postgresql"
    data.mkdir()
    if user is not None:
        shutil.chown(data, user)
    initdb = [_program("initdb"), "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=user, cwd=data)
    port = free_port()
    options = [f"--{name}={value}" for name, value in {**_POSTGRESQL, "port": str(port)}.items()]
    with (folder / "postgresql.log").open("wb") as log:
        server = subprocess.Popen([_program("postgres"), "-D", str(data), *options], stderr=log, user=user, cwd=data)
    try:
        when_it_listens(port, server)
        yield Broker(f"postgresql://bench@127.0.0.1:{port}", server.pid)
    finally:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGINT)  # it no longer waits for its clients to go
            server.wait(60)


def flush(broker: Broker) -> None:
    """Empties a Redis."""
    address = urlsplit(broker.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        if not connection.recv(64).startswith(b"+OK"):
            raise RuntimeError("Redis would not be emptied")


def missing() -> list[str]:
    """Of the servers' programs, those that this machine does not have."""
    return [name for name in ("redis-server", "initdb", "nginx") if _find(name) is None]


def _program(name: str) -> str:
    found = _find(name)
    if found is None:
        raise RuntimeError(f"{name} is not installed")
    return found


def _find(name: str) -> str | None:
    # Debian keeps PostgreSQL's own programs off the path, a folder for each version
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    places = [*map(str, newest), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]
    return shutil.which(name, path=os.pathsep.join(places))


def version_commands() -> list[tuple[str, list[str]]]:
    """How to ask each server for its version."""
    return [
        ("nginx", [_program("nginx"), "-v"]),
        ("Redis", [_program("redis-server"), "--version"]),
        ("PostgreSQL", [_program("postgres"), "--version"]),
    ]
