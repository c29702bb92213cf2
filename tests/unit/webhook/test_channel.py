from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, ClassVar

import attrs
import httpx
import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.channel import WebhookChannel
from bellwire.channels.webhook.verify import verify
from bellwire.hookspecs import (
    HOOK_PREFIX,
    PROJECT_NAME,
    Delivery,
    DeliveryError,
    Event,
    Failed,
    JSONValue,
    Outcome,
    Secret,
    Sent,
    Stage,
    TestMessage,
    WorkflowEvent,
)

URL = "http://192.168.21.34:8000"
Receiver = Callable[[httpx.Request], Any]


@pytest.fixture
def channel_to(context_for: Callable[[Receiver], Any]) -> Callable[..., WebhookChannel]:
    """An open channel whose receiver is a function."""

    def make(receiver: Receiver, *, url: str = URL, **settings: Any) -> WebhookChannel:
        config = WebhookConfig(enable=True, url=url, **settings)
        return asyncio.run(config.open(context_for(receiver)))

    return make


def answering(status: int = 200, **how: Any) -> Receiver:
    return lambda _: httpx.Response(status, **how)


def raising(error: Exception) -> Receiver:
    def receiver(_: httpx.Request) -> httpx.Response:
        raise error

    return receiver


def sent(channel: WebhookChannel, event: Event, delivery: Delivery) -> Outcome:
    return asyncio.run(channel.notify_event(event, delivery))


