"""What leaves the outbox: cancelled deliveries stay in the log, purged and expired events are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import sqlalchemy as sa

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


def cancel(connection: Connection, ids: Sequence[str], now: int) -> list[tuple[str, str, str]]:
    """Settles the waiting and parked ones among *ids* as cancelled; returns id, channel and key of each."""
    d = deliveries.c
    waiting = d.id.in_(list(ids)) & d.state.in_(("waiting", "parked"))
    query = sa.select(d.id, d.channel, d.ordering_key).where(waiting).with_for_update()
    found = [(row.id, row.channel, row.ordering_key) for row in connection.execute(query)]
    if found:
        cancelled = deliveries.update().where(d.id.in_([delivery_id for delivery_id, _, _ in found]))
        connection.execute(cancelled.values(state="cancelled", settled_at=now))
    return found


def purge(connection: Connection, event_id: str) -> tuple[set[tuple[str, str]], int]:
    """Removes one event and all that belongs to it; returns the channels and keys it was open in, and how many rows."""
    d = deliveries.c
    seq = connection.execute(sa.select(events.c.seq).where(events.c.id == event_id)).scalar_one_or_none()
    if seq is None:
        return set(), 0
    rows = connection.execute(sa.select(d.id, d.channel, d.ordering_key).where(d.event_seq == seq)).all()
    _remove(connection, [seq])
    return {(row.channel, row.ordering_key) for row in rows}, len(rows)


def expire(connection: Connection, after: int, keep: Retention, now: int) -> tuple[int, int | None]:
    """Removes those of the next events after number *after* whose deliveries are all settled, and long enough ago."""
    d, e = deliveries.c, events.c
    youngest = now - min(keep.delivered, keep.failed)
    query = sa.select(e.seq).where(e.seq > after, e.created_at < youngest).order_by(e.seq).limit(_BATCH)
    looked_at = list(connection.execute(query).scalars())
    if not looked_at:
        return 0, None
    age = sa.case((d.state == "failed", keep.failed), else_=keep.delivered)
    kept = sa.select(d.event_seq).where(
        d.event_seq.in_(looked_at), d.settled_at.is_(None) | (d.settled_at + age >= now)
    )
    keeping = set(connection.execute(kept).scalars())
    expired = [seq for seq in looked_at if seq not in keeping]
    if expired:
        _remove(connection, expired)
    return len(expired), looked_at[-1] if len(looked_at) == _BATCH else None


def _remove(connection: Connection, seqs: list[int]) -> None:
    ids = list(connection.execute(sa.select(deliveries.c.id).where(deliveries.c.event_seq.in_(seqs))).scalars())
    if ids:
        connection.execute(attempts.delete().where(attempts.c.delivery_id.in_(ids)))
        connection.execute(deliveries.delete().where(deliveries.c.event_seq.in_(seqs)))
    connection.execute(events.delete().where(events.c.seq.in_(seqs)))
