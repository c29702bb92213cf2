"""A port of this machine's loopback, a thread for each connection to it, and an end for all of them."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any, Final, final

from .peer import Peer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

_PATIENCE: Final = 10.0
"""Seconds that a thread is given to end; none takes as long."""


@final
class Listener:
    """One port of 127.0.0.1; *serve* is called in a thread for each connection, until it returns or raises."""

    def __init__(
        self,
        serve: Callable[[Peer], None],
        stopped: threading.Event,
        *,
        tls: ssl.SSLContext | None,
        scheme: str,
        listens: bool,
    ) -> None:
        self._serve: Final = serve
        self._stopped: Final = stopped
        self._tls: Final = tls
        self._lock: Final = threading.Lock()
        self._open: Final[set[socket.socket]] = set()
        self._threads: Final[list[threading.Thread]] = []
        self._socket: Final = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.origin: Final = f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}"
        if listens:
            self._socket.listen(128)
            self._start(self._accept)

    def _start(self, work: Any, *args: Any) -> None:  # noqa: ANN401 - any callable with its arguments
        thread = threading.Thread(target=work, args=args, name="bellwire-lab", daemon=True)
        with self._lock:  # started within it, so that close() joins no thread that is not started yet
            self._threads.append(thread)
            thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(sock)
            if self._stopped.is_set():
                sock.close()
                return
            self._start(self._converse, sock)

    def _converse(self, sock: socket.socket) -> None:
        served = sock
        # OSError: the sender has gone, refuses the certificate, or the fault closes; ValueError: it sent no HTTP
        with contextlib.suppress(OSError, ValueError):
            if self._tls is not None:
                served = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                with self._lock:
                    self._open.add(served)
                if not self._stopped.is_set():  # else nobody would wake the handshake
                    served.do_handshake()
            if not self._stopped.is_set():
                self._serve(Peer(served, self._stopped, self.origin))
        with self._lock:
            self._open.difference_update((sock, served))
        served.close()

    def close(self) -> None:
        """Closes the port and every connection, and waits for the threads."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        while True:
            with self._lock:
                for sock in self._open:
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
                thread = self._threads.pop() if self._threads else None
            if thread is None:
                return
            thread.join(_PATIENCE)
            if thread.is_alive():
                msg = "a conversation of the lab does not end; this is a fault of the lab's own"
                raise RuntimeError(msg)