class Recorder:
    """A receiver that answers 200 and keeps what came."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, text="ok")

    @property
    def bodies(self) -> list[str]:
        return [request.content.decode() for request in self.requests]


def test_an_event_arrives_as_its_exact_text_under_the_deliverys_id(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, sample_json: str, delivery: Delivery
) -> None:
    receiver = Recorder()

    outcome = sent(channel_to(receiver), sample_event, delivery)

    assert outcome == Sent(status_code=200, response="ok")
    assert receiver.bodies == [sample_json]
    assert receiver.requests[0].headers["webhook-id"] == delivery.id


def test_stored_text_is_sent_as_it_was_stored(
    channel_to: Callable[..., WebhookChannel], sample_json: str, delivery: Delivery
) -> None:
    stored = sample_json.replace("test_workflow", "<测试> & Co")
    receiver = Recorder()

    sent(channel_to(receiver), WorkflowEvent.from_json(stored, id="1"), delivery)

    assert receiver.bodies == [stored]


@attrs.frozen(kw_only=True)
class InvoiceEvent(Event):
    kind: ClassVar[str] = "invoice"

    def payload(self) -> dict[str, JSONValue]:
        return {"invoice": {"number": "7"}}


def test_a_signature_bears_the_time_of_the_contexts_clock(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    receiver = Recorder()
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    sent(channel_to(receiver, signature="standard", signing_secret=(secret,)), sample_event, delivery)

    assert receiver.requests[0].headers["webhook-timestamp"] == "1684411200"  # noon, where the fake clock stands


def test_events_of_every_kind_are_sent(channel_to: Callable[..., WebhookChannel], delivery: Delivery) -> None:
    receiver = Recorder()

    sent(channel_to(receiver), InvoiceEvent(action="paid"), delivery)

    document = json.loads(receiver.bodies[0])
    assert (document["event"], document["payload"]) == ("invoice", {"invoice": {"number": "7"}})


def test_the_test_message_has_the_specifications_text_and_is_marked_as_a_test(
    channel_to: Callable[..., WebhookChannel], delivery: Delivery
) -> None:
    receiver = Recorder()
    channel = channel_to(receiver)

    outcome = asyncio.run(channel.notify_test(TestMessage.for_platform("SQLE"), delivery))

    assert outcome == Sent(status_code=200, response="ok")
    (body,) = receiver.bodies
    timestamp = json.loads(body)["timestamp"]
    assert datetime.fromisoformat(timestamp).tzinfo
    assert body == (
        '{"event":"test","action":"test","timestamp":"' + timestamp + '","payload":{"message":"This is a SQLE test '
        'notification\\nIf you receive this message, it only means that the message can be pushed"}}'
    )


def test_the_test_can_be_the_sample_event_at_the_tests_time(
    channel_to: Callable[..., WebhookChannel], sample_json: str, delivery: Delivery
) -> None:
    receiver = Recorder()
    test = TestMessage(message="m", timestamp=datetime.fromisoformat("2023-05-18T15:45:25+08:00"))

    asyncio.run(channel_to(receiver, test_payload="workflow").notify_test(test, delivery))

    assert receiver.bodies == [sample_json]


TEMPLATE = """{
    "text": "{{platform_name}}: {{payload.workflow.workflow_subject}}{{payload.message}}",
    "ids": ["{{event_id}}", "{{delivery_id}}", "{{channel_name}}"]
}"""


def test_a_template_makes_the_body_which_is_then_what_is_signed(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    receiver, secret = Recorder(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    channel = channel_to(receiver, payload_template=TEMPLATE, signature="standard", signing_secret=(Secret(secret),))

    sent(channel, sample_event, delivery)

    (body,), (request,) = receiver.bodies, receiver.requests
    assert body == f'{{"text":"SQLE: test_workflow","ids":["{sample_event.id}","{delivery.id}","ops"]}}'
    assert request.headers["content-length"] == str(len(body))
    assert verify(body.encode(), request.headers, secret, now=1684411200).webhook_id == delivery.id


def test_the_test_message_goes_through_the_template_too(
    channel_to: Callable[..., WebhookChannel], delivery: Delivery
) -> None:
    receiver = Recorder()
    test = TestMessage(message="can you hear me?")

    for kind in ("message", "workflow"):
        channel = channel_to(receiver, payload_template=TEMPLATE, test_payload=kind)
        asyncio.run(channel.notify_test(test, delivery))

    assert [json.loads(body)["text"] for body in receiver.bodies] == ["SQLE: can you hear me?", "SQLE: test_workflow"]
    assert {json.loads(body)["ids"][0] for body in receiver.bodies} == {test.id}


def test_the_channel_has_the_hooks_that_the_engine_looks_for(channel_to: Callable[..., WebhookChannel]) -> None:
    channel = channel_to(answering())
    hooks = [name for name in dir(channel) if name.startswith(HOOK_PREFIX)]

    assert hooks == ["notify_event", "notify_test"]
    assert all(hasattr(getattr(channel, name), f"{PROJECT_NAME}_impl") for name in hooks)


def test_the_transport_is_asked_for_with_the_connect_time_out(context_for: Callable[[Receiver], Any]) -> None:
    context = context_for(answering())

    asyncio.run(WebhookConfig(url=URL, connect_timeout_seconds=2.5).open(context))

    assert context.connect_timeout == 2.5


def test_an_answer_that_is_no_success_is_a_failure_in_the_references_words(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    outcome = sent(channel_to(answering(500, text="boom", headers={"Retry-After": "3"})), sample_event, delivery)

    assert outcome == Failed(
        stage="status",
        detail="response status_code(500) body(boom)",
        status_code=500,
        response="boom",
        retry_after=3,
        stages=(Stage("answer", 0.0, "500: the receiver failed"),),
    )


def test_the_transports_stages_and_its_cut_are_kept(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    stages = (Stage("connect", 0.1, "192.168.21.34:8000"), Stage("response", 0.2))
    extensions = {"bellwire_stages": stages, "truncated": True}

    outcome = sent(channel_to(answering(text="part", extensions=extensions)), sample_event, delivery)

    assert outcome == Sent(status_code=200, response="part…", stages=stages)


class Endless(httpx.AsyncByteStream):
    """A body without end, nearly, which counts what is taken of it."""

    taken = 0
    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(1000):
            self.taken += 1
            yield b"x" * 1000

    async def aclose(self) -> None:
        self.closed = True


def test_no_more_of_a_body_is_read_than_counts(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    body = Endless()

    outcome = sent(channel_to(answering(500, stream=body)), sample_event, delivery)

    assert isinstance(outcome, Failed)
    assert (outcome.response or "").endswith("x…")
    assert body.taken == 66
    assert body.closed


def test_a_connection_is_closed_also_when_its_answer_breaks_off(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    class Broken(Endless):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"x"
            raise DeliveryError(Failed(stage="response", detail="it broke off"))

    body = Broken()
    outcome = sent(channel_to(answering(200, stream=body)), sample_event, delivery)

    assert isinstance(outcome, Failed)
    assert outcome.stage == "response"
    assert body.closed


def test_a_network_failure_has_the_references_words_and_ours_in_the_stages(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    failed = Failed(
        stage="connect",
        detail="192.168.21.34:8000 refused the connection",
        retry_after=7,
        stages=(Stage("connect", 0.1, "192.168.21.34:8000"),),
    )
    error = DeliveryError(failed, address="192.168.21.34:8000", errno=errno.ECONNREFUSED)

    assert sent(channel_to(raising(error)), sample_event, delivery) == attrs.evolve(
        failed,
        detail='Post "http://192.168.21.34:8000": dial tcp 192.168.21.34:8000: connect: connection refused',
        stages=(*failed.stages, Stage("connect", 0.0, "192.168.21.34:8000 refused the connection")),
    )


def test_our_words_stand_in_the_stages_once(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    failed = Failed(
        stage="policy", detail="not allowed", retryable=False, stages=(Stage("policy", 0.0, "not allowed"),)
    )

    outcome = sent(channel_to(raising(DeliveryError(failed))), sample_event, delivery)

    assert outcome == attrs.evolve(failed, detail=f'Post "{URL}": not allowed')


def test_what_openssl_says_of_a_certificate_is_found_in_the_cause(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    class VerificationError(Exception):
        verify_code = 10

    error = DeliveryError(Failed(stage="tls", detail="its certificate has expired"))
    error.__cause__ = ValueError()
    error.__cause__.__context__ = VerificationError()

    outcome = sent(channel_to(raising(error)), sample_event, delivery)

    assert isinstance(outcome, Failed)
    assert "x509: certificate has expired or is not yet valid" in outcome.detail


def test_a_failures_words_never_hold_the_token(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    error = DeliveryError(Failed(stage="channel", detail="the header 'Bearer s3cret' was refused"))

    outcome = sent(channel_to(raising(error), token=Secret("s3cret")), sample_event, delivery)

    assert "s3cret" not in str(outcome)


def test_what_is_no_delivery_error_passes_for_the_engine_to_classify(
    channel_to: Callable[..., WebhookChannel], sample_event: WorkflowEvent, delivery: Delivery
) -> None:
    with pytest.raises(httpx.ConnectError):
        sent(channel_to(raising(httpx.ConnectError("no"))), sample_event, delivery)
