"""Whatever a receiver sends: a response or a classified failure, never a hang and never another exception."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, get_args

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bellwire.core.http import GuardedTransport, TransportFailure
from bellwire.hookspecs import FailureStage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.http.conftest import Peer, Runner, Serve

_PARTS = st.sampled_from(
    [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 500 No\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"Content-Length: 5\r\n",
     b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Content-Encoding: gzip\r\n", b"\r\n", b"hello",
     b"5\r\nhello\r\n", b"0\r\n\r\n", b"HTTP/1.1 101 X\r\nUpgrade: y\r\nConnection: upgrade\r\n\r\n", b"\n",
     b"\r", b": "]
)  # fmt: skip
_PIECES = st.lists(st.one_of(_PARTS, st.binary(max_size=12)), max_size=6)
_HEADED = _PIECES.map(lambda pieces: [b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", b"\r\n", *pieces])
_MEASURED = _PIECES.map(lambda pieces: [b"HTTP/1.1 200 OK\r\n", b"Content-Length: 0\r\n\r\n", *pieces])
_ANSWERS = st.lists(st.one_of(_PIECES, _HEADED, _MEASURED), min_size=1, max_size=4)


def test_any_answer_is_a_response_or_a_classified_failure(run: Runner, serve: Serve) -> None:
    answer: list[bytes] = []

    def script(peer: Peer) -> None:
        # Answers each request with the bytes of the moment, and then closes its side after the last one.
        while peer.read_request() is not None:
            for piece in answer:
                peer.sock.sendall(piece)
            peer.sock.shutdown(socket.SHUT_WR)

    receiver = serve(script)
    answered = 0
    failures: list[TransportFailure] = []

    async def use(transport: GuardedTransport) -> None:
        loop = asyncio.get_running_loop()

        @given(_ANSWERS)
        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        def try_out(answers: list[list[bytes]]) -> None:
            for each in answers:
                answer[:] = each
                asyncio.run_coroutine_threadsafe(one(), loop).result(20)

        async def one() -> None:
            nonlocal answered
            try:
                response = await transport.handle_async_request(httpx.Request("POST", receiver.url, content=b"x"))
                await response.aread()
            except TransportFailure as failure:
                failures.append(failure)
            else:
                assert response.status_code >= 200
                answered += 1

        await in_thread(try_out)

    run(use)
    assert answered > 10
    assert len(failures) > 10
    assert {failure.failed.stage for failure in failures} <= set(get_args(FailureStage))
    assert all(failure.failed.detail for failure in failures)


async def in_thread(work: Callable[[], None]) -> None:
    """Runs *work*, which blocks, beside the loop; hypothesis knows no coroutines."""
    done = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()

    def main() -> None:
        try:
            work()
        except BaseException as error:
            loop.call_soon_threadsafe(done.set_exception, error)
        else:
            loop.call_soon_threadsafe(done.set_result, None)

    thread = threading.Thread(target=main)
    thread.start()
    try:
        await done
    finally:
        thread.join()
