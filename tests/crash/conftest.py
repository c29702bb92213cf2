"""Real processes that are killed, a real receiver that remembers, and what must hold however they died.

``BELLWIRE_CRASH_ROUNDS`` says how often each step is tried: 2 without it; 30 for the figures in the docs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.hookspecs import Workflow

# Read here, because every test starts without anybody's BELLWIRE_ variables.
ROUNDS: Final = int(os.environ.get("BELLWIRE_CRASH_ROUNDS", "2"))
HERE: Final = Path(__file__).parent
PATIENCE: Final = 120.0


class Receiver(ThreadingHTTPServer):
    """Answers 200 and keeps what came: webhook-id, workflow and number of each request, in order of arrival."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrived: list[tuple[str, str, int]] = []
        self.lock = threading.Lock()
        self.on_arrival: Callable[[str], None] = lambda _: None
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed breaks its connections: that is what the test is for."""

    def times(self) -> Counter[str]:
        """How often each delivery came."""
        with self.lock:
            return Counter(delivery for delivery, _, _ in self.arrived)

    def order(self) -> dict[str, list[int]]:
        """The numbers in the order of their arrival, by workflow."""
        found: dict[str, list[int]] = defaultdict(list)
        with self.lock:
            for _, workflow, number in self.arrived:
                found[workflow].append(number)
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        workflow = body["payload"]["workflow"]
        delivery = self.headers["webhook-id"]
        with self.server.lock:
            self.server.arrived.append((delivery, workflow["workflow_id"], int(workflow["workflow_subject"])))
        self.server.on_arrival(delivery)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Says nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield receiver
    receiver.shutdown()
    receiver.server_close()
    thread.join(10)


class House:
    """A database, its publisher here, and its workers in processes of their own."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self.database = f"sqlite:///{folder}/bellwire.db"
        self.receiver = receiver
        self.published: dict[str, list[int]] = defaultdict(list)
        self.workers: list[subprocess.Popen[str]] = []
        hook = WebhookConfig(enable=True, url=receiver.url)
        self.bus = Bus(Settings(database=self.database, dispatch="off", channels={"hook": hook}), channel_types={})
        self._numbers = iter(range(1_000_000))

    def publish(self, amount: int, *, workflows: int = 5) -> None:
        """So many events, of so many workflows in turn."""
        for _ in range(amount):
            number = next(self._numbers)
            workflow_id = str(number % workflows)
            self.bus.notify_workflow(
                "create",
                Workflow(
                    project_name="p",
                    workflow_id=workflow_id,
                    workflow_subject=str(number),
                    workflow_status="finished",
                ),
            )
            self.published[workflow_id].append(number)

    def worker(self, step: str = "never", after: int = 1, **environment: str) -> subprocess.Popen[str]:
        """Starts one, which is gone at *step*."""
        process = subprocess.Popen(
            [sys.executable, str(HERE / "worker_process.py"), self.database, self.receiver.url, step, str(after)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self.workers.append(process)
        return process

    def is_settled(self) -> bool:
        """Whether nothing is open any more."""
        return not any(
            count.due + count.scheduled + count.parked + count.in_flight for count in self.bus.outbox.counts().values()
        )

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Until *condition* holds."""
        give_up = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < give_up, f"{what}: {self.bus.status()}"
            time.sleep(0.02)

    def wait_until_settled(self) -> None:
        """Until nothing is open any more."""
        self.wait(self.is_settled, "not settled")

    def close(self) -> None:
        """Ends every worker that is left."""
        for worker in self.workers:
            worker.kill()
            worker.wait(30)
            assert worker.stdout is not None
            worker.stdout.close()
        self.bus.close()

    def check(self) -> None:
        """Lost is 0; each came at least once, and key by key in publish order, up to repetition."""
        arrived = self.receiver.order()
        for workflow, numbers in self.published.items():
            assert arrived[workflow] == sorted(arrived[workflow]), f"workflow {workflow} came out of order"
            assert sorted(set(arrived[workflow])) == numbers, f"of workflow {workflow} something was lost"
        assert self.bus.outbox.counts() == {}
        with self.bus.outbox.database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"

    def told(self, step: str, kills: int) -> str:
        """The line for the page in the docs."""
        times = self.receiver.times()
        twice = sum(count > 1 for count in times.values())
        published = sum(map(len, self.published.values()))
        return f"{step}: killed {kills}, published {published}, delivered {len(times)}, more than once {twice}"


@pytest.fixture
def house(tmp_path: Path, receiver: Receiver) -> Iterator[House]:
    house = House(tmp_path, receiver)
    yield house
    house.close()


@pytest.fixture
def rounds() -> int:
    """How often each step is tried."""
    return ROUNDS
