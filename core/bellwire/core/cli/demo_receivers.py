"""The receivers of the tour: small HTTP servers on this machine that show what arrives."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LOOPBACK: Final = "127.0.0.1"


@attrs.frozen(kw_only=True)
class Arrival:
    """One request as it arrived, and its answer."""

    receiver: str
    number: int
    head: tuple[str, ...]
    """The request line and the headers."""
    body: str
    answer: HTTPStatus


@contextmanager
def receiver(name: str, refusals: Mapping[str, int], tell: Callable[[Arrival], None]) -> Iterator[str]:
    """A receiver that answers 200, but 503 to the first so many requests of an action; gives its URL."""
    left = dict(refusals)
    lock = threading.Lock()
    count = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "demo"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            with lock:
                answer = self._answer(body)
            content = b"" if answer is HTTPStatus.OK else b"still starting"
            self.send_response(answer)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _answer(self, body: str) -> HTTPStatus:
            nonlocal count
            count += 1
            action = json.loads(body)["action"]
            refused = left.get(action, 0) > 0
            if refused:
                left[action] -= 1
            answer = HTTPStatus.SERVICE_UNAVAILABLE if refused else HTTPStatus.OK
            head = (self.requestline, *(f"{header}: {value}" for header, value in self.headers.items()))
            tell(Arrival(receiver=name, number=count, head=head, body=body, answer=answer))
            return answer

        def log_message(self, *_: object) -> None:
            pass  # the arrival has been told

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05), name=f"demo-{name}", daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def silence() -> Iterator[str]:
    """The URL of a port where nobody listens, kept so while this holds."""
    with socket.socket() as bound:  # bound, so that nobody else takes it; not listening, so that it refuses
        bound.bind((LOOPBACK, 0))
        yield f"http://{LOOPBACK}:{bound.getsockname()[1]}"
