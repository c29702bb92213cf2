"""The outbox as the rest of the engine sees it: each method is one transaction."""

from __future__ import annotations

import logging
import secrets
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import attrs
import sqlalchemy as sa

from bellwire.core.errors import DatabaseError, SchemaError

from . import (
    doubts,
    health,
    host_tables,
    host_transaction,
    removal,
    replay,
    schema,
    set_back,
    stranded,
    upkeep,
)
from .group_commit import GroupCommit
from .health import Advance, ChannelHealth
from .host_transaction import host_connection
from .reading import Reader
from .rows import Claim, LaneDemand, NewEvent, Settlement
from .tables import deliveries
from .watch import Announcer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from .database import Database

logger = logging.getLogger("bellwire.outbox")

LEASE: Final = 30_000_000
"""Microseconds that a claim is held without a heartbeat; renewed at a third of it."""


@attrs.frozen(kw_only=True)
class Exchange:
    """What one visit to the database brought a dispatcher."""

    settled: tuple[Settlement, ...] = ()
    """Those whose lease was still held; the others had been taken over."""
    claims: tuple[Claim, ...] = ()
    unfinished: frozenset[str] = frozenset()
    """Channels that may have more that is due."""
    next_due_in: int | None = None
    """In how many microseconds the next delivery of the demanded lanes becomes due."""
    health: tuple[tuple[ChannelHealth, ChannelHealth], ...] = ()
    """Channels whose health changed: before and after."""


