"""The very bytes on the wire, over our transport and over httpx's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.channel import WebhookChannel
from bellwire.channels.webhook.request import user_agent
from bellwire.hookspecs import Delivery, Outcome, Secret, Sent, TestMessage, WorkflowEvent

OpenChannel = Callable[..., AbstractAsyncContextManager[WebhookChannel]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(params=["guarded", "httpx"])
def transport_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def request_of(address: str, body: str, *, delivery_id: str, authorization: bytes = b"") -> bytes:
    content = body.encode()
    return (
        b"POST / HTTP/1.1\r\n"
        + f"Host: {address}\r\n".encode()
        + b"Accept-Encoding: identity\r\n"
        + authorization
        + f"Content-Length: {len(content)}\r\n".encode()
        + b"Content-Type: application/json\r\n"
        + f"User-Agent: {user_agent()}\r\n".encode()
        + f"webhook-id: {delivery_id}\r\n\r\n".encode()
        + content
    )


@pytest.mark.parametrize(
    ("token", "authorization"),
    [
        (None, b""),
        ("test123", b"Authorization: Bearer test123\r\n"),
        ("密钥", "Authorization: Bearer 密钥\r\n".encode()),
    ],
)
def test_an_event_is_exactly_these_bytes(
    *,
    raw_receiver: Callable[..., Any],
    open_channel: OpenChannel,
    sample_event: WorkflowEvent,
    sample_json: str,
    delivery: Delivery,
    token: str | None,
    authorization: bytes,
) -> None:
    receiver = raw_receiver(OK)
    config = WebhookConfig(enable=True, url=receiver.url, token=None if token is None else Secret(token))

    async def send() -> Outcome:
        async with open_channel(config) as channel:
            return await channel.notify_event(sample_event, delivery)

    outcome = asyncio.run(send())

    assert isinstance(outcome, Sent)
    assert (outcome.status_code, outcome.response) == (200, "ok")
    assert receiver.requests == [
        request_of(receiver.address, sample_json, delivery_id=delivery.id, authorization=authorization)
    ]


def test_a_test_message_is_exactly_these_bytes(
    raw_receiver: Callable[..., Any], open_channel: OpenChannel, delivery: Delivery
) -> None:
    receiver = raw_receiver(OK)
    test = TestMessage.for_platform("SQLE")

    async def send() -> Outcome:
        async with open_channel(WebhookConfig(url=receiver.url)) as channel:
            return await channel.notify_test(test, delivery)

    assert isinstance(asyncio.run(send()), Sent)
    assert receiver.requests == [request_of(receiver.address, test.to_json(), delivery_id=delivery.id)]


def test_with_headers_and_a_template_it_is_exactly_these_bytes(
    raw_receiver: Callable[..., Any], open_channel: OpenChannel, sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    receiver = raw_receiver(OK)
    config = WebhookConfig(
        url=receiver.url,
        username="Aladdin",
        password=Secret("open sesame"),
        user_agent="ops-notifier/1.0",
        headers={"X-Api-Key": Secret("k3y"), "Content-Type": Secret("application/vnd.ops+json"), "X-T": Secret("工单")},
        payload_template='{"text": "{{payload.workflow.workflow_subject}} 工单", "at": "{{timestamp}}"}',
    )

    async def send() -> Outcome:
        async with open_channel(config) as channel:
            return await channel.notify_event(sample_event, delivery)

    assert isinstance(asyncio.run(send()), Sent)
    assert receiver.requests == [
        (
            f"POST / HTTP/1.1\r\nHost: {receiver.address}\r\nAccept-Encoding: identity\r\n"
            "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nContent-Length: 64\r\n"
            "Content-Type: application/vnd.ops+json\r\nUser-Agent: ops-notifier/1.0\r\n"
            f"X-Api-Key: k3y\r\nX-T: 工单\r\nwebhook-id: {delivery.id}\r\n\r\n"
            '{"text":"test_workflow 工单","at":"2023-05-18T15:45:25+08:00"}'
        ).encode()
    ]


def test_what_is_sent_again_is_the_same_byte_for_byte(
    raw_receiver: Callable[..., Any], open_channel: OpenChannel, sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    # It closes and says so: httpx's own pool would else take up a connection whose end it has not seen yet.
    receiver = raw_receiver(b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    async def send() -> None:
        async with open_channel(WebhookConfig(url=receiver.url)) as channel:
            for _ in range(3):
                await channel.notify_event(sample_event, delivery)

    asyncio.run(send())

    assert len(receiver.requests) == 3
    assert len(set(receiver.requests)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nok",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK,
    ],
)
def test_answers_in_every_framing_are_read(
    raw_receiver: Callable[..., Any],
    open_channel: OpenChannel,
    sample_event: WorkflowEvent,
    delivery: Delivery,
    answer: bytes,
) -> None:
    receiver = raw_receiver(answer)

    async def send() -> Outcome:
        async with open_channel(WebhookConfig(url=receiver.url)) as channel:
            return await channel.notify_event(sample_event, delivery)

    outcome = asyncio.run(send())

    assert isinstance(outcome, Sent)
    assert outcome.response == "ok"
