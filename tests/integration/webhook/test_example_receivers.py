"""The receivers that the guide shows: each refuses what it must, and takes each delivery once."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from bellwire.channels.webhook import WebhookConfig, verify
from bellwire.channels.webhook.request import RequestBuilder
from bellwire.channels.webhook.signatures import SCHEMES
from bellwire.hookspecs import Secret

EXAMPLES: Final = Path(__file__).parents[3] / "docs" / "examples" / "receivers"
OLD: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW: Final = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
OTHER: Final = "whsec_51TKyHBy5KFY1Ab98GQ8V60BkWnejkWy"
PYTHON: Final = (sys.executable, "-W", "error")


@attrs.frozen
class Example:
    """How one of the receivers is run, and what it needs."""

    file: str
    command: Sequence[str]
    needs: Sequence[str] = ()

    @property
    def missing(self) -> list[str]:
        return [program for program in self.needs if shutil.which(program) is None]


RECEIVERS: Final = [
    Example("flask_receiver.py", [*PYTHON, "flask_receiver.py"]),
    Example("fastapi_receiver.py", [*PYTHON, "fastapi_receiver.py"]),
    Example("django_receiver.py", [*PYTHON, "django_receiver.py"]),
    Example("receiver.mjs", ["node", "receiver.mjs"], ["node"]),
    Example("Receiver.java", ["java", "-XX:TieredStopAtLevel=1", "Receiver.java"], ["java", "javac"]),
    Example("receiver.go", ["go", "run", "receiver.go"], ["go"]),
]
SHELL: Final = Example("receiver.sh", ["bash", "receiver.sh"], ["bash", "openssl", "jq", "sha256sum", "od"])


@attrs.frozen
class Running:
    """A receiver that answers, and what it has taken."""

    port: int
    taken: Callable[[], list[str]]

    def post(self, body: bytes, headers: list[tuple[bytes, bytes]]) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/", body, {name.decode(): value.decode() for name, value in headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture(params=[*RECEIVERS, SHELL], ids=lambda example: example.file)
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    example: Example = request.param
    if example.missing:
        pytest.skip(f"{', '.join(example.missing)} is not on this machine")
    shutil.copy(EXAMPLES / example.file, tmp_path)
    shutil.copy(verify.__file__, tmp_path)  # as the guide tells the reader to do
    yield from (as_cgi if example is SHELL else as_process)(example, tmp_path)


def as_process(example: Example, folder: Path) -> Iterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"PORT": str(port), "HOOK_SECRET": f"{NEW} {OLD}", "GOFLAGS": "-mod=mod"}
    with (
        (folder / "output").open("wb") as output,
        subprocess.Popen(
            example.command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        ) as process,
    ):
        try:
            wait_for(port, process, folder / "output")

            def taken() -> list[str]:
                text = (folder / "output").read_text("utf-8", "replace")
                return [line for line in text.splitlines() if line.startswith("1658637666259832832")]

            yield Running(port, taken)
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # of `go run` the child, too


def wait_for(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(output.read_text("utf-8", "replace"))


def as_cgi(example: Example, folder: Path) -> Iterator[Running]:
    """Serves the program by CGI (RFC 3875), as web servers do."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            variables = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
            length = self.headers["content-length"]
            done = subprocess.run(
                example.command,
                cwd=folder,
                env={"PATH": os.environ["PATH"], "HOOK_SECRET": f"{NEW} {OLD}", "CONTENT_LENGTH": length, **variables},
                input=self.rfile.read(int(length)),
                stdout=subprocess.PIPE,
                check=True,
            )
            head, _, text = done.stdout.partition(b"\r\n\r\n")
            self.send_response(int(head.split()[1]))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    events = folder / "taken" / "events"
    try:
        yield Running(server.server_port, lambda: events.read_text("utf-8").splitlines())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def request_for(body: str, webhook_id: str, *secrets: str) -> list[tuple[bytes, bytes]]:
    config = WebhookConfig(
        url="http://127.0.0.1/", signature="standard", signing_secret=tuple(Secret(secret) for secret in secrets)
    )
    kept = {b"Content-Type", b"webhook-id", b"webhook-timestamp", b"webhook-signature"}
    return [header for header in RequestBuilder(config).build(body, webhook_id).headers.raw if header[0] in kept]


def without(headers: list[tuple[bytes, bytes]], name: bytes) -> list[tuple[bytes, bytes]]:
    return [header for header in headers if header[0] != name]


def signed_at(body: str, webhook_id: str, at: int) -> list[tuple[bytes, bytes]]:
    signed = SCHEMES["standard"].signer([OLD])(webhook_id.encode(), at, body.encode())
    return [(b"Content-Type", b"application/json"), (b"webhook-id", webhook_id.encode()), *signed]


def test_a_receiver_takes_what_is_signed_once_and_refuses_everything_else(receiver: Running, sample_json: str) -> None:
    approve = sample_json.replace('"create"', '"approve"')
    message = '{"event":"test","action":"test","timestamp":"2023-05-18T15:45:25+08:00","payload":{"message":"工单"}}'
    now = int(time.time())
    first = request_for(sample_json, "id-1", OLD)

    expected: list[tuple[str, list[tuple[bytes, bytes]], int, str]] = [
        (sample_json, first, 200, "ok"),
        (sample_json, first, 200, "ok"),  # again: taken once
        (sample_json, request_for(sample_json, "id-1", NEW), 200, "ok"),  # a later attempt, after the secret changed
        (approve, request_for(approve, "id-2", NEW, OTHER), 200, "ok"),
        (message, request_for(message, "id-3", OTHER, OLD), 200, "ok"),
        (approve, first, 401, "altered"),
        (sample_json, request_for(sample_json, "id-4", OTHER), 401, "another"),
        (sample_json, [*without(first, b"webhook-id"), (b"webhook-id", b"id-5")], 401, "altered"),
        (sample_json, signed_at(sample_json, "id-6", now - 400), 401, "ago"),
        (sample_json, signed_at(sample_json, "id-7", now + 400), 401, "clock"),
        (sample_json, signed_at(sample_json, "id-8", now - 100), 200, "ok"),
        *((sample_json, without(first, name), 401, "missing") for name, _ in first if name != b"Content-Type"),
        (sample_json, [*without(first, b"webhook-timestamp"), (b"webhook-timestamp", b"soon")], 401, "number"),
        (sample_json, [*without(first, b"webhook-signature"), (b"webhook-signature", b"v1,")], 401, "altered"),
    ]
    for number, (body, headers, status, word) in enumerate(expected):
        got = receiver.post(body.encode(), headers)
        assert (number, got[0]) == (number, status), got
        assert word in got[1], (number, got)
    assert receiver.taken() == [
        "1658637666259832832 create",
        "1658637666259832832 approve",
        "1658637666259832832 create",
    ]


def test_every_receiver_is_tried_and_stands_in_the_guide() -> None:
    files = {path.name for path in EXAMPLES.iterdir() if path.is_file()}
    guide = (EXAMPLES.parents[1] / "guide" / "receivers.md").read_text("utf-8")
    tried: Any = {example.file for example in (*RECEIVERS, SHELL)}
    assert files == tried
    assert all(f"<!-- copy of: docs/examples/receivers/{file} -->" in guide for file in files)
