"""A real forward proxy, small: tunnels (CONNECT) and whole URLs, with Basic authentication or without."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from base64 import b64encode
from typing import Final
from urllib.parse import urlsplit

import attrs


@attrs.define
class ForwardProxy:
    """Serves each connection in a thread; says what it was asked for."""

    user: str = ""
    """``name:password`` that it wants to hear; empty: nothing."""
    tls: ssl.SSLContext | None = None
    connect_answer: bytes = b""
    """Said in place of opening a tunnel."""
    names: dict[str, str] = attrs.field(factory=dict)
    """How it resolves names; others as they are."""
    asked: list[str] = attrs.field(factory=list, init=False)
    """Request lines, in their order."""
    heads: list[bytes] = attrs.field(factory=list, init=False)
    connections: int = attrs.field(default=0, init=False)
    _open: set[socket.socket] = attrs.field(factory=set, init=False)
    _listener: socket.socket = attrs.field(factory=lambda: socket.create_server(("127.0.0.1", 0)), init=False)

    def __attrs_post_init__(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_all()

    def drop_all(self) -> None:
        """Ends every connection, as a proxy that restarts."""
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._open.add(sock)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        sock = raw
        with contextlib.suppress(OSError):
            if self.tls is not None:
                sock = self.tls.wrap_socket(raw, server_side=True)
                self._open.add(sock)
            while head := _head(sock):
                self._answer(sock, *head)
        for each in (sock, raw):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open -= {sock, raw}

    def _answer(self, sock: socket.socket, head: bytes, rest: bytes) -> None:
        line, _, fields = head.partition(b"\r\n")
        self.asked.append(line.decode())
        self.heads.append(head)
        method, target, _ = line.decode().split(" ")
        if self.user and b"Proxy-Authorization: Basic " + b64encode(self.user.encode()) not in fields:
            sock.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
        elif method == "CONNECT" and self.connect_answer:
            sock.sendall(self.connect_answer)
            raise ConnectionAbortedError
        else:
            self._hand_on(sock, method, target, fields, rest)

    def _hand_on(self, sock: socket.socket, method: str, target: str, fields: bytes, rest: bytes) -> None:
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        assert parts.hostname is not None
        try:
            address = (self.names.get(parts.hostname, parts.hostname), parts.port or 80)
            receiver = socket.create_connection(address, timeout=10)
        except OSError:
            sock.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        with receiver:
            self._open.add(receiver)
            if method == "CONNECT":
                sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _relay(sock, receiver)
                raise ConnectionAbortedError
            kept = [field for field in fields.split(b"\r\n") if not field.lower().startswith(b"proxy-")]
            length = next((int(each[15:]) for each in kept if each.lower().startswith(b"content-length:")), 0)
            while len(rest) < length:
                rest += sock.recv(65536)
            line = f"{method} {parts.path or '/'} HTTP/1.1".encode()
            receiver.sendall(b"\r\n".join([line, *kept, b"Connection: close", b"", b""]) + rest)
            while data := receiver.recv(_CHUNK):
                sock.sendall(data)


_CHUNK: Final = 65536


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Both ways in one thread, until either side ends: OpenSSL's connections bear no two threads."""
    other_of = {one: other, other: one}
    with contextlib.suppress(OSError):
        while True:
            waiting = [each for each in other_of if isinstance(each, ssl.SSLSocket) and each.pending()]
            for source in waiting or select.select(list(other_of), [], [])[0]:
                data = source.recv(_CHUNK)
                if not data:
                    return
                other_of[source].sendall(data)


def _head(sock: socket.socket) -> tuple[bytes, bytes] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(_CHUNK)
        if not more:
            return None
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest
