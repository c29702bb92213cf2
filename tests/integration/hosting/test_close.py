"""Closing a bus: what was published is delivered, as far as the time allows, and the rest stays."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from bellwire.core import Bus, Settings
from bellwire.core.testing import RecordingConfig
from bellwire.hookspecs import (
    ChannelConfig,
    ChannelContext,
    Delivery,
    Outcome,
    Sent,
    Workflow,
    WorkflowEvent,
    channel_config,
    hookimpl,
)


@channel_config
class HangingConfig(ChannelConfig):
    """Never gets an answer."""

    async def open(self, context: ChannelContext) -> HangingChannel:
        return HangingChannel()


class HangingChannel:
    @hookimpl
    async def notify_workflow(self, event: WorkflowEvent, delivery: Delivery) -> Outcome:
        await asyncio.Event().wait()
        return Sent()


@channel_config
class SlowToOpenConfig(RecordingConfig):
    """Opens, but not at once."""

    async def open(self, context: ChannelContext) -> object:  # type: ignore[override]  # whatever the base returns
        await asyncio.sleep(0.5)
        return await super().open(context)


def event(number: int = 0) -> WorkflowEvent:
    workflow = Workflow(project_name="p", workflow_id=str(number), workflow_subject="s", workflow_status="finished")
    return WorkflowEvent(action="create", workflow=workflow)


def bus_on(folder: Path, **channels: ChannelConfig) -> Bus:
    return Bus(Settings(database=f"sqlite:///{folder / 'bellwire.db'}", channels=channels))


@pytest.mark.parametrize("config", [RecordingConfig(), SlowToOpenConfig()], ids=["quick", "slow to open"])
def test_what_was_published_just_before_is_delivered(config: RecordingConfig, tmp_path: Path) -> None:
    with bus_on(tmp_path, ops=config) as bus:
        bus.publish_many([event(number) for number in range(100)])
    assert len(config.recording.events) == 100


def test_what_waits_for_a_later_time_is_not_waited_for(tmp_path: Path) -> None:
    config = RecordingConfig(fail=1, retry_schedule=("1h",))
    bus = bus_on(tmp_path, ops=config)
    bus.start()
    bus.publish(event())
    begun = time.monotonic()
    bus.close(drain=60)
    assert time.monotonic() - begun < 30
    assert len(config.recording.calls) == 1
    assert bus.status().channels[0].counts.scheduled == 1


def test_the_drain_ends_and_what_did_not_get_through_stays(tmp_path: Path) -> None:
    config = RecordingConfig()
    bus = bus_on(tmp_path, ops=config, dead=HangingConfig(enable=True, timeout_seconds=300))
    bus.start()
    published = bus.publish(event())
    begun = time.monotonic()
    bus.close(drain=0.3)
    assert time.monotonic() - begun < 30
    assert config.recording.events == (published,)
    dead, ops = bus.outbox.deliveries_of(published.id)
    assert (dead.state, ops.state) == ("waiting", "delivered")
    (attempt,) = bus.outbox.attempts(dead.id)
    assert attempt.outcome == "interrupted"


def test_without_a_drain_nothing_more_is_begun(tmp_path: Path) -> None:
    config = SlowToOpenConfig()
    bus = bus_on(tmp_path, ops=config)
    bus.start()
    published = bus.publish(event())
    bus.close(drain=0)
    assert config.recording.calls == ()
    assert [delivery.state for delivery in bus.outbox.deliveries_of(published.id)] == ["waiting"]


def test_closing_twice_is_harmless_and_the_next_bus_goes_on(tmp_path: Path) -> None:
    bus = bus_on(tmp_path, ops=SlowToOpenConfig())
    bus.start()
    published = bus.publish(event())
    bus.close(drain=0)
    bus.close()

    config = RecordingConfig()
    with bus_on(tmp_path, ops=config):
        pass
    assert config.recording.events == (published,)
