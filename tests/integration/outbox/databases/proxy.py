"""A network in between that a test cuts and mends, and servers that say what a test wants to hear."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable

Change = Callable[[bytes], bytes]


class Proxy:
    """Forwards each connection to *target*. *change* may alter what the server says."""

    def __init__(self, target: tuple[str, int], change: Change = lambda data: data) -> None:
        self._target = target
        self._change = change
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.port = 0
        self.accepted = 0
        self.mend()

    def mend(self) -> None:
        """Accepts connections, at the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Breaks every connection and accepts none."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # closing alone does not wake who accepts
            listener.close()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self.accepted += 1
            with self._lock:
                self._open |= {near, far}
            threading.Thread(target=self._pump, args=(near, far, lambda data: data), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, self._change), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, change: Change) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(change(data))
        with self._lock:
            self._open -= {source, sink}
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            if one is source:
                one.close()


def is_version(version: str) -> Change:
    """MySQL's server, which says that it is *version* when it greets and when it is asked."""
    real: list[bytes] = []

    def change(data: bytes) -> bytes:
        if data[3:5] == b"\x00\x0a":  # the first packet of a connection, in version 10 of the protocol
            greeting, _, rest = data[5 : 4 + int.from_bytes(data[:3], "little")].partition(b"\x00")
            real[:] = [greeting.removeprefix(b"5.5.5-")]
            return _packet(0, b"\x0a" + version.encode() + b"\x00" + rest)
        row = bytes([len(real[0])]) + real[0]
        before, found, after = data.partition(len(row).to_bytes(3, "little"))
        if found and after[1:].startswith(row):
            said = version.removeprefix("5.5.5-").encode()
            return before + _packet(after[0], bytes([len(said)]) + said) + after[1 + len(row) :]
        return data

    return change


def _packet(number: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "little") + bytes([number]) + content


def calls_itself(version: str) -> Change:
    """PostgreSQL's server, of another version: as long as the real one's, because its rows say how long they are."""

    def change(data: bytes) -> bytes:
        return re.sub(
            rb"(PostgreSQL )(\d+\.\d+)",
            lambda found: found[1] + version.encode().ljust(len(found[2]))[: len(found[2])],
            data,
        )

    return change


class Refusing:
    """Accepts a connection, says *words*, and closes it: a server that lets nobody in."""

    def __init__(self, words: bytes, *, waits: bool) -> None:
        self._words = words
        self._waits = waits
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                with peer:
                    if self._waits:  # in PostgreSQL the client speaks first; it may ask for TLS or GSSAPI before
                        while int.from_bytes(peer.recv(1024)[4:8], "big") in {80877103, 80877104}:
                            peer.sendall(b"N")
                    peer.sendall(self._words)
                    peer.shutdown(socket.SHUT_WR)
                    peer.recv(1024)

    def close(self) -> None:
        """Listens no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def postgresql_error(code: str, text: str) -> bytes:
    """https://www.postgresql.org/docs/current/protocol-error-fields.html"""
    fields = b"".join(name + value.encode() + b"\x00" for name, value in ((b"S", "FATAL"), (b"C", code), (b"M", text)))
    return b"E" + struct.pack(">I", len(fields) + 5) + fields + b"\x00"


def mysql_error(number: int, text: str) -> bytes:
    """https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html, before a handshake."""
    return _packet(0, b"\xff" + number.to_bytes(2, "little") + text.encode())
