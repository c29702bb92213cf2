"""The channel against receivers that say yes, say no, and misbehave, over the guarded transport and real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.channel import WebhookChannel
from bellwire.hookspecs import MASK, Delivery, Failed, Outcome, Secret, Sent, WorkflowEvent

OpenChannel = Callable[..., AbstractAsyncContextManager[WebhookChannel]]
Attempt = Callable[..., Outcome]


@pytest.fixture
def attempt(open_channel: OpenChannel, sample_event: WorkflowEvent, delivery: Delivery) -> Attempt:
    """One attempt to deliver the sample to a URL."""

    def run(url: str, *, transport: dict[str, Any] | None = None, **configured: Any) -> Outcome:
        config = WebhookConfig(enable=True, url=url, **configured)

        async def send() -> Outcome:
            async with open_channel(config, **(transport or {})) as channel:
                return await channel.notify_event(sample_event, delivery)

        return asyncio.run(send())

    return run


@pytest.fixture
def failure(attempt: Attempt) -> Callable[..., Failed]:
    """One attempt that must fail."""

    def run(url: str, **how: Any) -> Failed:
        outcome = attempt(url, **how)
        assert isinstance(outcome, Failed)
        return outcome

    return run


def said(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def resolving_to(address: str) -> Callable[[str, int], Any]:
    async def resolve(host: str, port: int) -> list[str]:
        return [address]

    return resolve


# Answers


def test_the_answer_200_is_success(attempt: Attempt, raw_receiver: Callable[..., Any]) -> None:
    outcome = attempt(raw_receiver(said("200 OK", b"thanks")).url)

    assert isinstance(outcome, Sent)
    assert outcome.response == "thanks"
    assert [stage.name for stage in outcome.stages] == ["connect", "send", "response"]


def test_204_is_a_failure_and_a_success_where_that_is_set(
    attempt: Attempt, failure: Callable[..., Failed], raw_receiver: Callable[..., Any]
) -> None:
    url = raw_receiver(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").url

    assert failure(url).detail == "response status_code(204) body()"
    assert isinstance(attempt(url, accept_status="2xx"), Sent)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_a_failure_and_is_not_followed(
    failure: Callable[..., Failed], raw_receiver: Callable[..., Any], status: str
) -> None:
    trap = raw_receiver(said("200 OK"))
    receiver = raw_receiver(said(status, b"", f"Location: {trap.url}/login?session=1"))

    outcome = failure(receiver.url, accept_status="2xx")

    assert outcome.status_code == int(status[:3])
    assert outcome.stages[-1].detail == (f"{status[:3]}: redirects are not followed; Location {trap.url}/login?***")
    assert len(receiver.requests) == 1
    assert trap.requests == []


def test_a_refusal_keeps_its_status_text_and_the_time_it_asks_for(
    failure: Callable[..., Failed], raw_receiver: Callable[..., Any]
) -> None:
    outcome = failure(raw_receiver(said("429 Too Many Requests", b"slow down", "retry-after: 30")).url)

    assert (outcome.stage, outcome.status_code, outcome.retryable) == ("status", 429, True)
    assert (outcome.response, outcome.retry_after) == ("slow down", 30)
    assert outcome.detail == "response status_code(429) body(slow down)"


def test_a_receiver_that_echoes_every_header_in_a_500_gets_no_secret_into_the_log(
    attempt: Attempt, raw_receiver: Callable[..., Any]
) -> None:
    token = 'c4n4ry-密钥"\\'

    def echo(connection: socket.socket) -> None:
        head = receiver.requests[-1].partition(b"\r\n\r\n")[0]
        as_json = json.dumps(head.decode("latin-1")).encode()
        connection.sendall(said("500 Internal Server Error", head + b"\n" + as_json))

    receiver = raw_receiver(echo)
    url = receiver.url.replace("//", "//ops:c4n4ry-pw@") + "/hook?key=c4n4ry-key"

    for outcome in (attempt(url, token=Secret(token)), attempt(url)):
        assert isinstance(outcome, Failed)
        assert MASK in (outcome.response or "")
        assert "c4n4ry" not in str(outcome)
        assert "b3BzOmM0bjRyeS1wdw==" not in str(outcome)  # base64 of ops:c4n4ry-pw


def test_bytes_that_are_no_text_are_kept_readably(
    failure: Callable[..., Failed], raw_receiver: Callable[..., Any]
) -> None:
    outcome = failure(raw_receiver(said("500 Internal Server Error", b"\xff\x00boom\x1b[2J")).url)

    assert outcome.response == "\ufffd\ufffdboom\x1b[2J"
    assert outcome.detail == "response status_code(500) body(\ufffd\ufffdboom\\x1b[2J)"


def test_megabytes_of_body_are_cut(failure: Callable[..., Failed], raw_receiver: Callable[..., Any]) -> None:
    outcome = failure(raw_receiver(said("500 Internal Server Error", b"x" * 3_000_000)).url)

    assert outcome.response == "x" * 2047 + "…"


def test_a_gzip_bomb_does_not_go_off(failure: Callable[..., Failed], raw_receiver: Callable[..., Any]) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    outcome = failure(raw_receiver(said("500 Internal Server Error", bomb, "Content-Encoding: gzip")).url)

    assert outcome.status_code == 500
    assert outcome.response == "0" * 2047 + "…"


@pytest.mark.parametrize(
    ("host", "body", "meaning"),
    [
        ("oapi.dingtalk.com", {"errcode": 310000, "errmsg": "keywords not in content"}, "DingTalk"),
        ("open.feishu.cn", {"code": 19001, "msg": "param invalid"}, "Feishu"),
        ("qyapi.weixin.qq.com", {"errcode": 93000, "errmsg": "invalid webhook url"}, "WeCom"),
    ],
)
def test_a_robots_200_that_means_no_is_a_failure(
    *,
    attempt: Attempt,
    failure: Callable[..., Failed],
    raw_receiver: Callable[..., Any],
    host: str,
    body: dict[str, Any],
    meaning: str,
) -> None:
    receiver = raw_receiver(said("200 OK", json.dumps(body).encode()))
    url = f"http://{host}:{receiver.address.rpartition(':')[2]}/robot"

    outcome = failure(url, transport={"resolver": resolving_to("127.0.0.1")})

    assert outcome.stages[-1].detail.startswith(f"200: the robot of {meaning} refuses the message, ")
    assert outcome.response == json.dumps(body)
    assert isinstance(attempt(receiver.url), Sent)  # any other receiver may say so


# No answers


def test_a_refused_connection(failure: Callable[..., Failed], refusing_address: str) -> None:
    outcome = failure(f"http://{refusing_address}")

    assert outcome.stage == "connect"
    assert outcome.retryable
    assert outcome.detail == (
        f'Post "http://{refusing_address}": dial tcp {refusing_address}: connect: connection refused'
    )
    assert outcome.stages[-1].detail == f"{refusing_address} refused the connection"


def test_an_unknown_host(failure: Callable[..., Failed]) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    outcome = failure("http://no-such.example:8000/hook", transport={"resolver": resolve})

    assert outcome.stage == "dns"
    assert outcome.detail == ('Post "http://no-such.example:8000/hook": dial tcp: lookup no-such.example: no such host')


def test_a_name_server_that_is_silent(failure: Callable[..., Failed]) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    outcome = failure("http://no-such.example", transport={"resolver": resolve, "connect_timeout": 0.1})

    assert outcome.stage == "timeout"
    assert outcome.detail == 'Post "http://no-such.example": dial tcp: lookup no-such.example: i/o timeout'


def test_a_receiver_that_hangs(failure: Callable[..., Failed], raw_receiver: Callable[..., Any]) -> None:
    receiver = raw_receiver(lambda connection: connection.recv(1))

    outcome = failure(receiver.url, transport={"total_timeout": 0.2})

    assert outcome.stage == "timeout"
    assert outcome.detail == f'Post "{receiver.url}": read tcp {receiver.address}: i/o timeout'
    assert outcome.stages[-1].detail == f"{receiver.address} did not answer within 0.2 s"


def test_a_receiver_that_drips(failure: Callable[..., Failed], raw_receiver: Callable[..., Any]) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    receiver = raw_receiver(drip)

    assert failure(receiver.url, transport={"total_timeout": 0.3}).detail == (
        f'Post "{receiver.url}": read tcp {receiver.address}: i/o timeout'
    )


def test_a_receiver_that_takes_the_request_and_closes(
    failure: Callable[..., Failed], raw_receiver: Callable[..., Any]
) -> None:
    receiver = raw_receiver(b"")

    outcome = failure(receiver.url)

    assert outcome.stage == "response"
    assert outcome.detail == f'Post "{receiver.url}": EOF'


def test_a_receiver_that_closes_in_the_middle(failure: Callable[..., Failed], raw_receiver: Callable[..., Any]) -> None:
    receiver = raw_receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")

    assert failure(receiver.url).detail == f'Post "{receiver.url}": unexpected EOF'


def test_a_receiver_that_resets(
    failure: Callable[..., Failed], raw_receiver: Callable[..., Any], reset: Callable[[socket.socket], object]
) -> None:
    receiver = raw_receiver(reset)

    assert failure(receiver.url).detail == (
        f'Post "{receiver.url}": read tcp {receiver.address}: read: connection reset by peer'
    )


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 100, b"GET / HTTP/1.1\r\n\r\n"]
)
def test_a_receiver_that_speaks_no_http(
    failure: Callable[..., Failed], raw_receiver: Callable[..., Any], answer: bytes
) -> None:
    receiver = raw_receiver(answer)

    outcome = failure(receiver.url)

    assert outcome.stage == "response"
    assert outcome.detail == (
        f'Post "{receiver.url}": net/http: HTTP/1.x transport connection broken: malformed HTTP response'
    )


def test_an_address_that_the_policy_refuses(failure: Callable[..., Failed]) -> None:
    outcome = failure("http://169.254.169.254/latest/meta-data?token=1")

    assert outcome.stage == "policy"
    assert not outcome.retryable
    assert outcome.detail.startswith('Post "http://169.254.169.254/latest/meta-data?***": ')
    assert len(outcome.detail) > 60


# TLS


def certificate(*names: str, authority: trustme.CA | None = None, **validity: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (authority or trustme.CA()).issue_cert(*names, **validity).configure_cert(context)
    return context


@pytest.fixture
def trusting() -> tuple[trustme.CA, ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return authority, context


def test_https_with_a_trusted_certificate(
    attempt: Attempt, raw_receiver: Callable[..., Any], trusting: tuple[trustme.CA, ssl.SSLContext]
) -> None:
    authority, trust = trusting
    receiver = raw_receiver(said("200 OK", b"ok"), tls=certificate("127.0.0.1", authority=authority))

    outcome = attempt(receiver.url, transport={"ssl_context": trust})

    assert isinstance(outcome, Sent)
    assert [stage.name for stage in outcome.stages] == ["connect", "tls", "send", "response"]


def test_a_certificate_of_an_unknown_authority(
    failure: Callable[..., Failed], raw_receiver: Callable[..., Any]
) -> None:
    receiver = raw_receiver(said("200 OK"), tls=certificate("127.0.0.1"))

    outcome = failure(receiver.url)

    assert outcome.stage == "tls"
    assert outcome.detail == (
        f'Post "{receiver.url}": tls: failed to verify certificate: x509: certificate signed by unknown authority'
    )
    assert receiver.requests == []


LONG_AGO = {"not_before": datetime(2020, 1, 1, tzinfo=UTC), "not_after": datetime(2021, 1, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("name", "validity", "reason"),
    [
        ("other.example", {}, "certificate is valid for other addresses, not 127.0.0.1"),
        ("127.0.0.1", LONG_AGO, "certificate has expired or is not yet valid: it has expired"),
    ],
)
def test_a_certificate_that_does_not_fit(
    *,
    failure: Callable[..., Failed],
    raw_receiver: Callable[..., Any],
    trusting: tuple[trustme.CA, ssl.SSLContext],
    name: str,
    validity: dict[str, datetime],
    reason: str,
) -> None:
    authority, trust = trusting
    receiver = raw_receiver(said("200 OK"), tls=certificate(name, authority=authority, **validity))

    outcome = failure(receiver.url, transport={"ssl_context": trust})

    assert outcome.detail == f'Post "{receiver.url}": tls: failed to verify certificate: x509: {reason}'


def test_https_to_a_receiver_that_speaks_http(failure: Callable[..., Failed]) -> None:
    def speak(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(said("400 Bad Request"))
            connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        receiver = threading.Thread(target=speak, args=[listener])
        receiver.start()
        outcome = failure(url)
        receiver.join()

    assert outcome.stage == "tls"
    assert outcome.detail == f'Post "{url}": http: server gave HTTP response to HTTPS client'


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=st.binary(max_size=200) | st.binary(max_size=100).map(lambda junk: b"HTTP/1.1 200 OK\r\n" + junk))
def test_whatever_bytes_are_answered_the_outcome_is_classified(
    open_channel: OpenChannel, sample_event: WorkflowEvent, delivery: Delivery, answer: bytes
) -> None:
    async def exchange() -> Outcome:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"}}}")
            writer.write(answer)
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            config = WebhookConfig(url=f"http://127.0.0.1:{port}")
            async with open_channel(config) as channel:
                return await channel.notify_event(sample_event, delivery)

    match asyncio.run(exchange()):
        case Sent(status_code=status):
            assert status == 200
        case Failed(stage=stage, detail=detail, stages=stages):
            assert stage in {"response", "status"}
            assert len(detail.splitlines()) == 1
            assert stages
