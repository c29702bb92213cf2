"""What leaves the outbox: cancelled deliveries stay in the log, purged and expired events are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import sqlalchemy as sa

from .selection import parts
from .tables import attempts, deliveries, events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

_BATCH: Final = 200
"""Events that one transaction looks at: purging must not keep publishers waiting."""


@attrs.frozen(kw_only=True)
class Retention:
    """For how long settled deliveries are kept, in microseconds."""

    delivered: int
    failed: int


@attrs.frozen(kw_only=True)
class Cancelled:
    """What a cancel did with each id that it was given."""

    cancelled: tuple[str, ...] = ()
    """Deliveries that waited."""
    in_flight: tuple[str, ...] = ()
    """Deliveries that are being sent right now: they go on."""
    settled: tuple[str, ...] = ()
    """Deliveries that had been delivered, had failed or were cancelled before."""
    skipped: tuple[str, ...] = ()
    """Events that no channel wanted."""
    unknown: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Purged:
    """An event that was removed."""

    event_id: str
    deliveries: int
    in_flight: int
    """How many of them were being sent at that moment; what has left cannot be called back."""


def cancel(connection: Connection, ids: Sequence[str], now: int) -> list[tuple[str, str, str]]:
    """Settles the waiting and parked ones among *ids* as cancelled; returns id, channel and key of each."""
    return [row for some in parts(list(dict.fromkeys(ids))) for row in _cancel(connection, some, now)]


def _cancel(connection: Connection, ids: Sequence[str], now: int) -> list[tuple[str, str, str]]:
    d = deliveries.c
    waiting = d.id.in_(ids) & d.state.in_(("waiting", "parked"))
    query = sa.select(d.id, d.channel, d.ordering_key).where(waiting).order_by(d.seq).with_for_update()
    found = [(row.id, row.channel, row.ordering_key) for row in connection.execute(query)]
    if found:
        cancelled = deliveries.update().where(d.id.in_([delivery_id for delivery_id, _, _ in found]))
        connection.execute(cancelled.values(state="cancelled", settled_at=now))
    return found


def purge(connection: Connection, event_id: str) -> tuple[set[tuple[str, str]], int]:
    """Removes one event and all that belongs to it; returns the channels and keys it was open in, and how many rows."""
    wanted = sa.select(events.c.seq).where(events.c.id == event_id).with_for_update()
    seq = connection.execute(wanted).scalar_one_or_none()
    if seq is None:
        return set(), 0
    rows = _remove(connection, [seq])
    return {(channel, key) for _, channel, key in rows}, len(rows)


def expire(connection: Connection, after: int, keep: Retention, now: int) -> tuple[int, int | None]:
    """Removes those of the next events after number *after* whose deliveries are all settled, and long enough ago.

    An event that no channel wanted goes as if it had been delivered when it was published.
    """
    d, e = deliveries.c, events.c
    youngest = now - min(keep.delivered, keep.failed)
    # Locked, so that nobody reopens a delivery of an event that is just being removed; who does so now is let alone.
    query = (
        sa.select(e.seq, e.created_at)
        .where(e.seq > after, e.created_at < youngest)
        .order_by(e.seq)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    looked_at = dict(tuple(row) for row in connection.execute(query))
    if not looked_at:
        return 0, None
    age = sa.case((d.state == "failed", keep.failed), else_=keep.delivered)
    ends = sa.select(d.event_seq, d.settled_at + age).where(d.event_seq.in_(looked_at))
    keeping: set[int] = set()
    delivered: set[int] = set()
    for seq, end in connection.execute(ends):
        delivered.add(seq)
        if end is None or end >= now:
            keeping.add(seq)
    expired = [
        seq
        for seq, created_at in looked_at.items()
        if seq not in keeping and (seq in delivered or created_at + keep.delivered < now)
    ]
    if expired:
        _remove(connection, expired)
    return len(expired), max(looked_at) if len(looked_at) == _BATCH else None


def _remove(connection: Connection, seqs: list[int]) -> list[tuple[str, str, str]]:
    """Removes these events, which are locked; returns id, channel and key of their deliveries."""
    d = deliveries.c
    # Locked before their attempts are removed: one that is just being settled gets its attempt first.
    query = sa.select(d.id, d.channel, d.ordering_key).where(d.event_seq.in_(seqs)).order_by(d.seq).with_for_update()
    rows = [(row.id, row.channel, row.ordering_key) for row in connection.execute(query)]
    if rows:
        connection.execute(attempts.delete().where(attempts.c.delivery_id.in_([row[0] for row in rows])))
        connection.execute(deliveries.delete().where(d.event_seq.in_(seqs)))
    connection.execute(events.delete().where(events.c.seq.in_(seqs)))
    return rows
