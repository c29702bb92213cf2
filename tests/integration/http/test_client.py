from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import httpx
import pytest

from bellwire.core.http import GuardedTransport, TransportFailure, guarded_client

if TYPE_CHECKING:
    from tests.integration.http.conftest import Answering, Peer, Runner, Serve

SECRET = "s3cret-canary"


def test_a_client_posts_json_and_reads_the_answer(run: Runner, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(b"HTTP/1.1 201 X\r\nContent-Length: %d\r\n\r\n%s" % (len(request[1]), request[1]))

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> None:
        client = guarded_client(transport)
        for number in range(3):
            response = await client.post(receiver.url, json={"number": number})
            assert (response.status_code, response.json()) == (201, {"number": number})
            assert [stage.name for stage in response.extensions["bellwire_stages"]][-1] == "response"
            assert response.elapsed.total_seconds() < 10

    run(use)
    assert receiver.connections == 1


def test_a_client_streams_what_is_there_already(run: Runner, serve: Serve, answering: Answering) -> None:
    receiver = serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na\nb\n"))

    async def use(transport: GuardedTransport) -> list[str]:
        async with guarded_client(transport).stream("GET", receiver.url) as response:
            return [line async for line in response.aiter_lines()]

    assert run(use) == ["a", "b"]


def test_a_clients_time_out_means_the_whole_request(run: Runner, serve: Serve) -> None:
    receiver = serve(lambda peer: peer.wait_for_close())

    async def use(transport: GuardedTransport) -> None:
        with pytest.raises(httpx.ReadTimeout, match=r"did not answer within 0\.1 s"):
            await guarded_client(transport).post(receiver.url, json={}, timeout=0.1)

    run(use)


def test_no_secret_is_in_any_log_or_failure(
    run: Runner, serve: Serve, answering_once: Answering, caplog: pytest.LogCaptureFixture
) -> None:
    echo = f"HTTP/1.1 500 X\r\nX-Echo: {SECRET}\r\nContent-Length: 13\r\n\r\n{SECRET}".encode()
    receivers = [serve(answering_once(echo)), serve(answering_once(b"garbage")), serve(answering_once())]
    urls = [f"http://u:{SECRET}@{receiver.authority}/{SECRET}?{SECRET}" for receiver in receivers]
    urls += [f"http://u:{SECRET}@no-such-host.invalid/{SECRET}", f"http://u:{SECRET}@169.254.169.254/{SECRET}"]
    failures = []

    async def use(transport: GuardedTransport) -> None:
        client = guarded_client(transport)
        for url in urls:
            try:
                await client.post(url, headers={"Authorization": f"Bearer {SECRET}"}, content=SECRET)
            except TransportFailure as failure:
                failures.append(failure)

    with caplog.at_level(logging.DEBUG):
        run(use)
    assert len(failures) == 4
    told = [f"{failure!r} {failure} {failure.failed!r} {failure.address}" for failure in failures]
    told += [record.getMessage().replace(f"/{SECRET}?***", "") for record in caplog.records]  # a path may be shown
    assert SECRET not in json.dumps(told)
