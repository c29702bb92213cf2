from __future__ import annotations

import asyncio
import inspect
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from bellwire.channels import im
from bellwire.channels.im import ImConfig
from bellwire.hookspecs import (
    ChannelContext,
    Delivery,
    Event,
    Failed,
    InvalidConfig,
    Message,
    Secret,
    sample_workflow_event,
)


class Context:
    """What the stub asks of its context."""

    logger = logging.getLogger("bellwire.channels.chat")

    def __init__(self) -> None:
        self.rendered: list[Event] = []

    def render(self, event: Event) -> Message:
        self.rendered.append(event)
        return Message(title="工单待审核", body="")


@pytest.mark.parametrize("settings", [{}, {"url": "https://oapi.dingtalk.com/robot/send"}])
def test_enabling_it_is_refused_with_the_way_out(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig) as caught:
        ImConfig(enable=True, **settings)

    (problem,) = caught.value.problems
    assert problem.path == "enable"
    assert "is a stub" in problem.message
    assert "docs/guide/" in problem.message


@pytest.mark.parametrize("provider", ["dingtalk", "feishu", "wecom"])
def test_it_can_be_configured_as_robots_need_it(provider: Any) -> None:
    config = ImConfig(provider=provider, url="https://open.feishu.cn/open-apis/bot/v2/hook/k", secret=Secret("SEC1"))

    assert config.problems() == []
    assert "SEC1" not in repr(config)


def test_what_is_set_is_checked_even_while_disabled() -> None:
    with pytest.raises(InvalidConfig) as caught:
        ImConfig(url="oapi.dingtalk.com", secret=Secret("a\nb"))

    assert [problem.path for problem in caught.value.problems] == ["url", "secret"]


def test_it_does_not_pretend_to_send() -> None:
    context = Context()
    event = sample_workflow_event()
    delivery = Delivery(id="1", channel="chat", deadline=datetime.now(UTC))

    async def attempt() -> object:
        channel = await ImConfig().open(cast("ChannelContext", context))
        return await channel.notify_workflow(event, delivery)

    outcome = asyncio.run(attempt())

    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.retryable) == ("config", False)
    assert "is a stub" in outcome.detail
    assert context.rendered == [event]


def test_it_stays_short_enough_to_be_an_example() -> None:
    assert len(Path(inspect.getfile(im)).read_text(encoding="utf-8").splitlines()) < 100
