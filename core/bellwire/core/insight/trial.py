"""Trying a channel: the test message is sent once, and what happened is told. Nothing is stored."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
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
from bellwire.core.http import Notebook, Shown, failure_of, look_at
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

from .diagnosis import Step, diagnose
from .obstacles import obstacles

if TYPE_CHECKING:
    from bellwire.core.dispatch.context import Context
    from bellwire.core.http import SentRequest
    from bellwire.core.plugins import BoundHook, Plugins

    from .status import Status

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
    steps: tuple[Step, ...] = ()
    """The same outcome step by step, with what to try."""
    shown: Shown | None = None
    """The receiver's certificates, where it was asked by https and showed any."""
    obstacles: tuple[str, ...] = ()
    """What would keep real events from this channel, whatever became of the test."""

    @property
    def advice(self) -> tuple[str, ...]:
        """What to try, of all steps."""
        return tuple(sentence for step in self.steps for sentence in step.advice)


async def send_test(
    channel: ConfiguredChannel,
    settings: Settings,
    plugins: Plugins,
    *,
    clock: Clock | None = None,
    status: Status | None = None,
) -> Trial:
    """Opens *channel* for itself alone, sends once, and closes it. Never raises for what the channel does.

    Where the receiver speaks TLS, one more handshake looks at its certificates; no request goes over that.
    *status* says how real events fare, where that is known.
    """
    begun = time.perf_counter()
    seconds = 0.0
    shown: Shown | None = None
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
        notebook = Notebook()
        context = make_context(channel, channel.config, settings, plugins, clock=clock, notebook=notebook)
        outcome = await _open_and_send(context, plugins, TestMessage.for_platform(settings.platform_name))
        seconds = time.perf_counter() - begun
        outcome = _with_stages(outcome, notebook)
        shown = await _certificates(notebook, outcome, context)
    outcome = _scrubbed(outcome, secrets)
    host = host_name()
    steps = diagnose(outcome, channel.config, host=host, is_test=True, shown=shown, now=datetime.now(UTC))
    return Trial(
        channel=channel.name,
        type=channel.type,
        host=host,
        enabled=channel.active,
        outcome=outcome,
        seconds=seconds or time.perf_counter() - begun,
        warnings=warnings,
        steps=tuple(_step_scrubbed(step, secrets) for step in steps),
        shown=shown,
        obstacles=tuple(obstacles(channel, settings, plugins.listing(), status)),
    )


async def request_of_test(
    channel: ConfiguredChannel, settings: Settings, plugins: Plugins, *, clock: Clock | None = None
) -> SentRequest | Failed:
    """The first request that a test of *channel* would send, which is not sent; or why there is none."""
    config = channel.config
    if config is None or config.missing_when_enabled():
        problems = () if config is None else config.missing_when_enabled()
        detail = "; ".join(map(str, problems)) or f"the channel's type is switched off ({channel.disabled_by})"
        return Failed(stage="config", detail=detail, retryable=False)
    notebook = Notebook(sends=False)
    context = make_context(channel, config, settings, plugins, clock=clock, notebook=notebook)
    outcome = await _open_and_send(context, plugins, TestMessage.for_platform(settings.platform_name))
    if notebook.requests:
        return notebook.requests[0]
    if isinstance(outcome, Failed):
        scrubbed = _scrubbed(outcome, known_secrets(config))
        return scrubbed if isinstance(scrubbed, Failed) else outcome
    return Failed(stage="channel", detail="the channel sends without Bellwire's HTTP client", retryable=False)


def _with_stages(outcome: Outcome, notebook: Notebook) -> Outcome:
    """*outcome* with the stages that its channel left out, as many do."""
    return attrs.evolve(outcome, stages=notebook.stages) if notebook.stages and not outcome.stages else outcome


async def _certificates(notebook: Notebook, outcome: Outcome, context: Context) -> Shown | None:
    # at the address that was connected to just now: what a name leads to may change between two look-ups
    endpoint = next((stage.detail for stage in outcome.stages if stage.name == "connect" and stage.detail), "")
    request = notebook.requests[-1] if notebook.requests else None
    if request is None or not endpoint:
        return None
    names = {stage.name for stage in outcome.stages}
    if "tls" not in names or "proxy" in names:  # what answers at a proxy's address is not the receiver
        return None
    return await look_at(endpoint, request.host, context.policy)


def _step_scrubbed(step: Step, secrets: tuple[str, ...]) -> Step:
    def scrubbed(text: str) -> str:
        return clean(text, secrets, DETAIL_LIMIT)

    return attrs.evolve(
        step,
        name=scrubbed(step.name),
        detail=scrubbed(step.detail),
        notes=tuple(map(scrubbed, step.notes)),
        advice=tuple(map(scrubbed, step.advice)),
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
