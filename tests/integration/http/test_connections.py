"""Which connection serves which request, and what becomes of it afterwards."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from bellwire.core.http import AnswerInvalid, EgressPolicy, GuardedTransport, Limits, TransportClosed, WaitTimedOut

if TYPE_CHECKING:
    from tests.integration.http.conftest import Answering, Peer, Runner, Serve

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def post(transport: GuardedTransport, url: str, content: bytes = b"{}") -> int:
    response = await transport.handle_async_request(httpx.Request("POST", url, content=content))
    return response.status_code


# --- keeping -------------------------------------------------------------------------------------------------------


def test_requests_one_after_another_share_a_connection(run: Runner, serve: Serve, answering: Answering) -> None:
    receiver = serve(answering(OK))

    async def use(transport: GuardedTransport) -> None:
        for _ in range(20):
            await post(transport, receiver.url)

    run(use)
    assert receiver.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\n",  # the start of an answer that nobody asked for
        OK + b"garbage",
    ],
)
def test_a_connection_is_not_used_again_after(run: Runner, serve: Serve, answering: Answering, answer: bytes) -> None:
    receiver = serve(answering(answer))

    async def use(transport: GuardedTransport) -> list[int]:
        return [await post(transport, receiver.url) for _ in range(3)]

    assert run(use) == [200, 200, 200]
    assert receiver.connections == 3


def test_a_request_that_asks_for_the_connection_to_be_closed_has_it_closed(
    run: Runner, serve: Serve, answering: Answering
) -> None:
    receiver = serve(answering(OK))

    async def use(transport: GuardedTransport) -> None:
        for _ in range(2):
            request = httpx.Request("POST", receiver.url, headers={"Connection": "close"})
            await transport.handle_async_request(request)

    run(use)
    assert receiver.connections == 2


def test_bytes_that_come_while_nobody_asks_close_the_connection(run: Runner, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(OK, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> list[int]:
        statuses = []
        for _ in range(3):
            statuses.append(await post(transport, receiver.url))
            await asyncio.sleep(0.05)
        return statuses

    assert run(use) == [200, 200, 200]
    assert receiver.connections == 3


def test_bytes_that_lie_in_the_socket_unseen_by_the_loop_are_not_taken_for_the_answer(
    run: Runner, serve: Serve
) -> None:
    answered, sent = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        answered.wait(5)
        peer.send(b"HTTP/1.1 500 Stale\r\nContent-Length: 0\r\n\r\n")
        sent.set()
        while peer.read_request() is not None:
            peer.send(OK)

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> list[int]:
        first = await post(transport, receiver.url)
        answered.set()
        sent.wait(5)  # blocks the loop, so that it cannot have seen what was sent meanwhile
        return [first, await post(transport, receiver.url)]

    assert run(use) == [200, 200]


def test_idle_connections_are_closed_after_a_while(run: Runner, serve: Serve) -> None:
    closed = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        peer.wait_for_close()
        closed.set()

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> None:
        await post(transport, receiver.url)
        async with asyncio.timeout(5):
            while not closed.is_set():
                await asyncio.sleep(0.01)
        assert transport._pool is not None
        assert not transport._pool._slots

    run(use, limits=Limits(idle_seconds=0.1))


def test_a_connection_that_was_idle_for_too_long_is_not_used_even_if_it_is_still_open(
    run: Runner, serve: Serve, answering: Answering
) -> None:
    receiver = serve(answering(OK))

    async def use(transport: GuardedTransport) -> None:
        await post(transport, receiver.url)
        time.sleep(0.15)  # noqa: ASYNC251 - the loop sleeps too, so that its timer cannot have closed it
        await post(transport, receiver.url)

    run(use, limits=Limits(idle_seconds=0.1))
    assert receiver.connections == 2


# --- stale connections ---------------------------------------------------------------------------------------------


def test_a_kept_connection_that_the_receiver_closed_is_not_used(run: Runner, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        peer.sock.close()
        closed.set()

    closed = threading.Event()
    receiver = serve(script)

    async def use(transport: GuardedTransport) -> list[int]:
        statuses = []
        for _ in range(3):
            closed.clear()
            statuses.append(await post(transport, receiver.url))
            closed.wait(5)  # without giving the loop a chance to see it
        return statuses

    assert run(use) == [200, 200, 200]
    assert receiver.connections == 3


@pytest.mark.parametrize("how", ["end of file", "reset"])
def test_a_kept_connection_that_dies_under_the_request_is_replaced_once(run: Runner, serve: Serve, how: str) -> None:
    bodies: list[bytes] = []

    def script(peer: Peer) -> None:
        first = number.pop()
        request = peer.read_request()
        assert request is not None
        bodies.append(request[1])
        peer.send(OK)
        if first:
            peer.read_request()
            if how == "reset":
                peer.reset()
            return
        peer.wait_for_close()

    number = [False, True]
    receiver = serve(script)

    async def use(transport: GuardedTransport) -> list[int]:
        return [await post(transport, receiver.url, b"1"), await post(transport, receiver.url, b"2")]

    assert run(use) == [200, 200]
    assert bodies == [b"1", b"2"]
    assert receiver.connections == 2


def test_when_the_fresh_connection_dies_as_well_the_request_fails(run: Runner, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        if receiver.connections == 1:
            peer.read_request()
            peer.send(OK)
        peer.read_request()

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> None:
        await post(transport, receiver.url)
        with pytest.raises(AnswerInvalid, match="closed the connection without an answer"):
            await post(transport, receiver.url)

    run(use)
    assert receiver.connections == 2


def test_a_kept_connection_that_dies_after_the_first_byte_of_an_answer_is_not_replaced(
    run: Runner, serve: Serve
) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        peer.read_request()
        peer.send(b"H")

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> None:
        await post(transport, receiver.url)
        with pytest.raises(AnswerInvalid):
            await post(transport, receiver.url)

    run(use)
    assert receiver.connections == 1


# --- taking turns --------------------------------------------------------------------------------------------------


def test_there_are_never_more_connections_than_allowed(run: Runner, serve: Serve, answering: Answering) -> None:
    receiver = serve(answering(OK))

    async def use(transport: GuardedTransport) -> list[int]:
        return await asyncio.gather(*(post(transport, receiver.url) for _ in range(50)))

    assert run(use, limits=Limits(connections_per_origin=4)) == [200] * 50
    assert receiver.connections <= 4


def test_who_waits_for_a_connection_is_served_in_turn_also_when_connections_close(run: Runner, serve: Serve) -> None:
    order = []

    def script(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            order.append(int(request[1]))
            peer.send(OK)
            if int(request[1]) % 3 == 0:
                return

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> None:
        await asyncio.gather(*(post(transport, receiver.url, b"%d" % number) for number in range(30)))

    run(use, limits=Limits(connections_per_origin=1))
    assert sorted(set(order)) == list(range(30))
    assert order == sorted(order)


def test_a_cancelled_waiter_passes_its_turn_on(run: Runner, serve: Serve) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        while peer.read_request() is not None:
            go.wait(10)
            peer.send(OK)

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> list[int]:
        holder = asyncio.create_task(post(transport, receiver.url))
        await asyncio.sleep(0.05)
        waiters = [asyncio.create_task(post(transport, receiver.url)) for _ in range(6)]
        await asyncio.sleep(0)
        waiters[0].cancel()  # while it waits
        # and one at the very moment when its turn has come and it does not know yet
        holder.add_done_callback(lambda _: waiters[1].cancel())
        go.set()
        await asyncio.wait(waiters)
        assert [waiter.cancelled() for waiter in waiters] == [True, True, False, False, False, False]
        return [await holder, *(waiter.result() for waiter in waiters[2:])]

    assert run(use, limits=Limits(connections_per_origin=1)) == [200] * 5
    assert receiver.connections <= 2


def test_who_waits_too_long_for_a_connection_is_told_so(run: Runner, serve: Serve) -> None:
    receiver = serve(lambda peer: peer.wait_for_close())

    async def use(transport: GuardedTransport) -> None:
        holder = asyncio.create_task(post(transport, receiver.url))
        await asyncio.sleep(0.05)
        request = httpx.Request("POST", receiver.url, extensions={"timeout": {"read": 0.1}})
        with pytest.raises(WaitTimedOut, match=r"all 1 connections to .* stayed in use for 0.1 s") as caught:
            await transport.handle_async_request(request)
        assert caught.value.failed.stage == "timeout"
        assert isinstance(caught.value, httpx.PoolTimeout)
        holder.cancel()
        await asyncio.wait([holder])

    run(use, limits=Limits(connections_per_origin=1))


def test_origins_do_not_wait_for_each_other(run: Runner, serve: Serve, answering: Answering) -> None:
    stuck, other = serve(lambda peer: peer.wait_for_close()), serve(answering(OK))

    async def use(transport: GuardedTransport) -> int:
        holder = asyncio.create_task(post(transport, stuck.url))
        await asyncio.sleep(0.05)
        status = await post(transport, other.url)
        holder.cancel()
        await asyncio.wait([holder])
        return status

    assert run(use, limits=Limits(connections_per_origin=1)) == 200


# --- closing -------------------------------------------------------------------------------------------------------


def test_closing_fails_what_is_under_way_and_what_waits(run: Runner, serve: Serve) -> None:
    receiver = serve(lambda peer: peer.wait_for_close())

    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async def use(transport: GuardedTransport) -> None:
        urls = [receiver.url, receiver.url, "http://name.test/"]  # answering, waiting for a connection, resolving
        tasks = [asyncio.create_task(post(transport, url)) for url in urls]
        await asyncio.sleep(0.05)
        await transport.aclose()
        for task in tasks:
            with pytest.raises(TransportClosed, match="client was closed") as caught:
                await task
            assert caught.value.failed.retryable
        with pytest.raises(TransportClosed, match="client is closed"):
            await post(transport, receiver.url)
        await transport.aclose()

    run(use, limits=Limits(connections_per_origin=1), resolver=never)


def test_closing_a_transport_that_was_never_used_is_harmless(run: Runner) -> None:
    async def use(transport: GuardedTransport) -> None:
        await transport.aclose()

    run(use)


def test_another_event_loop_is_refused(serve: Serve, answering: Answering) -> None:
    receiver = serve(answering(OK))
    transport = GuardedTransport(policy=EgressPolicy())

    with asyncio.Runner() as first, asyncio.Runner() as second:
        assert first.run(post(transport, receiver.url)) == 200
        with pytest.raises(RuntimeError, match="belongs to another event loop"):
            second.run(post(transport, receiver.url))
        first.run(transport.aclose())
