"""A receiver that does as each test scripts it, and a transport that must leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

import attrs
import httpx
import pytest

from bellwire.core.http import EgressPolicy, GuardedTransport

_T = TypeVar("_T")
_GUARD_SECONDS = 20.0  # nothing here takes as long; a hang becomes a failure

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@attrs.define
class Peer:
    """The receiver's end of one connection."""

    sock: socket.socket
    _buffer: bytes = b""

    def read_head(self) -> bytes:
        """The head of a request, without the blank line; empty when the sender has closed."""
        while b"\r\n\r\n" not in self._buffer:
            data = self.sock.recv(65536)
            if not data:
                return b""
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head

    def read_request(self) -> tuple[bytes, bytes] | None:
        """Head and body of a request; ``None`` when the sender has closed."""
        head = self.read_head()
        if not head:
            return None
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(self._buffer) < length:
            data = self.sock.recv(65536)
            if not data:
                return None
            self._buffer += data
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return head, body

    def send(self, *data: bytes) -> None:
        """Each piece in a packet of its own."""
        for piece in data:
            self.sock.sendall(piece)
            if len(data) > 1:
                time.sleep(0.002)

    def wait_for_close(self) -> None:
        """Returns when the sender has closed."""
        with contextlib.suppress(OSError):
            while self.sock.recv(65536):
                pass

    def reset(self) -> None:
        """Closes with a reset instead of an end of file."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.sock.close()


Script: TypeAlias = Callable[[Peer], None]
Answering: TypeAlias = Callable[..., Script]


class Serve(Protocol):
    """Starts a receiver."""

    def __call__(self, script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Receiver: ...


class Receiver:
    """Runs *script* in a thread for each connection, and closes the connection after it."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None, host: str) -> None:
        self.connections = 0
        self.errors: queue.SimpleQueue[BaseException] = queue.SimpleQueue()
        self.scheme = "https" if tls else "http"
        self._script = script
        self._tls = tls
        self._listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def authority(self) -> str:
        host = self._listener.getsockname()[0]
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}/hook"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            sock.settimeout(_GUARD_SECONDS)
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            self._script(Peer(sock))
        except OSError:
            pass  # the sender went away: what it makes of the test is the test's own matter
        except BaseException as error:
            self.errors.put(error)
        finally:
            sock.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_GUARD_SECONDS)
            assert not thread.is_alive(), "the receiver's script hangs"
        if not self.errors.empty():
            raise self.errors.get()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts receivers, and closes them after the test."""
    receivers: list[Receiver] = []

    def start(script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Receiver:
        receivers.append(Receiver(script, tls, host))
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.close()


def answering(*pieces: bytes) -> Script:
    """Answers each request with *pieces*, each in a packet of its own, and stays open."""

    def script(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(*pieces)

    return script


def answering_once(*pieces: bytes) -> Script:
    """Answers one request with *pieces*, and closes."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(*pieces)

    return script


@pytest.fixture(name="answering")
def _answering() -> Answering:
    return answering


@pytest.fixture(name="answering_once")
def _answering_once() -> Answering:
    return answering_once


@pytest.fixture
def fill_backlog() -> Iterator[Callable[[int], int]]:
    """Makes a port of 127.0.0.1 let connections hang: its backlog is full, and nobody accepts. Returns the port."""
    with contextlib.ExitStack() as stack:

        def fill(port: int = 0) -> int:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", port))
            listener.listen(0)
            for _ in range(8):
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
            bound: int = listener.getsockname()[1]
            return bound

        yield fill


@pytest.fixture
def full_port(fill_backlog: Callable[[int], int]) -> int:
    """A port that lets connections hang."""
    return fill_backlog(0)


@attrs.frozen
class Runner:
    """Runs coroutines with a transport, on one of the event loops."""

    loop_factory: Callable[[], asyncio.AbstractEventLoop]

    def __call__(self, use: Callable[[GuardedTransport], Awaitable[_T]], **options: Any) -> _T:
        """What ``use(transport)`` returns; the transport must leave no socket, task or timer behind."""
        options.setdefault("policy", EgressPolicy("internal"))

        async def main() -> _T:
            transport = GuardedTransport(**options)
            try:
                async with asyncio.timeout(_GUARD_SECONDS):
                    return await use(transport)
            finally:
                pool = transport._pool
                await transport.aclose()
                assert asyncio.all_tasks() == {asyncio.current_task()}
                timers = getattr(asyncio.get_running_loop(), "_scheduled", ())  # uvloop shows none
                assert all(timer.cancelled() for timer in timers)
                if pool is not None:
                    assert pool._sweeper is None
                    assert not pool._open
                    assert not pool._slots

        with asyncio.Runner(loop_factory=self.loop_factory) as runner:
            return runner.run(main())

    def send(
        self,
        url: str,
        *,
        method: str = "POST",
        content: bytes = b"{}",
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        """One request."""

        async def use(transport: GuardedTransport) -> httpx.Response:
            response = await transport.handle_async_request(
                httpx.Request(method, url, content=content, headers=headers)
            )
            await response.aread()
            return response

        return self(use, **options)


def _uvloop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Runner:
    """Runs a coroutine with a transport, on asyncio's loop and on uvloop's."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
        return Runner(_uvloop)
    return Runner(asyncio.new_event_loop)
