"""A receiver, a configuration that points at it, and processes that end with the test."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

PATIENCE: Final = 60.0
"""Seconds until a test gives up; nothing here takes them unless it hangs."""
BIN: Final = Path(sys.executable).parent


def eventually(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """The first true value of *condition*."""
    give_up = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < give_up, f"not within {patience:g} s: {what}"
        time.sleep(0.01)
    return value


class Receiver:
    """A receiver on a port of its own: keeps every body, and answers 200, when it is allowed to."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.documents.append(json.loads(body))
                receiver.may_answer.wait(PATIENCE)
                with contextlib.suppress(OSError):  # a client that was killed
                    self.send_response(200)
                    self.send_header("content-length", "0")
                    self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def workflow_ids(self) -> list[str]:
        """The workflow of each request, in the order of arrival."""
        return [document["payload"]["workflow"]["workflow_id"] for document in list(self.documents)]

    def wait_for(self, number: int) -> None:
        eventually(lambda: len(self.documents) >= number, f"{number} requests; there are {len(self.documents)}")

    def close(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def config(tmp_path: Path, receiver: Receiver) -> Path:
    """A ``bellwire.toml`` whose one channel is the receiver; the database lies beside it."""
    file = tmp_path / "bellwire.toml"
    file.write_text(f'[channels.ops]\ntype = "webhook"\nenable = true\nurl = "{receiver.url}"\n', "utf-8")
    return file


@attrs.define
class Running:
    """A process and what it prints."""

    process: subprocess.Popen[bytes]
    output: Path
    port: int = 0

    @property
    def text(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def says(self, text: str, times: int = 1) -> None:
        """Waits until *text* was printed."""

        def look() -> bool:
            assert self.process.poll() is None or self.text.count(text) >= times, f"never said {text!r}:\n{self.text}"
            return self.text.count(text) >= times

        eventually(look, f"{text!r} in what {self.output} holds")

    def answers(self) -> Running:
        """Waits until it listens on its port."""

        def look() -> bool:
            assert self.process.poll() is None, f"ended early:\n{self.text}"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True
            return False

        eventually(look, f"a server on port {self.port}")
        return self

    def post(self, path: str) -> Any:
        """Its JSON answer to a POST."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("POST", path)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, f"{answer.status} {body!r}\n{self.text}"
            return json.loads(body)
        finally:
            connection.close()

    def ends(self, patience: float = PATIENCE) -> int:
        """Waits for its end; returns the exit code."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {patience:g} s:\n{self.text}")

    def terminate(self) -> None:
        """What a service manager sends first."""
        self.process.send_signal(signal.SIGTERM)


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path, config: Path) -> Iterator[Start]:
    """Starts a program of this environment in *cwd*; whatever still runs at the end of the test is killed.

    ``{port}`` among the arguments is a free port.
    """
    running: list[Running] = []

    def start_one(program: str, *arguments: str, cwd: Path = tmp_path, **environment: str) -> Running:
        output = tmp_path / f"output-{len(running)}.txt"
        port = free_port() if any("{port}" in argument for argument in arguments) else 0
        with output.open("wb") as stream:
            process = subprocess.Popen(
                [str(BIN / program), *(argument.replace("{port}", str(port)) for argument in arguments)],
                cwd=cwd,
                env=process_environment({"BELLWIRE_CONFIG": str(config), "HOME": str(tmp_path), **environment}),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running.append(Running(process, output, port))
        return running[-1]

    yield start_one
    for one in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()


def process_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a host, which knows nothing of this test run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COVERAGE"))}
    return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", **extra}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
