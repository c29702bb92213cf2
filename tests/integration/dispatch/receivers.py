"""Receivers on real sockets that answer as a test tells them, and remember what came and what came at once."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Arrived:
    """One request."""

    delivery: str
    kind: str
    action: str
    key: str
    subject: str
    at: float


@attrs.frozen(kw_only=True)
class Answer:
    """What the receiver says."""

    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)


Answering = Callable[[Arrived], Answer | int | None]


class Receiver:
    """Answers what *answering* says, 200 by default; :meth:`refuse` and :meth:`listen` make it go and come back."""

    def __init__(self, answering: Answering = lambda _: 200) -> None:
        self.answering = answering
        self.arrived: list[Arrived] = []
        self.together: Counter[str] = Counter()
        """For each key, how many requests there were at most at the same moment."""
        self.lock = threading.Lock()
        self._now: Counter[str] = Counter()
        self._server: _Server | None = None
        self._port = 0
        self.listen()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._port}/"

    @property
    def subjects(self) -> list[str]:
        """The subjects, or for other kinds the actions, in order of their arrival."""
        with self.lock:
            return [one.subject or one.action for one in self.arrived]

    def of(self, key: str) -> list[str]:
        """The subjects that came with *key*."""
        with self.lock:
            return [one.subject for one in self.arrived if one.key == key]

    def listen(self) -> None:
        """Accepts connections, at the same port as before."""
        self._server = _Server(self, self._port)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def refuse(self) -> None:
        """Breaks every connection and accepts none."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            server.break_all()

    def begin(self, one: Arrived) -> None:
        with self.lock:
            self.arrived.append(one)
            self._now[one.key] += 1
            self.together[one.key] = max(self.together[one.key], self._now[one.key])

    def end(self, one: Arrived) -> None:
        with self.lock:
            self._now[one.key] -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, receiver: Receiver, port: int) -> None:
        self.receiver = receiver
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def break_all(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        about = body["payload"].get("workflow") or {"workflow_id": body["payload"]["channel"]["name"]}
        one = Arrived(
            delivery=self.headers["webhook-id"],
            kind=body["event"],
            action=body["action"],
            key=about["workflow_id"],
            subject=about.get("workflow_subject", ""),
            at=time.monotonic(),
        )
        receiver = self.server.receiver
        receiver.begin(one)
        try:
            said = receiver.answering(one)
        finally:
            receiver.end(one)
        if said is None:
            self.close_connection = True
            return
        answer = Answer(status=said) if isinstance(said, int) else said
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Says nothing."""
