"""Signed requests as they arrive, over our transport and over httpx's own: the very bytes, and each sending's time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import attrs
import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.channel import WebhookChannel
from bellwire.channels.webhook.verify import verify, verify_github
from bellwire.hookspecs import Delivery, Failed, Secret, Sent, TestMessage, Workflow, WorkflowEvent

OpenChannel = Callable[..., AbstractAsyncContextManager[WebhookChannel]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
SECRET_KEY = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
PUBLIC_KEY = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="


@pytest.fixture(params=["guarded", "httpx"])
def transport_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def parsed(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines), body


@pytest.fixture
def event() -> WorkflowEvent:
    workflow = Workflow(
        project_name="项目<&>",
        workflow_id="1",
        workflow_subject='"\\\u2028\x7f',
        workflow_status="s",
        extra={"a": [1.5]},
    )
    return WorkflowEvent(action="create", workflow=workflow)


def test_what_arrives_verifies_by_every_secret_while_they_are_changed(
    raw_receiver: Callable[..., Any], open_channel: OpenChannel, event: WorkflowEvent, delivery: Delivery
) -> None:
    receiver = raw_receiver(OK)
    secrets = tuple(map(Secret, (NEW, OLD, SECRET_KEY)))
    config = WebhookConfig(url=receiver.url, signature="standard", signing_secret=secrets)

    async def send() -> None:
        async with open_channel(config) as channel:
            assert isinstance(await channel.notify_event(event, delivery), Sent)

    asyncio.run(send())
    headers, body = parsed(receiver.requests[0])

    assert body == event.to_json().encode()
    for secret in (NEW, OLD, PUBLIC_KEY):
        assert verify(body, headers, secret, tolerance=60).webhook_id == delivery.id


def test_a_test_message_is_signed_as_well(
    raw_receiver: Callable[..., Any], open_channel: OpenChannel, delivery: Delivery
) -> None:
    receiver = raw_receiver(OK)
    config = WebhookConfig(url=receiver.url, signature="github", signing_secret=(Secret("密"), Secret("old")))

    async def send() -> None:
        async with open_channel(config) as channel:
            assert isinstance(await channel.notify_test(TestMessage.for_platform("SQLE"), delivery), Sent)

    asyncio.run(send())
    headers, body = parsed(receiver.requests[0])

    assert (verify_github(body, headers, "密"), verify_github(body, headers, "old")) == (0, 0)
    del headers["X-Hub-Signature-256-Also"]
    assert verify_github(body, headers, "密") == 0


def test_what_is_sent_again_is_the_same_but_for_the_time_of_its_sending(
    raw_receiver: Callable[..., Any], open_channel: OpenChannel, event: WorkflowEvent, delivery: Delivery
) -> None:
    receiver = raw_receiver(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
    config = WebhookConfig(url=receiver.url, signature="standard", signing_secret=(Secret(OLD),))

    async def send() -> None:
        async with open_channel(config) as channel:
            await channel.notify_event(event, delivery)
            second = int(time.time())
            while int(time.time()) == second:  # the next second
                await asyncio.sleep(0.01)
            await channel.notify_event(event, attrs.evolve(delivery, attempt=2))

    asyncio.run(send())
    (first, body), (again, same_body) = map(parsed, receiver.requests)
    changed = {name for name in first if first[name] != again[name]}

    assert body == same_body
    assert changed == {"webhook-timestamp", "webhook-signature"}
    assert verify(body, first, OLD).timestamp < verify(body, again, OLD).timestamp


def test_a_receiver_that_answers_with_the_signing_secret_is_not_believed_to_be_discreet(
    raw_receiver: Callable[..., Any], open_channel: OpenChannel, event: WorkflowEvent, delivery: Delivery
) -> None:
    said = f"my secret is {OLD}, in base64 {OLD[6:]}".encode()
    receiver = raw_receiver(b"HTTP/1.1 500 Oh\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))
    config = WebhookConfig(url=receiver.url, signature="standard", signing_secret=(Secret(OLD),))

    async def send() -> Any:
        async with open_channel(config) as channel:
            return await channel.notify_event(event, delivery)

    outcome = asyncio.run(send())

    assert isinstance(outcome, Failed)
    assert "my secret is ********" in (outcome.response or "")
    assert OLD[6:] not in repr(outcome)
