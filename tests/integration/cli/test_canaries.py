"""A whole run with planted secrets, against a receiver that echoes all it gets: none of them comes out anywhere.

Every logger is at DEBUG. What each command prints, what is logged, and every byte of the database are looked through
for each secret in each form that a receiver may send it back in.
"""

from __future__ import annotations

import base64
import html
import json
import logging
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from bellwire.core import Bus
from bellwire.core.cli import root

KEY: Final = base64.b64encode(b"canary-of-the-signing-key-012345").decode()
SECRETS: Final = {
    "token": 'canary-token-"Tök€n"\\Wx7',
    "signing key": KEY,
    "user": "canary-user-Wx7",
    "password": "canary-pässwörd-Wx7",
    "query": "canary-query-ä&Wx7",
}
PATH: Final = "canary-path-Wx7"
"""Pages and errors may show a URL's path, logs may not."""


NAMES: Final = ("echo", "basic", "closed", "plain", "nowhere", "refused")


def forms(secret: str) -> set[str]:
    """How *secret* may look when it comes back."""
    latin = secret.encode().decode("latin-1")
    plain = {secret, latin, quote(secret), quote(secret, safe=""), html.escape(secret)}
    return plain | {json.dumps(each, ensure_ascii=escaped)[1:-1] for each in plain for escaped in (True, False)}


FORMS: Final = {name: forms(secret) for name, secret in SECRETS.items()} | {
    "basic credentials": {base64.b64encode(f"{SECRETS['user']}:{SECRETS['password']}".encode()).decode()}
}


def leaks(text: str) -> list[str]:
    """Which secrets *text* holds."""
    return [name for name, found in FORMS.items() if any(form in text for form in found)]


class Echo:
    """Answers with all that it got, in one way after another."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        echo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                echo.headers.append(dict(self.headers.items()))
                seen = {"request": self.requestline, **dict(self.headers.items())}
                text = "\n".join(f"{name}: {value}" for name, value in seen.items())
                echo.requests.append(text)
                body, kind, status = WAYS[len(echo.requests) % len(WAYS)](seen, text)
                reason = self.headers.get("Authorization", "no") if len(echo.requests) % 2 else "No"
                self.wfile.write(f"HTTP/1.1 {status} {reason}\r\n".encode("latin-1"))
                for name, value in (
                    *(("X-Echo-" + name, value) for name, value in self.headers.items()),
                    ("Location", f"http://{SECRETS['user']}:x@h{self.path}"),
                    ("Content-Type", kind),
                    ("Content-Length", str(len(body))),
                ):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True)
        self._thread.start()
        self.port = self._server.server_port

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


Way = Callable[[dict[str, str], str], tuple[bytes, str, int]]
WAYS: Final[tuple[Way, ...]] = (
    lambda seen, text: (text.encode("latin-1"), "text/plain", 500),  # the very bytes that came
    lambda seen, text: (text.encode(), "text/plain; charset=utf-8", 500),  # as Latin-1 that became UTF-8
    lambda seen, text: (json.dumps(seen).encode(), "application/json", 401),
    lambda seen, text: (json.dumps(seen, ensure_ascii=False).encode(), "application/json", 302),
    lambda seen, text: (html.escape(text).encode(), "text/html", 500),
    lambda seen, text: (text.encode() * 40, "text/plain", 500),  # cut, perhaps in the middle of a secret
    lambda seen, text: (text.encode(), "text/plain", 200),
)


@pytest.fixture
def echo() -> Iterator[Echo]:
    """The receiver."""
    found = Echo()
    yield found
    found.close()


def configuration(folder: Path, port: int) -> Path:
    """A channel for each way in which secrets go out: a token and a signature, and a URL's credentials."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    credentials = f"{quote(SECRETS['user'])}:{quote(SECRETS['password'], safe='')}@"
    beyond = f"/{PATH}?key={quote(SECRETS['query'], safe='')}"
    token = f"token = {json.dumps(SECRETS['token'], ensure_ascii=False)}\n"
    signing = f'signature = "standard"\nsigning_secret = "whsec_{KEY}"\n'
    channels = {
        "echo": f'url = "http://127.0.0.1:{port}{beyond}"\n{token}{signing}',
        "basic": f'url = "http://{credentials}127.0.0.1:{port}{beyond}"\n{signing}',
        "closed": f'url = "http://{credentials}127.0.0.1:{closed}{beyond}"\n{token}{signing}',
        "plain": f'url = "https://{credentials}127.0.0.1:{port}{beyond}"\n{token}{signing}',
        "nowhere": f'url = "http://{credentials}no-such-host.invalid{beyond}"\n{token}{signing}',
        "refused": f'url = "http://{credentials}169.254.169.254{beyond}"\n{token}{signing}',
    }
    text = "".join(f'[channels.{name}]\ntype = "webhook"\nenable = true\n{lines}' for name, lines in channels.items())
    (folder / "bellwire.toml").write_text(text, "utf-8")
    return folder / "bellwire.toml"