class Outbox(Reader):
    """Durable, ordered deliveries in SQL tables.

    Thread-safe. Every method may raise a :class:`~bellwire.core.errors.DatabaseError`.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._statements: Final = database.backend.statements
        self._instance_id: str | None = None
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._publishing: GroupCommit[Sequence[NewEvent]] = GroupCommit(
            self._commit, alone=lambda error: not isinstance(error, DatabaseError)
        )
        self._announcer = Announcer(self.database)
        self._unsure: frozenset[int] = frozenset()

    def close(self) -> None:
        """Closes every connection; the next use opens again."""
        self._announcer.stop()  # first, because it would open the database again
        self.database.close()

    def before_fork(self) -> None:
        """Called in the parent: no connection may cross a fork."""
        self.database.before_fork()

    def after_fork_in_parent(self) -> None:
        """Called in the parent: goes on."""
        self.database.after_fork_in_parent()

    def after_fork(self) -> None:
        """Called in the child: the parent's connections, threads and locks are not the child's."""
        self.database.after_fork()
        self._start_afresh()

    def publish(self, events: Sequence[NewEvent]) -> None:
        """Stores *events* and their deliveries, all of them or none, in their order.

        When it returns they survive ``kill -9`` and a power cut.
        """
        self._publishing.submit(events)
        self._announcer.announce()

    def _commit(self, groups: Sequence[Sequence[NewEvent]]) -> None:
        events = [event for group in groups for event in group]
        self.database.write(lambda connection: self.insert(connection, events), for_host=True)

    def insert(self, connection: sa.Connection, events: Sequence[NewEvent]) -> None:
        """Writes *events* in the transaction that *connection* has open."""
        self._statements.insert_events(connection, events, self.database.now(connection))

    def publish_within(self, connection: object, events: Sequence[NewEvent], after_commit: Callable[[], None]) -> None:
        """Writes *events* in the host's own transaction; *after_commit* is called where its library can tell.

        Raises :class:`~bellwire.core.errors.InvalidConnection`, and what the host's library raises.
        """
        host = host_connection(connection)
        if self._instance_id is None:
            self._instance_id = self.instance_id()
        host_transaction.insert(host, events, self.database, self._instance_id)

        def committed() -> None:
            self._announcer.announce()
            after_commit()

        host.after_commit(committed)

    def create_tables(self, connection: object) -> None:
        """Creates the tables over the host's connection, in its database, as if they were this outbox's own."""
        host_tables.create(host_connection(connection), self.instance_id())

    def exchange(
        self, dispatcher: str, settlements: Sequence[Settlement], demands: Sequence[LaneDemand], advance: Advance
    ) -> Exchange:
        """Settles *settlements* and claims for *demands*, in one transaction, so that one commit pays for both.

        What was claimed in a transaction whose end is unknown is given back first: nobody was told of it, and it would
        wait for its lease to run out.
        """
        token = secrets.randbits(62)
        try:
            exchange = self.database.write(
                lambda connection: self._exchange(connection, dispatcher, settlements, demands, advance, token=token)
            )
        except DatabaseError as error:
            if error.while_committing and demands:
                self._unsure |= {token}
            raise
        self._unsure = frozenset()
        return exchange

    def _exchange(
        self,
        connection: sa.Connection,
        dispatcher: str,
        settlements: Sequence[Settlement],
        demands: Sequence[LaneDemand],
        advance: Advance,
        *,
        token: int,
    ) -> Exchange:
        now = self.database.now(connection)
        if self._unsure:
            upkeep.give_back(connection, self._unsure)
        valid: list[Settlement] = []
        changes: list[tuple[ChannelHealth, ChannelHealth]] = []
        if settlements:
            valid = self._statements.settle(connection, settlements, now=now, dispatcher=dispatcher)
            if final := {(s.claim.channel, s.claim.ordering_key) for s in valid if s.state != "waiting"}:
                self._statements.release(connection, final, now)
            results = _results(valid)
            known = health.by_channel(self._statements.health_of(connection, results)) if results else {}
            changes = health.advance_all(connection, known, results, advance, now)
            for before, after in changes:
                if before.probing and not after.probing and before.failing_since is not None:
                    upkeep.be_patient(connection, after.channel, now - before.failing_since)
        if not demands:
            return Exchange(settled=tuple(valid), health=tuple(changes))
        claimed = self._statements.claim(
            connection,
            self._allowed(connection, demands, now),
            now=now,
            token=token,
            lease_until=now + LEASE,
            dispatcher=dispatcher,
        )
        claims = claimed.claims
        if any(claim.interruptions for claim in claims):
            hold_keys = {demand.channel: demand.hold_key for demand in demands if demand.hold_key is not None}
            claims = doubts.limit_holds(connection, claims, hold_keys, now)
        # a channel with more that is due is looked at as soon as it has a free slot: only the others need a timer
        waiting = [demand.channel for demand in demands if demand.channel not in claimed.unfinished]
        due = self._statements.next_due(connection, waiting, now) if waiting else None
        return Exchange(
            settled=tuple(valid),
            claims=claims,
            unfinished=claimed.unfinished,
            next_due_in=None if due is None else due - now,
            health=tuple(changes),
        )

    def _allowed(self, connection: sa.Connection, demands: Sequence[LaneDemand], now: int) -> Sequence[LaneDemand]:
        hindered = health.by_channel(self._statements.hindered(connection))
        if not hindered:
            return demands
        if probing := [channel for channel, known in hindered.items() if known.probing]:
            # locked, so that of two replicas that come to probe at once the second one sees the first one's claim
            hindered |= health.by_channel(self._statements.health_of(connection, probing))
        claimed = sa.select(deliveries.c.channel).where(
            deliveries.c.state == "claimed", deliveries.c.channel.in_(list(hindered))
        )
        busy = frozenset(connection.execute(claimed).scalars())
        return health.restrict(demands, hindered, busy, now)

    def renew(self, claims: Sequence[Claim]) -> None:
        """Puts off the end of the leases of what is still being sent."""
        self.database.write(
            lambda connection: self._statements.renew(connection, claims, self.database.now(connection) + LEASE)
        )

    def beat(self, row: upkeep.DispatcherRow, gone: Collection[str]) -> int:
        """A dispatcher's heartbeat; takes over what those *gone* and expired leases held, and returns how many.

        It also notices when the database's clock was set back, so that nothing waits for its old time to come again.

        Raises :class:`~bellwire.core.errors.SchemaError` when the tables were brought to a version meanwhile that this
        code must not work with; the next use of this outbox is refused too.
        """

        def work(connection: sa.Connection) -> tuple[int, int]:
            schema.require_compatible(schema.installed(connection), self.database.shown)
            set_back_by = set_back.mend(connection, row.id, lambda: self.database.now(connection), LEASE)
            now = self.database.now(connection)
            upkeep.beat(connection, attrs.evolve(row, seen_at=now, started_at=row.started_at or now))
            freed = upkeep.take_over(connection, now, gone)
            if gone:
                upkeep.forget(connection, gone)
            return freed, set_back_by

        try:
            freed, set_back_by = self.database.write(work)
        except SchemaError:
            self.database.close()  # whoever opens it looks at the version
            raise
        if set_back_by:
            logger.warning("the database's clock was set back by %d s; due times follow it", set_back_by // 1_000_000)
        return freed

    def leave(self, dispatcher: str) -> None:
        """A dispatcher stops."""
        self.database.write(lambda connection: upkeep.leave(connection, dispatcher, self.database.now(connection)))

    def unpark(self, channel: str) -> int:
        """Frees all parked deliveries of *channel*, whose order was switched off; returns how many."""
        return self.database.write(lambda connection: upkeep.unpark(connection, channel))

    def mend_order(
        self, after: stranded.OpenPlace | None = None, *, slice_: int = stranded.SLICE
    ) -> tuple[int, stranded.OpenPlace | None]:
        """Frees what is parked though nothing blocks it, of the next *slice_* open deliveries behind *after*.

        Returns of how many keys (none, unless a release was missed), and the place to go on from; ``None`` when there
        is no more.
        """
        with self.database.read() as connection:
            keys, next_after = stranded.find(connection, after, self.database.now(connection), slice_=slice_)
        self._release(keys)
        return len(keys), next_after

    def let_pass(self) -> None:
        """Frees what waits behind deliveries that have failed for longer than their key's order has patience."""
        with self.database.read() as connection:
            keys = upkeep.impatient_keys(connection, self.database.now(connection))
        self._release(keys)

    def _release(self, keys: Sequence[tuple[str, str]]) -> None:
        if keys:  # seldom: whoever only looks need not lock anything
            self.database.write(
                lambda connection: self._statements.release(connection, keys, self.database.now(connection))
            )

    def cancel(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Settles waiting deliveries as cancelled; returns the ids of those that were still waiting."""

        def work(connection: sa.Connection) -> tuple[str, ...]:
            now = self.database.now(connection)
            cancelled = removal.cancel(connection, ids, now)
            self._statements.release(connection, {(channel, key) for _, channel, key in cancelled}, now)
            return tuple(delivery_id for delivery_id, _, _ in cancelled)

        return self.database.write(work)

    def purge_event(self, event_id: str) -> int:
        """Removes an event with its deliveries and attempts, whatever their state; returns how many deliveries.

        On SQLite, what it held is overwritten in the file.
        """

        def work(connection: sa.Connection) -> int:
            self.database.backend.overwrite_deleted(connection)
            keys, removed = removal.purge(connection, event_id)
            self._statements.release(connection, keys, self.database.now(connection))
            return removed

        removed = self.database.write(work)
        with self.database.in_use(), self.database.unattended_connection() as connection:
            self.database.backend.empty_journal(connection)
        return removed

    def expire(self, after: int, keep: removal.Retention) -> tuple[int, int | None]:
        """Removes a batch of what need not be kept any longer, of the events after number *after*.

        Returns how many events, and the number to go on after; ``None`` when there is no more.
        """
        return self.database.write(
            lambda connection: removal.expire(connection, after, keep, self.database.now(connection))
        )

    def deliver_to(self, event_ids: Sequence[str], channel: str) -> tuple[str, ...]:
        """Gives *channel* deliveries of events that it had not wanted; returns the new deliveries' ids."""
        added = self.database.write(
            lambda connection: replay.add(connection, event_ids, channel, self.database.now(connection))
        )
        self._announcer.announce()
        return added

    def replay(self, ids: Sequence[str]) -> replay.Replayed:
        """Reopens settled deliveries."""
        replayed = self.database.write(lambda connection: replay.reopen(connection, ids, self.database.now(connection)))
        self._announcer.announce()
        return replayed

    def set_paused(self, channel: str, *, paused: bool, by: str = "", reason: str = "") -> ChannelHealth:
        """Pauses or resumes a channel, for all replicas; returns what was known of it before.

        One that is paused already keeps who paused it, when and why.
        """

        def work(connection: sa.Connection) -> ChannelHealth:
            now = self.database.now(connection)
            rows = health.by_channel(self._statements.health_of(connection, [channel]))
            known = rows.get(channel, ChannelHealth(channel=channel))
            if known.paused != paused:
                since = (now, by or None, reason or None) if paused else (None, None, None)
                changed = attrs.evolve(
                    known, paused=paused, paused_at=since[0], paused_by=since[1], paused_reason=since[2]
                )
                health.save(connection, changed, now)
            return known

        before = self.database.write(work)
        self._announcer.announce()
        return before


def _results(settlements: Iterable[Settlement]) -> dict[str, list[bool]]:
    results: dict[str, list[bool]] = defaultdict(list)
    for settlement in settlements:
        if settlement.record is not None and settlement.record.outcome != "interrupted":
            results[settlement.claim.channel].append(settlement.record.outcome == "sent")
    return results
