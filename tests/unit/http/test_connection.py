"""What real sockets show too seldom: events in an order that only a busy moment brings."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from bellwire.core.http import Limits
from bellwire.core.http.connection import Connection, Fault
from bellwire.core.http.head import Origin, Outgoing

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUEST = Outgoing(Origin("http", "h", 80), b"POST / HTTP/1.1\r\n\r\n", b"", to_head=False, closing=False)


class FakeTransport:
    def __init__(self) -> None:
        self.written = b""
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.aborted = True

    def set_write_buffer_limits(self, high: int) -> None:
        assert high == 0

    def get_write_buffer_size(self) -> int:
        return 0


@contextmanager
def connected() -> Iterator[tuple[Connection, FakeTransport, socket.socket]]:
    """A connection, its transport, and the receiver's end of its socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        connection, transport = Connection(ours, "10.0.0.1:80", Limits()), FakeTransport()
        connection.connection_made(cast("asyncio.BaseTransport", transport))
        yield connection, transport, theirs


def receive(connection: Connection, data: bytes) -> None:
    connection.get_buffer(-1)[: len(data)] = data
    connection.buffer_updated(len(data))


def in_loop(use: Callable[[asyncio.AbstractEventLoop], Awaitable[None]]) -> None:
    async def main() -> None:
        await use(asyncio.get_running_loop())

    asyncio.run(main())


@pytest.mark.parametrize("late", ["expire", "abandon"])
def test_a_late_time_out_or_cancellation_leaves_the_next_exchange_alone(late: str) -> None:
    async def use(loop: asyncio.AbstractEventLoop) -> None:
        with connected() as (connection, transport, _):
            first = connection.start(loop, REQUEST)
            receive(connection, OK)
            assert first.result() is None
            second = connection.start(loop, REQUEST)
            getattr(connection, late)(first)
            assert not second.done()
            assert not transport.aborted
            receive(connection, OK)
            assert second.result() is None
            assert connection.reusable

    in_loop(use)


def test_an_answer_that_lies_in_the_socket_when_writing_fails_is_read() -> None:
    async def use(loop: asyncio.AbstractEventLoop) -> None:
        with connected() as (connection, transport, theirs):
            waiter = connection.start(loop, REQUEST)
            theirs.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
            connection.connection_lost(BrokenPipeError())
            assert waiter.result() is None
            assert (connection.reader.status, connection.reader.body) == (413, b"big")
            assert transport.aborted
            assert not connection.reusable

    in_loop(use)


def test_half_an_answer_that_lies_in_the_socket_is_no_answer() -> None:
    async def use(loop: asyncio.AbstractEventLoop) -> None:
        with connected() as (connection, _, theirs):
            waiter = connection.start(loop, REQUEST)
            theirs.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nb")
            error = BrokenPipeError()
            connection.connection_lost(error)
            assert waiter.result() == Fault(kind="broken", error=error, status=413, started=True)

    in_loop(use)


def test_a_request_on_a_connection_that_is_closed_already_fails_at_once() -> None:
    async def use(loop: asyncio.AbstractEventLoop) -> None:
        with connected() as (connection, transport, _):
            connection.eof_received()
            fault = connection.start(loop, REQUEST).result()
            assert fault == Fault(kind="ended")
            assert fault.was_stale
            assert transport.written == b""

    in_loop(use)


def test_an_answer_that_comes_before_its_request_closes_the_connection() -> None:
    with connected() as (connection, transport, _):
        receive(connection, OK)
        assert transport.aborted
        assert not connection.reusable


def test_tls_on_a_connection_that_is_closed_already_fails_at_once() -> None:
    async def use(loop: asyncio.AbstractEventLoop) -> None:
        lost: list[Connection] = []
        with connected() as (connection, _, _):
            connection.on_lost = lost.append
            connection.eof_received()
            with pytest.raises(ConnectionResetError):
                await connection.secure_with(loop, ssl.create_default_context(), "h")
            await asyncio.sleep(0)
            assert lost == [connection]

    in_loop(use)


def test_an_idle_connection_is_quiet_until_something_happens_to_its_socket() -> None:
    with connected() as (connection, _, theirs):
        assert connection.is_quiet()
        theirs.sendall(b"x")
        assert not connection.is_quiet()
    with connected() as (connection, _, theirs):
        theirs.close()
        assert not connection.is_quiet()
    with connected() as (connection, _, _):
        connection.close()
        assert not connection.is_quiet()


def test_its_loss_is_told_once() -> None:
    lost: list[Connection] = []
    with connected() as (connection, _, _):
        connection.on_lost = lost.append
        connection.connection_lost(None)
        connection.connection_lost(None)
    assert lost == [connection]
