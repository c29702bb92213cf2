"""The HTTP/1.1 under the receiver: one thread a connection, bodies up to a limit, unmoved by what is no HTTP."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Protocol, TypeAlias

import attrs

from .checks import Verdict

MAX_BODY_BYTES: Final = 1024 * 1024
_IDLE_SECONDS: Final = 60
_STOP_SECONDS: Final = 2.0

_Connection: TypeAlias = "socket.socket | tuple[bytes, socket.socket]"  # the pair is UDP's, and never comes


@attrs.frozen(kw_only=True)
class Request:
    """One request as it came."""

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]
    """Their bytes decoded as Latin-1."""
    body: bytes


class Intake(Protocol):
    """Who takes in what arrives. Called from the connections' threads, many at once."""

    def arrived(self, request: Request, refusal: Verdict | None) -> int:
        """Takes one request and returns the status to answer; *refusal* says why its body was not read."""
        ...

    def noise(self, text: str) -> None:
        """Takes note of a connection that brought no whole request."""
        ...


class Server(ThreadingHTTPServer):
    """Bound once it is made; raises ``OSError`` where the address cannot be had."""

    daemon_threads = True  # an idle connection must not keep the process
    request_queue_size = 128

    def __init__(self, host: str, port: int, intake: Intake) -> None:
        self.intake: Final = intake
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self.address_family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        super().__init__((str(address[0]), int(address[1])), _Handler)

    def server_bind(self) -> None:
        """Binds, without asking the name server for the host's full name, as http.server does: that takes seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: _Connection, client_address: object) -> None:
        """Remembers the connection, and serves it in a thread."""
        if isinstance(request, socket.socket):
            with self._changed:
                self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Connection) -> None:
        """Closes the connection, and forgets it."""
        super().shutdown_request(request)
        if isinstance(request, socket.socket):
            with self._changed:
                self._open.discard(request)
                self._changed.notify_all()

    def handle_error(self, request: _Connection, client_address: object) -> None:
        """Clients that break off are everyday business: no traceback on the terminal."""

    def close_connections(self) -> None:
        """Ends all connections; a request that was read whole is still answered."""
        with self._changed:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
            self._changed.wait_for(lambda: not self._open, timeout=_STOP_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        self.close_connection = True
        try:
            if self.rfile.peek(1)[:1] == b"\x16":  # type: ignore[attr-defined]  # typed as BinaryIO, is a BufferedReader
                self.server.intake.noise("a TLS handshake came: this receiver speaks http, so use http:// in the url")
                return
            self.raw_requestline = self.rfile.readline(65537)
            if self.raw_requestline and self.parse_request():  # which sets close_connection by the headers
                self._exchange()
        except TimeoutError:
            self.close_connection = True
        except OSError:
            self.close_connection = True
            self.server.intake.noise("a client broke off before it had its answer")

    def _exchange(self) -> None:
        refusal, length = self._body_length()
        if refusal is not None:
            self.close_connection = True
            self._answer(self.server.intake.arrived(self._request(b""), refusal))
            self._discard()
            return
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            self.server.intake.noise(f"a client broke off after {len(body)} of {length} bytes of body")
            return
        self._answer(self.server.intake.arrived(self._request(body), None))

    def _request(self, body: bytes) -> Request:
        return Request(
            method=self.command,
            target=self.path,
            version=self.request_version,
            headers=tuple(self.headers.items()),
            body=body,
        )

    def _body_length(self) -> tuple[Verdict | None, int]:
        if "transfer-encoding" in self.headers:
            return Verdict(status=411, remarks=("the body came in chunks; this receiver wants a Content-Length",)), 0
        lengths = self.headers.get_all("content-length", ["0"])
        if len(lengths) != 1 or not (lengths[0].isascii() and lengths[0].isdigit() and len(lengths[0]) < 16):
            return Verdict(status=400, remarks=("the Content-Length cannot be read",)), 0
        if (length := int(lengths[0])) > MAX_BODY_BYTES:
            return Verdict(status=413, remarks=(f"the body has {length} bytes; {MAX_BODY_BYTES} are taken",)), 0
        return None, length

    def _answer(self, status: int) -> None:
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = ""
        text = f"{phrase or status}\n".encode()
        lines = [f"HTTP/1.1 {status} {phrase}"]
        if status in {204, 304}:
            text = b""
        else:
            lines += ["Content-Type: text/plain; charset=utf-8", f"Content-Length: {len(text)}"]
        if status == 405:
            lines.append("Allow: POST")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join([*lines, "", ""]).encode("ascii")
        self.wfile.write(head if self.command == "HEAD" else head + text)

    def _discard(self) -> None:
        # closing with bytes unread resets the connection, and the client might never see the answer
        end = time.monotonic() + 1
        self.connection.settimeout(1)
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while time.monotonic() < end and self.connection.recv(65536):
                pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What ``parse_request`` calls for what is no HTTP."""
        self.close_connection = True
        start = self.raw_requestline[:60].decode("latin-1").rstrip("\r\n")
        self.server.intake.noise(f"something came that is not HTTP ({message or explain or code}): {start}")
        self._answer(400)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Says nothing: arrivals are reported by the intake."""
