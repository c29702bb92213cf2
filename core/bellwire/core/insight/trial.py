"""Trying a channel: the test message is sent once, and what happened is told. Nothing is stored."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs

from bellwire.core.config import ConfiguredChannel, Settings, known_secrets
from bellwire.core.deadlines import Deadlines
from bellwire.core.dispatch.attempt import call_hook
from bellwire.core.dispatch.closing import close_channel
from bellwire.core.dispatch.presence import host_name
from bellwire.core.dispatch.settling import DETAIL_LIMIT, RESPONSE_LIMIT, clean
from bellwire.core.dispatch.setup import make_context
from bellwire.core.dispatch.threads import DaemonThreads
from bellwire.core.http import failure_of
from bellwire.hookspecs import (
    Clock,
    Delivery,
    DeliveryError,
    Event,
    Failed,
    Outcome,
    Sent,
    TestMessage,
    new_id,
    sample_workflow_event,
)

if TYPE_CHECKING:
    from bellwire.core.dispatch.context import Context
    from bellwire.core.plugins import BoundHook, Plugins

_OPEN_PATIENCE: Final = 30.0
_CLOSE_PATIENCE: Final = 5.0


@attrs.frozen(kw_only=True)
class Trial:
    """How a test went."""

    channel: str
    type: str
    host: str
    """The machine that sent it: another one may not reach the receiver."""
    enabled: bool
    """A disabled channel can be tested, but is sent no events."""
    outcome: Outcome
    seconds: float
    warnings: tuple[str, ...] = ()
    """What is questionable about the channel's settings."""


async def send_test(
    channel: ConfiguredChannel, settings: Settings, plugins: Plugins, *, clock: Clock | None = None
) -> Trial:
    """Opens *channel* for itself alone, sends once, and closes it. Never raises for what the channel does."""
    begun = time.perf_counter()
    warnings: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    if channel.config is None:
        detail = f"the channel's type is switched off ({channel.disabled_by}), so there is nothing to test"
        outcome: Outcome = Failed(stage="config", detail=detail, retryable=False)
    elif missing := channel.config.missing_when_enabled():  # a test works on a disabled channel, but not without a URL
        outcome = Failed(stage="config", detail="; ".join(map(str, missing)), retryable=False)
    else:
        warnings = tuple(str(problem) for problem in channel.config.problems() if problem.severity == "warning")
        secrets = known_secrets(channel.config)
        context = make_context(channel, channel.config, settings, plugins, clock=clock)
        outcome = await _open_and_send(context, plugins, TestMessage.for_platform(settings.platform_name))
    return Trial(
        channel=channel.name,
        type=channel.type,
        host=host_name(),
        enabled=channel.active,
        outcome=_scrubbed(outcome, secrets),
        seconds=time.perf_counter() - begun,
        warnings=warnings,
    )


async def _open_and_send(context: Context, plugins: Plugins, test: TestMessage) -> Outcome:
    opened: object | None = None
    registry = plugins.fresh()  # its own: the dispatcher may have the same channel open
    try:
        async with asyncio.timeout(_OPEN_PATIENCE):
            opened = await context.config.open(context)
        registry.open_channel(context.name, opened)
        return await _send(context, registry, test)
    except TimeoutError:
        return Failed(stage="timeout", detail=f"the channel did not open within {_OPEN_PATIENCE:g} s")
    except DeliveryError as error:
        return error.failed
    except Exception as error:  # noqa: BLE001 - whatever a channel raises is what the person who tests it wants to see
        return failure_of(error)
    finally:
        await close_channel(opened, context.name, _CLOSE_PATIENCE)
        await context.aclose()


async def _send(context: Context, registry: Plugins, test: TestMessage) -> Outcome:
    event: Event = test
    hook: BoundHook | None = registry.test_hook(context.name)
    if hook is None:
        event = sample_workflow_event()
        hook = registry.delivery_hook(context.name, event)
    if hook is None:
        return Failed(stage="config", detail="the channel has no hook that a test could call", retryable=False)
    delivery = Delivery(
        id=new_id(),
        channel=context.name,
        deadline=context.clock.now() + timedelta(seconds=context.config.timeout_seconds),
        is_test=True,
    )
    threads = DaemonThreads(1, f"bellwire-test-{context.name}")
    deadlines = Deadlines[asyncio.Task[Any]]()
    try:
        return await call_hook(
            hook,
            event,
            delivery,
            timeout=context.config.timeout_seconds,
            threads=threads,
            deadlines=deadlines,
            classify=failure_of,
            on_overdue=lambda _: None,
        )
    finally:
        deadlines.close()
        threads.close()


def _scrubbed(outcome: Outcome, secrets: tuple[str, ...]) -> Outcome:
    try:
        stages = tuple(
            attrs.evolve(stage, detail=clean(stage.detail, secrets, DETAIL_LIMIT)) for stage in outcome.stages
        )
        response = None if outcome.response is None else clean(outcome.response, secrets, RESPONSE_LIMIT)
        if isinstance(outcome, Sent):
            return attrs.evolve(outcome, response=response, stages=stages)
        detail = clean(outcome.detail, secrets, DETAIL_LIMIT)
        return attrs.evolve(outcome, response=response, detail=detail, stages=stages)
    except Exception as error:  # noqa: BLE001 - a channel may put anything into an outcome, bytes for text
        problem = f"the channel's outcome holds what cannot be shown ({type(error).__name__}: {error})"
        return Failed(stage="channel", detail=problem, retryable=False)
