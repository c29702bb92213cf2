"""The effects around the pure middle: sends one request, reads what comes back as far as it counts."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final, TypeVar, cast

import attrs

from bellwire.hookspecs import (
    ChannelContext,
    Delivery,
    DeliveryError,
    Event,
    Failed,
    Outcome,
    Stage,
    TestMessage,
    hookimpl,
    sample_workflow_event,
)

from .answer import Answer, Rules, outcome_of
from .request import RequestBuilder, at_hand
from .scrub import scrub
from .template import PayloadTemplate
from .wording import NetworkFailure, network_error

if TYPE_CHECKING:
    import httpx

    from .config import WebhookConfig

_T = TypeVar("_T")
_READ_AT_MOST: Final = 65536  # the guarded transport stops there by itself; others might never


class WebhookChannel:
    """One webhook, open. The context's transport, and so its connections, are closed by the engine."""

    def __init__(self, config: WebhookConfig, context: ChannelContext) -> None:
        self._config: Final = config
        self._requests: Final = RequestBuilder(config, context.clock.now)
        self._template: Final = PayloadTemplate.parse(config.payload_template) if config.payload_template else None
        self._names: Final = {"channel_name": context.name, "platform_name": context.platform_name}
        self._rules: Final = Rules.of(config)
        self._now: Final = context.clock.now
        self._transport: Final = context.transport(connect_timeout=config.connect_timeout_seconds)

    @hookimpl
    async def notify_event(self, event: Event, delivery: Delivery) -> Outcome:
        """Sends *event*, of whatever kind: a webhook is the fallback for all."""
        return await self._send(event, delivery.id)

    @hookimpl
    async def notify_test(self, test: TestMessage, delivery: Delivery) -> Outcome:
        """Sends *test*; with ``test_payload = "workflow"`` the sample event in its place, at the same time."""
        event: Event = test
        if self._config.test_payload == "workflow":
            event = attrs.evolve(sample_workflow_event(), id=test.id, timestamp=test.timestamp)
        return await self._send(event, delivery.id)

    async def _send(self, event: Event, delivery_id: str) -> Outcome:
        body = event.to_json()
        if self._template is not None:
            body = self._template.fill(body, event_id=event.id, delivery_id=delivery_id, **self._names)
        request = self._requests.build(body, delivery_id)
        try:
            response = await self._transport.handle_async_request(request)
            content, truncated = await _read(response)
        except DeliveryError as error:
            return self._failed(error)
        extensions = response.extensions
        answer = Answer(
            status=response.status_code,
            headers=response.headers,
            body=content,
            truncated=truncated or bool(extensions.get("truncated")),
            stages=extensions.get("bellwire_stages", ()),
        )
        return outcome_of(answer, self._rules, self._now)

    def _failed(self, error: DeliveryError) -> Failed:
        failed = error.failed
        detail = network_error(
            NetworkFailure(
                method="POST",
                url=self._config.url,
                failed=failed,
                address=error.address,
                errno=error.errno,
                verify_code=_from_cause(error, "verify_code", int),
                tls_reason=_from_cause(error, "reason", str),
                kinds=_names(type(error).__mro__),
            )
        )
        return attrs.evolve(
            failed,
            detail=scrub(detail, self._rules.secrets),
            stages=tuple([self._scrubbed(stage) for stage in _with_our_words(failed)]),
        )

    def _scrubbed(self, stage: Stage) -> Stage:
        detail = scrub(stage.detail, self._rules.secrets)
        return stage if detail == stage.detail else attrs.evolve(stage, detail=detail)


async def _read(response: httpx.Response) -> tuple[bytes, bool]:
    """The body, and whether it was cut. Not by ``aread``, which would decode it: a small gzip can hold gigabytes."""
    body = at_hand(response)
    if body is None:
        parts: list[bytes] = []
        size = 0
        try:
            async for part in cast("httpx.AsyncByteStream", response.stream):
                parts.append(part)
                size += len(part)
                if size > _READ_AT_MOST:
                    break
        finally:
            await response.aclose()
        body = b"".join(parts)
    return body[:_READ_AT_MOST], len(body) > _READ_AT_MOST


@functools.cache
def _names(kinds: tuple[type, ...]) -> frozenset[str]:
    return frozenset(kind.__name__ for kind in kinds)


def _with_our_words(failed: Failed) -> tuple[Stage, ...]:
    if any(stage.detail == failed.detail for stage in failed.stages):
        return failed.stages
    return (*failed.stages, Stage(failed.stage, 0.0, failed.detail))


def _from_cause(error: BaseException, attribute: str, kind: type[_T]) -> _T | None:
    """What :mod:`ssl` told of a failed handshake; the transport's exception has that one as its cause."""
    cause = error.__cause__ or error.__context__
    while cause is not None:
        value = getattr(cause, attribute, None)
        if isinstance(value, kind):
            return value
        cause = cause.__cause__ or cause.__context__
    return None
