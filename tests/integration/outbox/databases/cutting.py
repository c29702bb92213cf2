"""A network that breaks at a named moment of a transaction, by what goes over it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Literal

LATE = 0.3
"""Seconds that a late message is on its way."""

Moment = Literal["begin", "inserting", "inserted", "commit", "late commit", "committed"]
"""``begin``: the transaction's first statement is lost. ``inserting``: the deliveries are. ``inserted``: they come, the
answer is lost. ``commit``: COMMIT is lost. ``late commit``: it comes when the client has long been told that the
connection broke. ``committed``: it comes, the answer is lost."""

_DELIVERIES = b"INSERT INTO bellwire_deliveries"
_WORDS: dict[str, dict[Moment, bytes]] = {
    "postgresql": {"begin": b"BEGIN", "commit": b"COMMIT\x00"},  # READ COMMITTED is no commit
    "mysql": {"begin": b"SELECT CAST(UNIX_TIMESTAMP", "commit": b"COMMIT"},
}


class CuttingProxy:
    """Forwards to *target*, a server of *kind*, until :meth:`cut_at` says otherwise."""

    def __init__(self, target: tuple[str, int], kind: str) -> None:
        self._target = target
        self._kind = kind
        self._moment: Moment | None = None
        self._gone_afterwards = False
        self._gone = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at(self, moment: Moment, *, for_good: bool) -> None:
        """Breaks the connection on which *moment* comes next, once; *for_good* until :meth:`mend`."""
        self._moment, self._gone_afterwards = moment, for_good

    def mend(self) -> None:
        """All is well again."""
        self._moment = None
        self._gone.clear()

    def close(self) -> None:
        """Accepts no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._gone.is_set():
                near.close()
                continue
            far = socket.create_connection(self._target)
            lose_answer = threading.Event()
            for source, sink, is_client in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pump, args=(source, sink, is_client, lose_answer), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_client: bool, lose_answer: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not is_client and lose_answer.is_set():
                    break
                if is_client and self._has_come(data):
                    moment, self._moment = self._moment, None
                    self.cuts += 1
                    if self._gone_afterwards:
                        self._gone.set()
                    match moment:
                        case "inserted" | "committed":
                            lose_answer.set()
                            sink.sendall(data)
                            continue
                        case "late commit":
                            source.shutdown(socket.SHUT_RDWR)
                            time.sleep(LATE)
                            sink.sendall(data)
                            time.sleep(LATE)
                            break
                        case _:
                            break
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        source.close()  # the other pump closes the other one

    def _has_come(self, data: bytes) -> bool:
        match self._moment:
            case None:
                return False
            case "begin":
                return _WORDS[self._kind]["begin"] in data
            case "inserting" | "inserted":
                return _DELIVERIES in data
            case "commit" | "late commit" | "committed":
                return _WORDS[self._kind]["commit"] in data
