"""``bellwire`` as a user runs it: a process of its own, in a folder with a configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest

COMMAND = (sys.executable, "-W", "error", "-m", "bellwire.core.cli")
PATIENCE = 60.0
"""Seconds after which a process that should have ended is a failure; generous, for machines that are busy."""


@attrs.frozen
class Bellwire:
    """Runs ``bellwire`` in *folder*."""

    folder: Path
    prefix: tuple[str, ...] = ()
    """A program that starts it."""

    def environment(self, **environ: str) -> dict[str, str]:
        """Of the process: none of the settings of whoever runs the tests."""
        return {**os.environ, "PYTHONIOENCODING": "utf-8", **environ}

    def __call__(
        self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.prefix, *COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(**(env or {})),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    def ok(self, *arguments: str, **given: Any) -> str:
        """What it prints on standard output, when all goes well."""
        run = self(*arguments, **given)
        assert run.returncode == 0, f"{arguments}\n{run.stdout}\n{run.stderr}"
        return run.stdout

    def json(self, *arguments: str) -> Any:
        """What it prints with ``--json``."""
        return json.loads(self.ok(*arguments, "--json"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The process, still running; whoever starts it ends it."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def publish(self, *, workflow: str = "1", subject: str = "s") -> str:
        """Publishes an event; returns its id."""
        fields = ("--project-name", "p", "--workflow-id", workflow, "--workflow-subject", subject)
        return self.ok("publish", "create", *fields, "--workflow-status", "wait_for_audit").strip()

    def configure(self, url: str, **settings: object) -> None:
        """Writes a configuration with the webhook channel ``ops``."""
        lines = [f"{name} = {json.dumps(value)}" for name, value in {"enable": True, "url": url, **settings}.items()]
        text = "\n".join(['[channels.ops]\ntype = "webhook"', *lines])
        (self.folder / "bellwire.toml").write_text(text + "\n", "utf-8")


@pytest.fixture
def bellwire(tmp_path: Path) -> Bellwire:
    """The command, in an empty folder."""
    return Bellwire(tmp_path)


class Receiver:
    """A receiver on this machine: what it got, and what it answers."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.answer = b"ok"
        self.hold = threading.Event()
        self.hold.set()
        self.arrived = threading.Semaphore(0)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
                receiver.arrived.release()
                receiver.hold.wait(PATIENCE)
                try:
                    self.send_response(receiver.status)
                    self.send_header("Content-Length", str(len(receiver.answer)))
                    self.end_headers()
                    self.wfile.write(receiver.answer)
                except OSError:  # the client was stopped meanwhile
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stops."""
        self.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that answers 200 until it is told otherwise."""
    found = Receiver()
    yield found
    found.close()
