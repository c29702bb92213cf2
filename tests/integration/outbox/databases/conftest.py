"""Databases that are empty, far, old or about to go; a host and a receiver for what flows meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import pytest
import sqlalchemy as sa

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.hookspecs import Workflow

from .proxy import Change, Proxy

if TYPE_CHECKING:
    from tests.conftest import Place

PATIENCE: Final = 60.0
HERE: Final = Path(__file__).parent
DRIVERS: Final = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}


def until(condition: Callable[[], object], what: Callable[[], object] = lambda: "it did not come to pass") -> None:
    """Returns when *condition* holds."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, what()
        time.sleep(0.005)


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    """What a test opens and must not leave behind."""
    with ExitStack() as stack:
        yield stack


@attrs.frozen
class Server:
    """The database server of one kind, and what its administrator may do there."""

    url: sa.URL
    cleanup: ExitStack

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        usual = 5432 if self.url.get_backend_name() == "postgresql" else 3306
        return self.url.host or "127.0.0.1", self.url.port or usual

    def run(self, *statements: str, url: sa.URL | None = None) -> list[Any]:
        """Runs *statements* as the administrator, each in a transaction of its own; what the last one gives."""
        target = (url or self.url).set(drivername=DRIVERS[self.url.get_backend_name()])
        engine = sa.create_engine(target, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        rows: list[Any] = []
        with engine.connect() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = list(result) if result.returns_rows else []
        return rows

    def empty(self, name: str = "empty") -> sa.URL:
        """A database without tables."""
        url = self.url.set(database=f"{self.url.database}_{name}")
        force = " WITH (FORCE)" if url.get_backend_name() == "postgresql" else ""
        drop = f"DROP DATABASE IF EXISTS {url.database}{force}"
        self.run(drop, f"CREATE DATABASE {url.database}")
        self.cleanup.callback(self.run, drop)
        return url

    def behind(self, url: sa.URL, change: Change | None = None) -> tuple[sa.URL, Proxy]:
        """*url* through a network of the test's own."""
        proxy = Proxy(self.address) if change is None else Proxy(self.address, change)
        self.cleanup.callback(proxy.cut)
        return url.set(host="127.0.0.1", port=proxy.port), proxy


@pytest.fixture
def server(place: Place, cleanup: ExitStack) -> Server:
    """For tests of one kind, by ``@only("postgresql")``."""
    return Server(sa.make_url(place.fresh()), cleanup)


@pytest.fixture
def empty(place: Place, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables, on each kind."""
    if place.kind == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    server: Server = request.getfixturevalue("server")
    return text(server.empty())


def text(url: sa.URL) -> str:
    """With its password."""
    return url.render_as_string(hide_password=False)


class Receiver(ThreadingHTTPServer):
    """Answers 200 and counts each delivery."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.times: Counter[str] = Counter()
        self.subjects: list[tuple[str, float]] = []
        self.lock = threading.Lock()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed breaks its connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.times[self.headers["webhook-id"]] += 1
            self.server.subjects.append((body["payload"]["workflow"]["workflow_subject"], time.monotonic()))
        self.server.may_answer.wait(PATIENCE)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Says nothing."""


@pytest.fixture
def receiver(cleanup: ExitStack) -> Receiver:
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, args=(0.02,), daemon=True).start()
    cleanup.callback(receiver.server_close)
    cleanup.callback(receiver.shutdown)
    return receiver


class Host:
    """A platform with one channel, in this process."""

    def __init__(self, database: str, receiver: Receiver, dispatch: Any) -> None:
        hook = WebhookConfig(enable=True, url=receiver.url)
        self.bus = Bus(Settings(database=database, dispatch=dispatch, channels={"hook": hook}), channel_types={})

    def publish(self, *subjects: str) -> None:
        """One event after another, each of a workflow of its own."""
        for subject in subjects:
            self.bus.notify_workflow(
                "create",
                Workflow(project_name="p", workflow_id=subject, workflow_subject=subject, workflow_status="finished"),
            )

    def is_settled(self) -> bool:
        """Whether nothing is open any more."""
        return not any(
            count.due + count.scheduled + count.parked + count.in_flight for count in self.bus.outbox.counts().values()
        )


MakesHost = Callable[..., Host]


@pytest.fixture
def host(receiver: Receiver, cleanup: ExitStack) -> MakesHost:
    """Makes a host on a database; closed at the end of the test."""

    def make(database: str, dispatch: str = "off") -> Host:
        made = Host(database, receiver, dispatch)
        cleanup.callback(made.bus.close, 0)
        return made

    return make


Process = subprocess.Popen[str]


@pytest.fixture
def run(cleanup: ExitStack) -> Callable[..., Process]:
    """Starts a script of this folder; killed at the end of the test if it still runs."""

    def start(script: str, *arguments: str, **environment: str) -> Process:
        process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

        def end() -> None:
            process.kill()
            process.communicate()

        cleanup.callback(end)
        return process

    return start
