"""Trying a channel: once, alone, and whatever it does is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from bellwire.core import ConfiguredChannel, Settings
from bellwire.core.insight import trial as trial_module
from bellwire.core.insight.trial import Trial, send_test
from bellwire.core.plugins import Plugins
from bellwire.hookspecs import (
    ChannelConfig,
    ChannelContext,
    Delivery,
    DeliveryError,
    Event,
    Failed,
    Outcome,
    Secret,
    Sent,
    Stage,
    TestMessage,
    WorkflowEvent,
    channel_config,
    hookimpl,
    setting,
)

SEEN: list[tuple[Event, Delivery]] = []


@channel_config
class PagerConfig(ChannelConfig):
    endpoint: str = setting(default="x", title="Endpoint", required_when_enabled=True)
    token: Secret | None = setting(default=None, title="Token")
    answer: Callable[[], Any] = attrs.field(default=Sent, init=False)
    opening: Callable[[], Any] = attrs.field(default=lambda: None, init=False)
    closing: Callable[[], Any] = attrs.field(default=lambda: None, init=False)
    plain: bool = attrs.field(default=False, init=False)

    async def open(self, context: ChannelContext) -> Any:
        self.opening()
        return PlainPager(self) if self.plain else Pager(self)


class PlainPager:
    def __init__(self, config: PagerConfig) -> None:
        self._config = config

    @hookimpl
    def notify_workflow(self, event: WorkflowEvent, delivery: Delivery) -> Outcome:
        SEEN.append((event, delivery))
        outcome: Outcome = self._config.answer()
        return outcome


class Pager(PlainPager):
    @hookimpl
    def notify_test(self, test: TestMessage, delivery: Delivery) -> Outcome:
        SEEN.append((test, delivery))
        outcome: Outcome = self._config.answer()
        return outcome

    def aclose(self) -> Any:
        return self._config.closing()


def tried(config: PagerConfig | None = None, **channel: Any) -> Trial:
    SEEN.clear()
    configured = ConfiguredChannel(name="pager", type="pager", config=config or PagerConfig(), **channel)
    return asyncio.run(send_test(configured, Settings(platform_name="OurDB"), Plugins()))


def raising(error: BaseException) -> Callable[[], Any]:
    def function() -> Any:
        raise error

    return function


def test_the_test_message_is_sent_once_and_marked_as_a_test() -> None:
    trial = tried()
    ((event, delivery),) = SEEN
    assert isinstance(event, TestMessage)
    assert "This is a OurDB test notification" in event.message
    assert delivery.is_test
    assert (trial.outcome, trial.channel, trial.type, trial.enabled) == (Sent(), "pager", "pager", True)
    assert trial.host


def test_a_channel_without_a_test_hook_is_sent_the_sample_event() -> None:
    config = PagerConfig()
    config.plain = True
    tried(config)
    ((event, delivery),) = SEEN
    assert (event.action, delivery.is_test) == ("create", True)


def test_a_failure_is_told_and_not_repeated() -> None:
    config = PagerConfig()
    config.answer = lambda: Failed(stage="connect", detail="refused")
    assert tried(config).outcome == Failed(stage="connect", detail="refused")
    assert len(SEEN) == 1


def test_a_disabled_channel_is_tried_too_and_the_trial_says_that_it_is_disabled() -> None:
    assert not tried(disabled_by="enable = false").enabled
    assert len(SEEN) == 1


def test_what_an_enabled_channel_would_lack_is_told_instead() -> None:
    outcome = tried(PagerConfig(endpoint="")).outcome
    assert isinstance(outcome, Failed)
    assert outcome.stage == "config"
    assert "endpoint" in outcome.detail
    assert SEEN == []


def test_a_channel_whose_type_is_switched_off_is_not_tried() -> None:
    channel = ConfiguredChannel(name="pager", config=None, disabled_by="BELLWIRE_DISABLED_CHANNELS")
    outcome = asyncio.run(send_test(channel, Settings(), Plugins())).outcome
    assert isinstance(outcome, Failed)
    assert "BELLWIRE_DISABLED_CHANNELS" in outcome.detail


@pytest.mark.parametrize("place", ["opening", "answer"])
def test_what_a_channel_raises_is_what_the_person_sees(place: str) -> None:
    config = PagerConfig()
    setattr(config, place, raising(LookupError("no such room")))
    assert tried(config).outcome == Failed(stage="channel", detail="LookupError: no such room")
    failed = Failed(stage="dns", detail="unknown host")
    setattr(config, place, raising(DeliveryError(failed)))
    assert tried(config).outcome == failed


@pytest.mark.parametrize(
    "closing",
    [raising(OSError("closing failed")), lambda: asyncio.sleep(600), lambda: None],
    ids=["raises", "hangs", "is no coroutine"],
)
def test_how_it_closes_changes_nothing_about_how_it_went(
    closing: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_module, "_CLOSE_PATIENCE", 0.01)
    config = PagerConfig()
    config.closing = closing
    assert tried(config).outcome == Sent()


def test_no_known_secret_is_shown() -> None:
    config = PagerConfig(token=Secret("canary-5ecret"))
    config.answer = lambda: Failed(
        stage="status",
        detail="for canary-5ecret",
        response="canary-5ecret",
        stages=(Stage("connect", 0.1, "with canary-5ecret"),),
    )
    assert "canary-5ecret" not in repr(tried(config).outcome)


def test_an_outcome_that_cannot_be_shown_is_told_as_that() -> None:
    config = PagerConfig()
    config.answer = lambda: Sent(response=b"bytes")  # type: ignore[arg-type]  # what authors do without a type checker
    outcome = tried(config).outcome
    assert isinstance(outcome, Failed)
    assert "cannot be shown" in outcome.detail
