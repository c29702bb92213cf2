"""A receiver that remembers everything, and refuses or dawdles as a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs


@attrs.frozen
class Arrival:
    """A request that was taken: from then on the receiver knows of it, whether or not anybody hears the answer."""

    delivery: str
    workflow: str
    number: int


class Receiver(ThreadingHTTPServer):
    """Answers 200 and keeps what came, in order of arrival."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"
        self._lock = threading.Lock()
        self.requests: Counter[str] = Counter()
        """By delivery, the refused ones too."""
        self.arrivals: list[Arrival] = []
        self.refuses_once = False
        """Whether each delivery is refused at its first request."""
        self.seconds = 0.0
        """How long an answer takes."""
        self.on_arrival: Callable[[], object] = lambda: None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed breaks its connections: that is what the test is for."""

    def takes(self, arrival: Arrival) -> bool:
        """Keeps it, or refuses it."""
        with self._lock:
            self.requests[arrival.delivery] += 1
            if self.refuses_once and self.requests[arrival.delivery] == 1:
                return False
            self.arrivals.append(arrival)
            return True

    def times(self) -> Counter[str]:
        """How often each delivery came."""
        with self._lock:
            return Counter(arrival.delivery for arrival in self.arrivals)

    def numbers(self) -> dict[str, list[int]]:
        """The numbers in the order of their arrival, by workflow."""
        found: dict[str, list[int]] = defaultdict(list)
        with self._lock:
            for arrival in self.arrivals:
                found[arrival.workflow].append(arrival.number)
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        workflow = body["payload"]["workflow"]
        taken = self.server.takes(
            Arrival(self.headers["webhook-id"], workflow["workflow_id"], int(workflow["workflow_subject"]))
        )
        if taken:
            self.server.on_arrival()
        time.sleep(self.server.seconds)
        self.send_response(200 if taken else 503)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Says nothing."""
