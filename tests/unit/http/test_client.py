from __future__ import annotations

import asyncio
import logging
from importlib import metadata

import httpx
import pytest

from bellwire.core.http import guarded_client, user_agent


def answering(request: httpx.Request) -> httpx.Response:
    return httpx.Response(302, headers={"Location": "/elsewhere", "Set-Cookie": "a=1"}, json=dict(request.headers))


def test_it_says_who_it_is_asks_for_identity_and_keeps_no_cookie() -> None:
    async def main() -> None:
        async with guarded_client(httpx.MockTransport(answering)) as client:
            for _ in range(2):
                headers = (await client.post("http://h/", json={})).json()
                assert headers["user-agent"] == user_agent() == f"bellwire/{metadata.version('bellwire')}"
                assert headers["accept-encoding"] == "identity"
                assert "cookie" not in headers

    asyncio.run(main())


def test_redirects_are_handed_back_and_following_them_is_refused() -> None:
    async def main() -> None:
        async with guarded_client(httpx.MockTransport(answering)) as client:
            assert (await client.get("http://h/")).status_code == 302
            client.follow_redirects = True
            assert (await client.get("http://h/")).status_code == 302
            with pytest.raises(TypeError, match="never follows redirects"):
                await client.get("http://h/", follow_redirects=True)

    asyncio.run(main())


def test_the_environment_is_not_asked_for_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def main() -> None:
        async with guarded_client(httpx.MockTransport(answering)) as client:
            assert (await client.get("http://h/")).status_code == 302

    asyncio.run(main())


def test_what_httpx_logs_of_our_requests_is_redacted_and_of_others_is_not(caplog: pytest.LogCaptureFixture) -> None:
    url = "http://user:s3cret@h/path?key=s3cret"

    async def main() -> None:
        async with guarded_client(httpx.MockTransport(answering)) as client:
            await client.get(url)
        async with httpx.AsyncClient(transport=httpx.MockTransport(answering)) as client:
            await client.get("http://h/?theirs=1")

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())
    lines = [record.getMessage() for record in caplog.records if record.name == "httpx"]
    assert lines == [
        'HTTP Request: GET http://***@h/path?*** "HTTP/1.1 302 Found"',
        'HTTP Request: GET http://h/?theirs=1 "HTTP/1.1 302 Found"',
    ]


def test_closing_the_client_closes_the_transport() -> None:
    class Transport(httpx.AsyncBaseTransport):
        closed = False

        async def aclose(self) -> None:
            self.closed = True

    async def main() -> None:
        transport = Transport()
        await guarded_client(transport).aclose()
        assert transport.closed

    asyncio.run(main())
