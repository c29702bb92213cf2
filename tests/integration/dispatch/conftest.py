"""A bus that really dispatches, and channels made in code that do as a test tells them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import pytest

from bellwire.core import Bus, ConfiguredChannel, Settings
from bellwire.core.dispatch import Dispatcher
from bellwire.core.outbox import DeliveryView
from bellwire.hookspecs import (
    ChannelConfig,
    ChannelContext,
    Delivery,
    Event,
    Outcome,
    Secret,
    Sent,
    Workflow,
    WorkflowEvent,
    channel_config,
    hookimpl,
    setting,
)

from .town import Town

if TYPE_CHECKING:
    from tests.conftest import Place

PATIENCE = 60.0


def until(condition: Callable[[], object], what: object = "it did not come to pass") -> None:
    """Returns when *condition* holds; what is told if it never does may change meanwhile."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, what
        time.sleep(0.005)


class Script:
    """What a channel does, and what it was given; shared by each time that it is open."""

    def __init__(self) -> None:
        self.calls: list[tuple[Event, Delivery]] = []
        self.ended: list[tuple[Event, Delivery]] = []
        self.answer: Callable[[Event, Delivery], Any] = lambda event, delivery: Sent()
        self.opening: Callable[[ChannelContext], Any] = lambda context: None
        self.closing: Callable[[], Any] = lambda: None
        self.opened = 0
        self.closed = 0
        self.lock = threading.Lock()
        self.most_at_once = 0
        self._now = 0

    def begin(self, event: Event, delivery: Delivery) -> None:
        with self.lock:
            self.calls.append((event, delivery))
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)

    def end(self, event: Event, delivery: Delivery) -> None:
        with self.lock:
            self._now -= 1
            self.ended.append((event, delivery))

    @property
    def subjects(self) -> list[str]:
        """The subjects of the events that it was given, attempt by attempt."""
        return [event.workflow.workflow_subject for event, _ in self.calls if isinstance(event, WorkflowEvent)]


@channel_config
class ScriptedConfig(ChannelConfig):
    """A channel that does as its script says."""

    enable: bool = setting(default=True, title="Enabled")
    retry_schedule: tuple[str, ...] = setting(default=("5ms", "5ms"), format="duration", title="Retry schedule")
    token: Secret | None = setting(default=None, title="Token")
    sync: bool = setting(default=False, title="Plain def")
    script: Script = attrs.field(factory=Script, init=False)

    def __repr__(self) -> str:
        return "ScriptedConfig()"

    async def open(self, context: ChannelContext) -> Any:
        self.script.opened += 1
        result = self.script.opening(context)
        if asyncio.iscoroutine(result):
            await result
        return SyncChannel(self.script) if self.sync else AsyncChannel(self.script)


class AsyncChannel:
    def __init__(self, script: Script) -> None:
        self._script = script

    @hookimpl
    async def notify_event(self, event: Event, delivery: Delivery) -> Outcome:
        self._script.begin(event, delivery)
        try:
            result: Any = self._script.answer(event, delivery)
            if asyncio.iscoroutine(result):
                result = await result
        finally:
            self._script.end(event, delivery)
        answer: Outcome = result
        return answer

    async def aclose(self) -> None:
        self._script.closed += 1
        result = self._script.closing()
        if asyncio.iscoroutine(result):
            await result


class SyncChannel:
    def __init__(self, script: Script) -> None:
        self._script = script

    @hookimpl
    def notify_event(self, event: Event, delivery: Delivery) -> Outcome:
        self._script.begin(event, delivery)
        try:
            answer: Outcome = self._script.answer(event, delivery)
            return answer
        finally:
            self._script.end(event, delivery)


class House:
    """A bus with scripted channels."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "bellwire.db"
        self.bus: Bus
        self.channels: dict[str, ScriptedConfig] = {}
        self._buses: list[Bus] = []

    def open(
        self,
        channels: dict[str, ScriptedConfig] | None = None,
        *,
        dispatch: str = "embedded",
        plugins: tuple[object, ...] = (),
        start: bool = True,
    ) -> Bus:
        """A bus on this house's database; the first one's channels by default."""
        self.channels = channels or self.channels or {"ops": ScriptedConfig()}
        bus = Bus(
            Settings(
                database=f"sqlite:///{self.file}",
                dispatch=dispatch,  # type: ignore[arg-type]  # a parameter is just str
                channels={name: ConfiguredChannel(name=name, config=config) for name, config in self.channels.items()},
            ),
            plugins=plugins,
            channel_types={"scripted": ScriptedConfig},
        )
        self._buses.append(bus)
        self.bus = bus
        if start:
            bus.start()
        return bus

    def publish(self, *subjects: str, key: str = "wf-1", bus: Bus | None = None) -> list[WorkflowEvent]:
        """One event after another."""
        return [
            (bus or self.bus).notify_workflow(
                "create",
                Workflow(project_name="p", workflow_id=key, workflow_subject=subject, workflow_status="finished"),
            )
            for subject in subjects
        ]

    def view(self, event: WorkflowEvent, channel: str = "ops") -> DeliveryView:
        """The delivery of *event*."""
        (view,) = (view for view in self.bus.outbox.deliveries_of(event.id) if view.channel == channel)
        return view

    def log(self, event: WorkflowEvent, channel: str = "ops") -> list[tuple[int, str]]:
        """Number and outcome of each attempt."""
        return [(one.number, one.outcome) for one in self.bus.outbox.attempts(self.view(event, channel).id)]

    def is_settled(self) -> bool:
        """Whether nothing is open any more."""
        return not any(
            count.due + count.scheduled + count.parked + count.in_flight for count in self.bus.outbox.counts().values()
        )

    def wait_until_settled(self) -> None:
        """Until nothing is open any more."""
        until(self.is_settled, f"not settled: {self.bus.status()}")

    def once(self, bus: Bus | None = None) -> Dispatcher:
        """Runs a dispatcher until nothing is due."""
        bus = bus or self.bus
        bus.outbox.database.open()
        dispatcher = bus.make_dispatcher(once=True)
        asyncio.run(asyncio.wait_for(dispatcher.run(), PATIENCE))
        return dispatcher

    def close(self) -> None:
        """Closes every bus."""
        for bus in self._buses:
            bus.close(drain=0)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


class MakesConfig(Protocol):
    """Makes a scripted channel's config."""

    def __call__(self, answer: Callable[[Event, Delivery], Any] | None = None, **values: Any) -> ScriptedConfig: ...


@pytest.fixture
def channel() -> MakesConfig:
    """Makes a channel that answers as it is told."""

    def make(answer: Callable[[Event, Delivery], Any] | None = None, **values: Any) -> ScriptedConfig:
        config = ScriptedConfig(**values)
        if answer is not None:
            config.script.answer = answer
        return config

    return make


@pytest.fixture
def wait() -> Callable[..., None]:
    """Waits for a condition."""
    return until


@pytest.fixture
def town(place: Place) -> Iterator[Town]:
    """Buses over a real database, on each kind of it."""
    town = Town(place, until)
    yield town
    town.close()
