from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import httpx
import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.channel import WebhookChannel
from bellwire.core.http import EgressPolicy, GuardedTransport
from bellwire.hookspecs import Delivery, Event, Message, ProxyOptions, TLSOptions, Workflow, WorkflowEvent

Conversation = Callable[[socket.socket], object]


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        raise NotImplementedError


@attrs.define
class Context:
    """A channel's context on a real transport."""

    http: httpx.AsyncBaseTransport
    clock: SystemClock = attrs.field(factory=SystemClock)
    name: str = "ops"
    platform_name: str = "SQLE"
    locale: str = "en"
    logger: logging.Logger = attrs.field(factory=lambda: logging.getLogger("bellwire.channels.ops"))

    def render(self, event: Event) -> Message:
        raise NotImplementedError

    def client(
        self, *, connect_timeout: float = 5.0, tls: TLSOptions | None = None, proxy: ProxyOptions | None = None
    ) -> httpx.AsyncClient:
        raise NotImplementedError

    def transport(
        self, *, connect_timeout: float = 5.0, tls: TLSOptions | None = None, proxy: ProxyOptions | None = None
    ) -> httpx.AsyncBaseTransport:
        return self.http


class RawReceiver:
    """A socket that takes down every byte, and does with each request what the test says."""

    def __init__(self, conversation: Conversation, tls: ssl.SSLContext | None) -> None:
        self.requests: list[bytes] = []
        self._conversation, self._tls = conversation, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self._tls is None:
                self._converse(connection)
            else:
                with self._tls.wrap_socket(connection, server_side=True) as secured:
                    self._converse(secured)

    def _converse(self, connection: socket.socket) -> None:
        while request := _one_request(connection):
            self.requests.append(request)
            if not self._conversation(connection):
                break

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)


def _one_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (part := connection.recv(65536)):
            return data
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    )
    while len(rest) < length:
        part = connection.recv(65536)
        data, rest = data + part, rest + part
    return data


@pytest.fixture
def raw_receiver() -> Iterator[Callable[..., RawReceiver]]:
    """Starts receivers that answer with these bytes and close, or hold this conversation while it returns true."""
    made: list[RawReceiver] = []

    def start(answer: bytes | Conversation, *, tls: ssl.SSLContext | None = None) -> RawReceiver:
        def say(connection: socket.socket) -> None:
            assert isinstance(answer, bytes)
            connection.sendall(answer)

        receiver = RawReceiver(say if isinstance(answer, bytes) else answer, tls)
        made.append(receiver)
        return receiver

    yield start
    for receiver in made:
        receiver.close()


@pytest.fixture
def reset() -> Conversation:
    """A conversation that ends with RST instead of FIN."""

    def conversation(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return conversation


@pytest.fixture
def refusing_address() -> Iterator[str]:
    """An address that nobody listens on, nor will while it is held."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def guarded(**how: Any) -> httpx.AsyncBaseTransport:
    return GuardedTransport(policy=EgressPolicy(), **{"total_timeout": 5.0, **how})


def plain(**how: Any) -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(verify=how.get("ssl_context") or ssl.create_default_context())


TRANSPORTS = {"guarded": guarded, "httpx": plain}


@pytest.fixture
def transport_kind() -> str:
    """Overridden by tests that run on several transports."""
    return "guarded"


@pytest.fixture
def open_channel(transport_kind: str) -> Callable[..., AbstractAsyncContextManager[WebhookChannel]]:
    """Opens a real channel on a real transport."""

    @asynccontextmanager
    async def opened(config: WebhookConfig, **transport: Any) -> AsyncIterator[WebhookChannel]:
        async with TRANSPORTS[transport_kind](**transport) as http:
            yield await config.open(Context(http))

    return opened


@pytest.fixture
def sample_json() -> str:
    return (
        '{"event":"workflow","action":"create","timestamp":"2023-05-18T15:45:25+08:00","payload":{"workflow":'
        '{"project_name":"test_project","workflow_id":"1658637666259832832","workflow_subject":"test_workflow",'
        '"workflow_status":"wait_for_audit"}}}'
    )


@pytest.fixture
def sample_event() -> WorkflowEvent:
    return WorkflowEvent(
        action="create",
        timestamp=datetime.fromisoformat("2023-05-18T15:45:25+08:00"),
        workflow=Workflow(
            project_name="test_project",
            workflow_id="1658637666259832832",
            workflow_subject="test_workflow",
            workflow_status="wait_for_audit",
        ),
    )


@pytest.fixture
def delivery() -> Delivery:
    return Delivery(
        id="0190d0c4-0000-7000-8000-000000000001", channel="ops", deadline=datetime.now(UTC) + timedelta(seconds=15)
    )
