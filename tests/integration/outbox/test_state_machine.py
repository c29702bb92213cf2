"""The outbox against a model of a few dictionaries, by whatever sequence of steps hypothesis comes up with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bellwire.core.outbox import ChannelCounts, Claim, DeliveryView, Outbox
from bellwire.core.outbox.outbox import LEASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Place
    from tests.integration.outbox.conftest import Desk

SECOND: Final = 1_000_000
CHANNELS: Final = ("ops", "chat")
KEYS: Final = ("a", "b")
DISPATCHERS: Final = ("first", "second")


@attrs.define
class Modelled:
    """A delivery as it should be."""

    event: str
    channel: str
    key: str
    place: int
    due: int
    attempts: int = 0
    budget_start: int = 0
    interruptions: int = 0
    token: int | None = None
    dispatcher: str | None = None
    lease_until: int = 0
    ended: str | None = None
    outcomes: list[tuple[int, str]] = attrs.field(factory=list)

    @property
    def is_open(self) -> bool:
        return self.ended is None


class OutboxMachine(RuleBasedStateMachine):
    """Every rule does the same to the outbox and to the model; the invariants compare the two."""

    claims = Bundle("claims")

    def __init__(self, make_desk: Callable[[], Desk]) -> None:
        super().__init__()
        self.desk = make_desk()
        self.outbox: Outbox = self.desk.outbox
        self.rows: dict[tuple[str, str], Modelled] = {}
        self.published: dict[str, str] = {}
        self.next_place = 0
        self.paused: set[str] = set()
        self.known: set[str] = set()

    def teardown(self) -> None:
        self.drain_everything()
        self.desk.close()

    @initialize()
    def starts(self) -> None:
        for dispatcher in DISPATCHERS:
            self.desk.beat(dispatcher)
            self.known.add(dispatcher)

    # -- the steps --------------------------------------------------------------------------------------------------

    @rule(key=st.sampled_from(KEYS), channels=st.sets(st.sampled_from(CHANNELS)))
    def publish(self, key: str, channels: set[str]) -> None:
        event = f"e{len(self.published)}"
        self.desk.publish(event, key=key, channels=sorted(channels))
        self.published[event] = key
        for channel in sorted(channels):
            self._insert(event, channel, key)

    def _insert(self, event: str, channel: str, key: str) -> None:
        self.rows[event, channel] = Modelled(event, channel, key, self._place(), self.desk.time.now)

    def _place(self) -> int:
        self.next_place += 1
        return self.next_place

    @precondition(lambda self: self.published)
    @rule(data=st.data(), channels=st.sets(st.sampled_from(CHANNELS)))
    def publish_an_id_again(self, data: st.DataObject, channels: set[str]) -> None:
        event = data.draw(st.sampled_from(sorted(self.published)))
        self.desk.publish(event, key="another", channels=sorted(channels))

    @rule(
        target=claims,
        channel=st.sampled_from(CHANNELS),
        slots=st.integers(1, 4),
        dispatcher=st.sampled_from(DISPATCHERS),
    )
    def claim(self, channel: str, slots: int, dispatcher: str) -> object:
        found = self.desk.claim(channel, slots=slots, dispatcher=dispatcher)
        assert len(found) <= slots
        if channel in self.paused:
            assert found == []
        for claim in found:
            row = self._row(claim)
            assert row.is_open, "settled, and claimed again"
            assert row.token is None, "claimed twice at once"
            assert row.due <= self.desk.time.now, "claimed before it is due"
            earlier = [other for other in self._open(channel, row.key) if other.place < row.place]
            assert earlier == [], f"claimed before {earlier} of the same key"
            assert (claim.attempts, claim.budget_start) == (row.attempts, row.budget_start)
            row.token, row.dispatcher = claim.lease_token, dispatcher
            row.lease_until = self.desk.time.now + LEASE
        if channel not in self.paused and len(found) < slots:
            heads = [row for row in self._heads(channel) if row.due <= self.desk.time.now and row.token is None]
            assert heads == [], "due, the first of its key, slots were free, and it was not claimed"
        return multiple(*found)

    @rule(claim=consumes(claims), how=st.sampled_from(("sent", "failed", "retry", "interrupted", "given back")))
    def settle(self, claim: Claim, how: str) -> None:
        self._settle([(claim, how)])

    @rule(one=consumes(claims), two=consumes(claims))
    def settle_two_at_once(self, one: Claim, two: Claim) -> None:
        self._settle([(one, "sent"), (two, "failed")])

    @rule(claim=claims)
    def settle_and_keep_the_claim_as_a_frozen_worker_would(self, claim: Claim) -> None:
        self._settle([(claim, "retry")])

    def _settle(self, ends: list[tuple[Claim, str]]) -> None:
        valid = [(claim, how) for claim, how in ends if self._row(claim).token == claim.lease_token]
        settlements = [self.desk.settlement(claim, how, delay=5, patience=1e6) for claim, how in ends]  # type: ignore[arg-type]  # drawn from the ends
        settled = self.desk.exchange(settlements).settled
        assert [(one.claim.seq, one.claim.lease_token) for one in settled] == [
            (claim.seq, claim.lease_token) for claim, _ in valid
        ], "only the lease's holder settles"
        for claim, how in valid:
            row = self._row(claim)
            row.token = row.dispatcher = None
            if how in {"sent", "failed", "retry"}:
                row.outcomes.append((row.attempts + 1, "sent" if how == "sent" else "failed"))
                row.attempts += 1
                row.interruptions = 0
            elif how == "interrupted":
                row.outcomes.append((row.attempts + 1, "interrupted"))
                row.interruptions += 1
            if how in {"sent", "failed"}:
                row.ended = {"sent": "delivered", "failed": "failed"}[how]
            else:
                row.due = self.desk.time.now + (0 if how in {"sent", "failed"} else 5 * SECOND)

    @rule(seconds=st.sampled_from((0.5, 1, 5, 40)))
    def time_passes(self, seconds: float) -> None:
        self.desk.time.passes(seconds)

    @rule(claim=claims)
    def renew(self, claim: Claim) -> None:
        self.outbox.renew([claim])
        row = self._row(claim)
        if row.token == claim.lease_token:
            row.lease_until = self.desk.time.now + LEASE

    @rule(dispatcher=st.sampled_from(DISPATCHERS))
    def heartbeat_that_takes_over_what_has_expired(self, dispatcher: str) -> None:
        self._beat(dispatcher, [])

    @rule(dead=st.sampled_from(DISPATCHERS))
    def a_dispatcher_is_killed_and_the_other_one_sees_it(self, dead: str) -> None:
        other = next(name for name in DISPATCHERS if name != dead)
        self._beat(other, [dead])

    def _beat(self, dispatcher: str, gone: list[str]) -> None:
        now = self.desk.time.now
        freed = self.desk.beat(dispatcher, gone=gone)
        expired = [
            row
            for row in self.rows.values()
            if row.token is not None and (row.lease_until < now or row.dispatcher in gone)
        ]
        assert freed == len(expired)
        for row in expired:
            row.token = row.dispatcher = None
            row.interruptions += 1
            row.outcomes.append((row.attempts + 1, "interrupted"))
            row.due = now + min(2 ** (row.interruptions - 1), 3600) * SECOND
        self.known = (self.known | {dispatcher}) - set(gone)

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        names = data.draw(st.lists(st.sampled_from(sorted(self.rows)), min_size=1, max_size=3, unique=True))
        rows = sorted((self.rows[name] for name in names), key=lambda row: (int(row.event[1:]), row.place))
        ids = [self._view(row).id for row in rows]
        replayed = self.outbox.replay([*reversed(ids), "nobody"])
        settled = [row for row in rows if not row.is_open]
        assert len(replayed.reopened) == len(settled)
        assert len(replayed.still_open) == len(rows) - len(settled)
        assert replayed.unknown == ("nobody",)
        for row in settled:
            row.ended, row.due, row.place = None, self.desk.time.now, self._place()
            row.budget_start, row.interruptions = row.attempts, 0

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        row = self.rows[data.draw(st.sampled_from(sorted(self.rows)))]
        delivery_id = self._view(row).id
        waits = row.is_open and row.token is None
        assert self.outbox.cancel([delivery_id]) == ((delivery_id,) if waits else ())
        if waits:
            row.ended = "cancelled"

    @rule(channel=st.sampled_from(CHANNELS), paused=st.booleans())
    def pause_or_resume(self, channel: str, paused: bool) -> None:
        self.outbox.set_paused(channel, paused=paused)
        (self.paused.add if paused else self.paused.discard)(channel)

    @rule()
    def sweep(self) -> None:
        assert self.outbox.mend_order() == (0, None), "a release was missed"

    @rule()
    def the_process_restarts(self) -> None:
        self.outbox.close()
        self.outbox = self.desk.outbox = Outbox(self.outbox.database)

    # -- what must always hold --------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_lost_and_nothing_is_twice(self) -> None:
        for event in self.published:
            (stored,) = self.outbox.events(event_id=event)
            assert stored.ordering_key == self.published[event]
            channels = {view.channel for view in self.outbox.deliveries_of(event)}
            assert channels == {channel for name, channel in self.rows if name == event}

    @invariant()
    def each_delivery_stands_where_the_model_says(self) -> None:
        for row in self.rows.values():
            view = self._view(row)
            assert (view.attempts, view.interruptions) == (row.attempts, row.interruptions)
            assert (view.settled_at is None) == row.is_open
            if row.ended is not None:
                assert view.state == row.ended
            elif row.token is not None:
                assert (view.state, view.dispatcher) == ("claimed", row.dispatcher)
            else:
                assert view.state in {"waiting", "parked"}
                assert view.due_at == row.due
            if view.state == "parked":
                assert row not in self._heads(row.channel), "parked, and nothing is before it"

    @invariant()
    def every_attempt_is_in_the_log(self) -> None:
        for row in self.rows.values():
            assert self.desk.outcomes(row.event, row.channel) == row.outcomes

    @invariant()
    def the_counts_are_those_of_the_model(self) -> None:
        counts = self.outbox.counts()
        for channel in CHANNELS:
            mine = [row for row in self.rows.values() if row.channel == channel]
            found = counts.get(channel, ChannelCounts(channel=channel))
            waiting = [row for row in mine if row.is_open and row.token is None]
            assert found.due + found.scheduled + found.parked == len(waiting)
            assert found.in_flight == sum(row.token is not None for row in mine)
            assert found.failed == sum(row.ended == "failed" for row in mine)
            assert found.interrupted == sum(row.is_open and row.interruptions > 0 for row in mine)

    @invariant()
    def the_dispatchers_are_those_that_beat(self) -> None:
        assert {row.id for row in self.outbox.dispatchers()} == self.known

    # -- at the end -------------------------------------------------------------------------------------------------

    def drain_everything(self) -> None:
        """Whatever happened before: everything can still be delivered, and key by key in order."""
        for channel in CHANNELS:
            self.outbox.set_paused(channel, paused=False)
        self.desk.time.passes(LEASE / SECOND + 7200)
        self._beat("first", [])
        self.desk.time.passes(7200)
        self.paused.clear()
        left = sum(row.is_open for row in self.rows.values())
        for _ in range(left * 2 + 2):
            for channel in CHANNELS:
                found = self.desk.claim(channel, slots=3)
                for claim in found:
                    row = self._row(claim)
                    assert [other for other in self._open(channel, row.key) if other.place < row.place] == []
                    assert self.desk.end(claim)
                    row.ended = "delivered"
        assert not any(row.is_open for row in self.rows.values()), "something cannot be delivered any more"

    # -- help -------------------------------------------------------------------------------------------------------

    def _row(self, claim: Claim) -> Modelled:
        return self.rows[claim.event_id, claim.channel]

    def _view(self, row: Modelled) -> DeliveryView:
        return self.desk.view(row.event, row.channel)

    def _open(self, channel: str, key: str) -> list[Modelled]:
        return [row for row in self.rows.values() if row.channel == channel and row.key == key and row.is_open]

    def _heads(self, channel: str) -> list[Modelled]:
        groups = (self._open(channel, key) for key in KEYS)
        return [min(group, key=lambda row: row.place) for group in groups if group]


def test_the_outbox_does_what_its_model_does(place: Place, make_desk: Callable[[], Desk]) -> None:
    amount = {"sqlite": 60, "postgresql": 8, "mysql": 8}[place.kind]
    run_state_machine_as_test(
        cast("Any", lambda: OutboxMachine(make_desk)), settings=settings(max_examples=amount, stateful_step_count=30)
    )
