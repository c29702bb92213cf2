"""Cancelled requests: they take their own connection with them, and nothing else."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import httpx
import pytest

from bellwire.core.http import GuardedTransport, Limits, TransportFailure

if TYPE_CHECKING:
    from tests.integration.http.conftest import Peer, Runner, Script, Serve


def test_cancelling_a_request_closes_its_connection(run: Runner, serve: Serve) -> None:
    closed = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.wait_for_close()
        closed.set()

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> None:
        task = asyncio.create_task(transport.handle_async_request(httpx.Request("POST", receiver.url, content=b"x")))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            while not closed.is_set():
                await asyncio.sleep(0.01)

    run(use)


def test_cancelling_while_connecting_leaves_no_socket(run: Runner, full_port: int) -> None:
    async def use(transport: GuardedTransport) -> None:
        request = httpx.Request("POST", f"http://127.0.0.1:{full_port}/")
        tasks = [asyncio.create_task(transport.handle_async_request(request)) for _ in range(5)]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)

    run(use)  # an unclosed socket is a warning, and that an error


def erratic(chance: random.Random) -> Script:
    """Answers each request with its own body; sometimes late, sometimes in two pieces, and sometimes closes."""

    def script(peer: Peer) -> None:
        mine = random.Random(chance.random())
        while (request := peer.read_request()) is not None:
            body = request[1]
            if mine.random() < 0.1:
                time.sleep(mine.random() * 0.01)
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            cut = mine.randrange(1, len(answer))
            peer.send(*((answer[:cut], answer[cut:]) if mine.random() < 0.1 else (answer,)))
            if mine.random() < 0.05:
                return

    return script


def test_two_thousand_requests_with_random_cancellation_never_get_each_others_answers(
    run: Runner, serve: Serve
) -> None:
    chance = random.Random(20231118)
    receiver = serve(erratic(chance))
    ends: Counter[str] = Counter()

    async def one(transport: GuardedTransport, body: bytes) -> None:
        request = httpx.Request("POST", receiver.url, content=body)
        task = asyncio.create_task(transport.handle_async_request(request))
        if chance.random() < 0.4:
            for _ in range(chance.randrange(12)):
                await asyncio.sleep(0 if chance.random() < 0.8 else 0.001)
            task.cancel()
        try:
            response = await task
        except asyncio.CancelledError:
            ends["cancelled"] += 1
        except TransportFailure:
            ends["failed"] += 1  # the receiver closed twice in a row
        else:
            assert await response.aread() == body
            ends["answered"] += 1

    async def worker(transport: GuardedTransport, numbers: range) -> None:
        for number in numbers:
            await one(transport, b"request %d" % number)

    async def use(transport: GuardedTransport) -> None:
        await asyncio.gather(*(worker(transport, range(start, 2000, 40)) for start in range(40)))
        assert transport._pool is not None
        for slots in transport._pool._slots.values():
            assert slots._used == len(slots._idle)  # every slot came back
            assert not slots._waiting

    run(use, limits=Limits(connections_per_origin=8))
    assert ends.total() == 2000
    assert ends["cancelled"] > 200
    assert ends["answered"] > 1000
