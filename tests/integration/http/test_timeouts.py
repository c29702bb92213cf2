from __future__ import annotations

import asyncio
import errno
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from bellwire.core.http import AnswerTimedOut, ConnectFailed, ConnectTimedOut, GuardedTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.http.conftest import Answering, Peer, Runner, Serve

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_a_receiver_that_never_answers(run: Runner, serve: Serve) -> None:
    receiver = serve(lambda peer: peer.wait_for_close())
    with pytest.raises(AnswerTimedOut) as caught:
        run.send(receiver.url, total_timeout=0.1)
    failed = caught.value.failed
    assert failed.detail == f"{receiver.authority} did not answer within 0.1 s"
    assert (failed.stage, failed.retryable) == ("timeout", True)
    assert [stage.name for stage in failed.stages] == ["connect", "send", "response"]
    assert failed.stages[-1].seconds >= 0.05
    assert (caught.value.address, caught.value.errno) == (receiver.authority, errno.ETIMEDOUT)
    assert isinstance(caught.value, httpx.ReadTimeout)


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"])
def test_the_total_time_out_holds_against_a_slow_drip(run: Runner, serve: Serve, first: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(first or b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            peer.send(b"x")
            time.sleep(0.01)

    began = time.monotonic()
    with pytest.raises(AnswerTimedOut, match=r"did not finish its answer within 0\.3 s"):
        run.send(serve(script).url, total_timeout=0.3)
    assert time.monotonic() - began < 10


def test_a_receiver_that_does_not_take_the_request(run: Runner, serve: Serve) -> None:
    done = threading.Event()

    def script(peer: Peer) -> None:
        done.wait(10)

    receiver = serve(script)
    try:
        with pytest.raises(AnswerTimedOut) as caught:
            run.send(receiver.url, content=b"x" * 30_000_000, total_timeout=0.2)
    finally:
        done.set()
    assert [stage.name for stage in caught.value.failed.stages] == ["connect", "send"]


def test_a_request_may_ask_for_less_time_but_not_for_more(run: Runner, serve: Serve) -> None:
    receiver = serve(lambda peer: peer.wait_for_close())

    async def use(transport: GuardedTransport) -> None:
        for asked, given in ((0.1, "0.1 s"), (60, "0.2 s"), (None, "0.2 s")):
            request = httpx.Request("POST", receiver.url, extensions={"timeout": {"read": asked, "connect": asked}})
            with pytest.raises(AnswerTimedOut, match=given):
                await transport.handle_async_request(request)

    run(use, total_timeout=0.2)


def test_a_time_out_ends_its_own_request_and_no_later_one_on_that_connection(run: Runner, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            if request[1] == b"slow":
                time.sleep(0.4)
            peer.send(OK)

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> None:
        def request(body: bytes, seconds: float) -> httpx.Request:
            return httpx.Request("POST", receiver.url, content=body, extensions={"timeout": {"read": seconds}})

        # The first one's time is up while the second one is under way on the same connection.
        await transport.handle_async_request(request(b"quick", 0.2))
        await transport.handle_async_request(request(b"slow", 10))

    run(use)
    assert receiver.connections == 1


def test_a_connection_that_hangs(run: Runner, full_port: int) -> None:
    with pytest.raises(ConnectTimedOut) as caught:
        run.send(f"http://127.0.0.1:{full_port}/", connect_timeout=0.1)
    failed = caught.value.failed
    assert failed.detail == f"127.0.0.1:{full_port} could not be connected to within 0.1 s"
    assert (failed.stage, failed.retryable) == ("timeout", True)
    assert [stage.name for stage in failed.stages] == ["connect"]
    assert (caught.value.address, caught.value.errno) == (f"127.0.0.1:{full_port}", errno.ETIMEDOUT)
    assert isinstance(caught.value, httpx.ConnectTimeout)


def test_the_total_time_out_holds_while_connecting(run: Runner, full_port: int) -> None:
    with pytest.raises(AnswerTimedOut, match="within the time that the whole request may take") as caught:
        run.send(f"http://127.0.0.1:{full_port}/", connect_timeout=5, total_timeout=0.1)
    assert [stage.name for stage in caught.value.failed.stages] == ["connect"]


def test_a_request_may_ask_for_less_time_to_connect(run: Runner, full_port: int) -> None:
    async def use(transport: GuardedTransport) -> None:
        url = f"http://127.0.0.1:{full_port}/"
        with pytest.raises(ConnectTimedOut, match=r"within 0\.1 s"):
            await transport.handle_async_request(httpx.Request("POST", url, extensions={"timeout": {"connect": 0.1}}))

    run(use)


def test_a_name_whose_resolution_hangs(run: Runner) -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(ConnectTimedOut, match=r"^name\.test:80 could not be resolved within 0.1 s$") as caught:
        run.send("http://name.test/", connect_timeout=0.1, resolver=never)
    assert [stage.name for stage in caught.value.failed.stages] == ["dns"]
    assert caught.value.address is None


def test_an_address_that_hangs_leaves_time_for_the_next(
    run: Runner,
    serve: Serve,
    answering: Answering,
    fill_backlog: Callable[[int], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bellwire.core.http.dialling._LEAST_SECONDS", 0.1)
    receiver = serve(answering(OK), host="::1")
    fill_backlog(receiver.port)  # the other address, on the same port

    async def both(host: str, port: int) -> list[str]:
        return ["127.0.0.1", "::1"]

    response = run.send(f"http://name.test:{receiver.port}/", connect_timeout=2, resolver=both)
    assert response.status_code == 200
    stages = {stage.name: stage for stage in response.extensions["bellwire_stages"]}
    assert stages["connect"].detail == f"[::1]:{receiver.port}"
    assert stages["connect"].seconds >= 0.9


def test_an_address_that_hangs_counts_as_one_that_failed_when_the_next_one_fails(
    run: Runner, fill_backlog: Callable[[int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bellwire.core.http.dialling._LEAST_SECONDS", 0.1)
    port = fill_backlog(0)

    async def both(host: str, port: int) -> list[str]:
        return ["127.0.0.1", "127.0.0.2"]  # nobody listens on the second one

    with pytest.raises(ConnectFailed) as caught:
        run.send(f"http://name.test:{port}/", connect_timeout=0.5, resolver=both)
    first, second = f"127.0.0.1:{port}", f"127.0.0.2:{port}"
    assert str(caught.value) == f"{first} did not answer to the attempt to connect; {second} refused the connection"
    assert (caught.value.address, caught.value.errno) == (first, errno.ETIMEDOUT)
