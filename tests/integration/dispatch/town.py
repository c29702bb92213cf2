"""Several buses over one real database, whose webhooks go to receivers on real sockets. Only time may be faked."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.core.outbox import AttemptView, ChannelCounts, Database, DeliveryFilter, DeliveryView, LaneDemand, Outbox
from bellwire.core.testing import FakeClock
from bellwire.hookspecs import ChannelConfig, Workflow, WorkflowEvent

from .receivers import Answering, Receiver

if TYPE_CHECKING:
    from tests.conftest import Place


class _Clocked(Bus):
    """A bus whose outbox goes by the clock that its channels have."""

    @property
    def outbox(self) -> Outbox:
        if self._outbox is None and isinstance(self._clock, FakeClock):
            self._outbox = Outbox(Database(self.settings.database, clock=self._clock.microseconds))
        return super().outbox


class Town:
    """What a test opens; all of it is closed at its end."""

    def __init__(self, place: Place, until: Callable[..., None]) -> None:
        self.kind = place.kind
        self.url = place.fresh()
        self.until = until
        self.receivers: list[Receiver] = []
        self.buses: list[Bus] = []
        self._numbers = itertools.count()

    def receiver(self, answering: Answering = lambda _: 200) -> Receiver:
        """A receiver that listens."""
        receiver = Receiver(answering)
        self.receivers.append(receiver)
        return receiver

    def hook(self, receiver: Receiver, **values: Any) -> WebhookConfig:
        """A webhook to *receiver*."""
        return WebhookConfig(enable=values.pop("enable", True), url=receiver.url, **values)

    def bus(
        self,
        channels: Mapping[str, ChannelConfig],
        *,
        dispatch: str = "embedded",
        clock: FakeClock | None = None,
        plugins: tuple[object, ...] = (),
        **settings: Any,
    ) -> Bus:
        """A bus that has started; with *clock*, retries, holds and the pace go by that."""
        made = Settings(database=self.url, dispatch=dispatch, channels=channels, **settings)  # type: ignore[arg-type]  # a parameter is just str
        bus = _Clocked(made, plugins=plugins, clock=clock)
        self.buses.append(bus)
        bus.start()
        return bus

    def publish(self, bus: Bus, *subjects: str, key: str | None = None) -> list[WorkflowEvent]:
        """One event after another, of one workflow each unless *key* names it."""
        return [
            bus.notify_workflow(
                "create",
                Workflow(
                    project_name="p",
                    workflow_id=key or f"wf-{next(self._numbers)}",
                    workflow_subject=subject,
                    workflow_status="finished",
                ),
            )
            for subject in subjects
        ]

    def view(self, event: WorkflowEvent, channel: str = "ops") -> DeliveryView:
        """The delivery of *event*."""
        (view,) = (one for one in self.buses[0].outbox.deliveries_of(event.id) if one.channel == channel)
        return view

    def state(self, event: WorkflowEvent, channel: str = "ops") -> str:
        """Where that delivery stands."""
        return self.view(event, channel).state

    def attempts(self, event: WorkflowEvent, channel: str = "ops") -> list[AttemptView]:
        """Every attempt of that delivery."""
        return self.buses[0].outbox.attempts(self.view(event, channel).id)

    def says(self, event: WorkflowEvent, channel: str = "ops") -> str:
        """What ``explain`` says of it."""
        (told,) = self.buses[0].explain(event.id).events
        return next(one.sentence for one in told.channels if one.channel == channel)

    def demand(self, channel: str) -> list[LaneDemand]:
        """What another dispatcher would ask for."""
        return [LaneDemand(channel=channel, slots=100, ordered=True)]

    def claimed_by(self) -> Counter[str | None]:
        """How many deliveries each dispatcher holds."""
        found = self.buses[0].outbox.deliveries(DeliveryFilter(state="claimed", limit=1000))
        return Counter(view.dispatcher for view in found)

    def wait_for(self, channel: str = "ops", **wanted: int) -> None:
        """Until so many of its deliveries are ``due``, ``in_flight``, …; what is not named is none."""
        expected = ChannelCounts(channel=channel, **wanted)
        outbox = self.buses[0].outbox

        def found() -> ChannelCounts:
            counts = outbox.counts().get(channel, ChannelCounts(channel=channel))
            return attrs.evolve(counts, oldest_waiting_at=None)

        self.until(lambda: found() == expected, f"not {expected}")

    def wait_until_idle(self) -> None:
        """Until nothing is due or under way."""
        outbox = self.buses[0].outbox
        self.until(lambda: not any(count.due + count.in_flight for count in outbox.counts().values()), "never idle")

    def wait_until_settled(self) -> None:
        """Until nothing is open."""
        seen: list[object] = []

        def settled() -> bool:
            counts = self.buses[0].outbox.counts()
            seen[:] = [counts]
            return not any(c.due + c.in_flight + c.scheduled + c.parked for c in counts.values())

        self.until(settled, seen)

    def passes(self, clock: FakeClock, seconds: float, *, beats: bool = True) -> None:
        """Time passes, once all that is due was tried; every dispatcher looks, and lets pass what may."""
        self.wait_until_idle()
        clock.advance(seconds)
        for bus in self.buses:
            if beats:
                bus.outbox.let_pass()
            bus.wake()

    def close(self) -> None:
        """Closes everything."""
        for bus in self.buses:
            bus.close(drain=0)
        for receiver in self.receivers:
            receiver.refuse()


@contextmanager
def at_once(*works: Callable[[], object]) -> Iterator[list[BaseException]]:
    """Runs *works* in threads beside the block; what they raised is in the list after it."""
    raised: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    yield raised
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
