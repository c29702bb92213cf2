"""The receiver's end of one connection: reads a request, answers as it is told."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Final, NoReturn, final

import attrs

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

_AT_ONCE: Final = 65536
_HANDSHAKE: Final = b"\x16\x03"  # of TLS: what a client that takes this port for https sends first


@attrs.frozen
class LabRequest:
    """A request as it came."""

    method: str
    target: str
    """The path and the query."""
    headers: tuple[tuple[str, str], ...]
    """As they came, in their order and spelling; read as Latin-1."""
    body: bytes
    raw: bytes
    """Every byte of it."""
    fault: str = ""
    """To which fault it was sent; empty where none waits at that place."""

    def header(self, name: str) -> str | None:
        """The value of the first header *name*, in whatever case it is written."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), None)


@final
class Peer:
    """One connection. What it sends after the sender has gone raises ``OSError``, which ends the conversation."""

    def __init__(self, sock: socket.socket, stopped: threading.Event, own: str) -> None:
        self._sock: Final = sock
        self._stopped: Final = stopped
        self._rest = b""
        self.origin: Final = own
        """Scheme, host and port of the lab at the other end of this connection."""

    def read(self) -> LabRequest | None:
        """The next request; ``None`` where the sender closed instead."""
        data = self._rest
        while b"\r\n\r\n" not in data:
            part = self._sock.recv(_AT_ONCE)
            if not part:
                return None
            data += part
            if data.startswith(_HANDSHAKE):
                self.answer(400, b"this port speaks plain HTTP")
                self.hang_up()
        head, _, rest = data.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        pairs = (field.partition(":") for field in fields)
        headers = tuple((name, value.strip(" \t")) for name, _, value in pairs)
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        while len(rest) < length:
            part = self._sock.recv(_AT_ONCE)
            if not part:
                return None
            rest += part
        body, self._rest = rest[:length], rest[length:]
        method, _, tail = line.partition(" ")
        return LabRequest(method, tail.rpartition(" ")[0], headers, body, head + b"\r\n\r\n" + body)

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """A complete answer; *headers* come before the length."""
        self.send(head(status, {**(headers or {}), "Content-Length": str(len(body))}) + body)

    def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self._sock.sendall(data)

    def pause(self, seconds: float) -> bool:
        """Waits; false once the lab closes, and then there is no more to do."""
        return not self._stopped.wait(seconds)

    def wait_until_closed(self) -> None:
        """Returns when the sender has closed, or the lab does."""
        with contextlib.suppress(OSError):
            while self._sock.recv(_AT_ONCE):
                pass

    def hang_up(self) -> NoReturn:
        """Ends the conversation, and with it the connection."""
        raise ConnectionAbortedError

    def reset(self) -> NoReturn:
        """Closes with a reset (RST) instead of an end (FIN)."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.hang_up()


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Status line and headers, with the blank line behind them."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}\r\n{fields}\r\n".encode("latin-1")


_REASONS: Final = {200: "OK", 204: "No Content", 302: "Found", 429: "Too Many Requests", 500: "Internal Server Error"}