@pytest.fixture(autouse=True)
def _every_logger_at_debug(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.DEBUG)
    # The command sets Bellwire's own loggers to a level; here nothing is held back.
    monkeypatch.setattr(logging.Logger, "isEnabledFor", lambda *_: True)


def run(*arguments: str) -> str:
    """What a command prints, its refusal included."""
    return CliRunner().invoke(root, arguments).output


def test_no_planted_secret_comes_out_of_any_command_log_or_column(
    tmp_path: Path, echo: Echo, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration(tmp_path, echo.port)
    monkeypatch.chdir(tmp_path)
    told = {"check": run("check")}
    for _ in WAYS:
        told |= {f"test {name}": run("test", name) for name in ("echo", "basic")}
    told |= {f"test {name} --json": run("test", name, "--json") for name in NAMES}
    fields = ("--project-name", "p", "--workflow-id", "1", "--workflow-subject", "s", "--workflow-status", "w")
    told |= {f"publish {action}": run("publish", action, *fields) for action in ("create", "approve")}
    told["worker"] = run("worker", "--once", "--log-level", "debug")
    for what in ("status", "channels", "deliveries", "plugins", "types"):
        told |= {what: run(what), f"{what} --json": run(what, "--json")}
    deliveries = json.loads(CliRunner().invoke(root, ("deliveries", "--json")).stdout)
    assert {each["channel"] for each in deliveries} == set(NAMES)
    for each in deliveries:
        for command in ("show", "explain"):
            told[f"{command} {each['channel']}"] = run(command, each["id"])
            told[f"{command} {each['channel']} --json"] = run(command, each["id"], "--json")

    assert len(echo.requests) > 10, "the receiver got little to echo"
    assert {name for text in echo.requests for name in leaks(text)} >= {"token", "query", "basic credentials"}
    assert {command: leaks(text) for command, text in told.items() if leaks(text)} == {}
    assert "********" in told["show echo"], "the echo was kept, with the secrets masked"
    assert len(caplog.records) > 100
    assert leaks(caplog.text) == []
    # SQLAlchemy at DEBUG shows the rows that it reads; an attempt's sentence names the path there, as its page does.
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("sqlalchemy")]
    # What a receiver says itself may repeat its own path; we never name it.
    assert not [line for line in ours if PATH in line.partition(" body(")[0]]
    files = [file for file in tmp_path.iterdir() if file.name != "bellwire.toml"]
    assert {file.name: found for file in files if (found := leaks(file.read_bytes().decode("utf-8", "replace")))} == {}
    assert {column: leaks(text) for column, text in columns(tmp_path) if leaks(text)} == {}


def columns(folder: Path) -> Iterator[tuple[str, str]]:
    """Every text in the database."""
    (file,) = folder.glob("*.db")
    connection = sqlite3.connect(file)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            cursor = connection.execute(f"SELECT * FROM {table}")
            names = [each[0] for each in cursor.description]
            for row in cursor:
                yield from ((f"{table}.{name}", str(value)) for name, value in zip(names, row, strict=True))
    finally:
        connection.close()


def test_no_planted_secret_is_in_a_repr(tmp_path: Path, echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bus = Bus.from_file(configuration(tmp_path, echo.port))
    try:
        trials = [bus.test(name) for name in NAMES]
        shown: list[Any] = [bus, bus.settings, bus.settings.channels, bus.status(), trials]
    finally:
        bus.close()
    assert all(trial.outcome for trial in trials)
    assert leaks("\n".join(f"{each!r} {each}" for each in shown)) == []
