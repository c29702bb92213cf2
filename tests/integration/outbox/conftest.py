"""The outbox under test: on every database that is at hand, with a clock to set, and short words for what tests do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal

import attrs
import pytest

from bellwire.core.outbox import (
    AttemptRecord,
    ChannelHealth,
    Claim,
    Database,
    DeliveryView,
    DispatcherRow,
    Exchange,
    LaneDemand,
    NewEvent,
    Outbox,
    Settlement,
)
from bellwire.hookspecs import new_id

if TYPE_CHECKING:
    from tests.conftest import Place

SECOND: Final = 1_000_000


class FakeTime:
    """Microseconds since 1970 that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000 * SECOND

    def __call__(self) -> int:
        return self.now

    def passes(self, seconds: float) -> None:
        """Moves on."""
        self.now += round(seconds * SECOND)


def unmoved(health: ChannelHealth, ended: Sequence[bool], now: int) -> ChannelHealth:
    """An advance that leaves a channel's health as it is."""
    return health


End = Literal["sent", "failed", "retry", "interrupted", "given back"]


class Desk:
    """An outbox, its clock, and two dispatchers' hands."""

    def __init__(self, url: str) -> None:
        self.time = FakeTime()
        self.url = url
        self.outbox = Outbox(Database(url, clock=self.time, lock_patience=5.0))

    def another(self) -> Outbox:
        """The same outbox as another process has it; the test closes it."""
        return Outbox(Database(self.url, clock=self.time))

    def new_event(
        self, event_id: str, *, key: str = "wf-1", channels: Iterable[str] = ("ops",), kind: str = "workflow"
    ) -> NewEvent:
        """An event as a bus would store it."""
        return NewEvent(
            id=event_id,
            kind=kind,
            action="create",
            ordering_key=key,
            payload=f'{{"event":"{kind}"}}',
            wanted_by={channel: new_id() for channel in channels},
            unwanted_by={},
        )

    def publish(self, *ids: str, key: str = "wf-1", channels: Iterable[str] = ("ops",), kind: str = "workflow") -> None:
        """Publishes one event after another."""
        for event_id in ids:
            self.outbox.publish([self.new_event(event_id, key=key, channels=channels, kind=kind)])

    def exchange(
        self,
        settlements: Sequence[Settlement] = (),
        *,
        channels: Iterable[str] = (),
        slots: int = 10,
        ordered: bool = True,
        dispatcher: str = "first",
    ) -> Exchange:
        """One visit of a dispatcher."""
        demands = [LaneDemand(channel=channel, slots=slots, ordered=ordered) for channel in channels]
        return self.outbox.exchange(dispatcher, settlements, demands, unmoved)

    def claim(
        self, channel: str = "ops", *, slots: int = 10, ordered: bool = True, dispatcher: str = "first"
    ) -> list[Claim]:
        """What a dispatcher gets for one lane."""
        visit = self.exchange(channels=[channel], slots=slots, ordered=ordered, dispatcher=dispatcher)
        return list(visit.claims)

    def claimed_ids(self, channel: str = "ops", *, slots: int = 10, ordered: bool = True) -> list[str]:
        """The events of a claim."""
        return [claim.event_id for claim in self.claim(channel, slots=slots, ordered=ordered)]

    def end(self, claim: Claim, how: End = "sent", *, delay: float = 0, dispatcher: str = "first") -> bool:
        """Settles *claim*; says whether its lease was still held."""
        return bool(self.exchange([self.settlement(claim, how, delay=delay)], dispatcher=dispatcher).settled)

    def settlement(
        self, claim: Claim, how: End = "sent", *, delay: float = 0, detail: str = "boom", patience: float = 600
    ) -> Settlement:
        """How an attempt ended, as a dispatcher writes it; *patience* is that of the key's followers."""
        wait = round(delay * SECOND)
        record = AttemptRecord(number=claim.attempt, outcome="sent", started_at=self.time.now, duration=1500)
        match how:
            case "sent":
                return Settlement(claim=claim, state="delivered", record=record, error=claim.error)
            case "interrupted":
                record = attrs.evolve(record, outcome="interrupted")
                return Settlement(claim=claim, state="waiting", delay=wait, record=record, error=claim.error)
            case "given back":
                return Settlement(claim=claim, state="waiting", delay=wait, error=claim.error)
            case "failed" | "retry":
                record = attrs.evolve(record, outcome="failed", stage="connect", detail=detail)
                state: Literal["failed", "waiting"] = "failed" if how == "failed" else "waiting"
                return Settlement(
                    claim=claim, state=state, delay=wait, record=record, error=detail, hold_key=round(patience * SECOND)
                )

    def view(self, event_id: str, channel: str = "ops") -> DeliveryView:
        """The delivery of that event."""
        (view,) = (view for view in self.outbox.deliveries_of(event_id) if view.channel == channel)
        return view

    def state(self, event_id: str, channel: str = "ops") -> str:
        """Where that delivery stands."""
        return self.view(event_id, channel).state

    def outcomes(self, event_id: str, channel: str = "ops") -> list[tuple[int, str]]:
        """Number and outcome of each attempt."""
        return [(one.number, one.outcome) for one in self.outbox.attempts(self.view(event_id, channel).id)]

    def row(self, dispatcher: str) -> DispatcherRow:
        """A dispatcher's presence."""
        return DispatcherRow(id=dispatcher, host="here", pid=1, process="{}", version="1", config_digest="x")

    def beat(self, dispatcher: str = "first", *, gone: Sequence[str] = ()) -> int:
        """A dispatcher's heartbeat; how many deliveries it took over."""
        return self.outbox.beat(self.row(dispatcher), gone)

    def close(self) -> None:
        """Closes every connection."""
        self.outbox.close()


@pytest.fixture
def make_desk(place: Place) -> Callable[[], Desk]:
    """Makes one empty outbox after another; whoever makes one closes it."""

    def make() -> Desk:
        desk = Desk(place.fresh())
        desk.outbox.database.open()
        return desk

    return make


@pytest.fixture
def desk(make_desk: Callable[[], Desk]) -> Iterator[Desk]:
    """An empty outbox, on each database."""
    desk = make_desk()
    yield desk
    desk.close()
