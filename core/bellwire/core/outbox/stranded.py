"""What is parked though nothing blocks it, because a release was missed; looked for a slice at a time.

Each slice is one range of the index of what is open: read at once, a million open rows kept the database's thread for
19 s on PostgreSQL, longer than half a lease.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs
import sqlalchemy as sa

from .tables import deliveries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

SLICE: Final = 5000
"""Rows that one look reads at the most."""


@attrs.frozen
class OpenPlace:
    """A place among all open deliveries, in the order of channel, key and number."""

    channel: str
    ordering_key: str = ""
    seq: int | None = 0
    """``None``: behind all of this key."""


def find(
    connection: Connection, after: OpenPlace | None, now: int, *, slice_: int
) -> tuple[list[tuple[str, str]], OpenPlace | None]:
    """The channels and keys whose earliest open delivery is parked, among the next *slice_* rows behind *after*.

    With the place to go on from; ``None`` when there is no more.
    """
    found: list[tuple[str, str]] = []
    place = after or _next_channel(connection, "")
    while place is not None and slice_ > 0:
        rows = _rows(connection, place, slice_)
        decided: str | None = None
        for row in rows:
            if row.ordering_key != decided and (row.holds_until is None or row.holds_until > now):
                decided = row.ordering_key
                if row.state == "parked":
                    found.append((place.channel, row.ordering_key))
        if len(rows) == slice_:
            last = rows[-1]
            seq = None if last.ordering_key == decided else last.seq
            return found, OpenPlace(place.channel, last.ordering_key, seq)
        slice_ -= len(rows)
        place = _next_channel(connection, place.channel)
    return found, place


def _rows(connection: Connection, after: OpenPlace, limit: int) -> Sequence[Any]:
    d = deliveries.c
    behind = d.ordering_key > after.ordering_key
    if after.seq is not None:
        # said twice, for PostgreSQL; a comparison of rows would have MySQL and MariaDB read from the index's beginning
        behind = (d.ordering_key >= after.ordering_key) & (
            behind | ((d.ordering_key == after.ordering_key) & (d.seq > after.seq))
        )
    query = (
        sa.select(d.ordering_key, d.seq, d.state, d.holds_until)
        .where(d.channel == after.channel, d.settled_at.is_(None), behind)
        .order_by(d.ordering_key, d.seq)
        .limit(limit)
    )
    return connection.execute(query).all()


def _next_channel(connection: Connection, channel: str) -> OpenPlace | None:
    d = deliveries.c
    query = sa.select(d.channel).where(d.settled_at.is_(None), d.channel > channel).order_by(d.channel).limit(1)
    name = connection.execute(query).scalar_one_or_none()
    return None if name is None else OpenPlace(name)
