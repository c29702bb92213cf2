"""Sending again: a settled delivery is reopened with the same id, a new budget, and a new place in the order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import attrs
import sqlalchemy as sa

from bellwire.hookspecs import new_id

from .states import OPEN
from .tables import deliveries, events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection, RowMapping

T = TypeVar("T")

_PART: Final = 1000


@attrs.frozen(kw_only=True)
class Replayed:
    """What a replay did with each id that it was given."""

    reopened: tuple[str, ...]
    still_open: tuple[str, ...]
    """Not settled yet, so there is nothing to reopen."""
    unknown: tuple[str, ...]


def reopen(connection: Connection, ids: Sequence[str], now: int) -> Replayed:
    """Reopens the settled deliveries among *ids*, in their old order."""
    wanted = list(dict.fromkeys(ids))
    rows = sorted((row for some in _parts(wanted) for row in _rows(connection, some)), key=lambda row: int(row["seq"]))
    settled = [row for row in rows if row["state"] not in OPEN]
    for some in _parts(settled):
        # A new row, because its place in the order is its primary key; attempts refer to the id, which stays.
        connection.execute(deliveries.delete().where(deliveries.c.seq.in_([row["seq"] for row in some])))
        connection.execute(
            deliveries.insert(),
            [
                {name: value for name, value in row.items() if name != "seq"}
                | {
                    "state": "waiting",
                    "due_at": now,
                    "budget_start": row["attempts"],
                    "interruptions": 0,
                    "holds_until": None,
                    "error": None,
                    "settled_at": None,
                }
                for row in some
            ],
        )
    found = {row["id"] for row in rows}
    return Replayed(
        reopened=tuple(row["id"] for row in settled),
        still_open=tuple(row["id"] for row in rows if row["state"] in OPEN),
        unknown=tuple(delivery_id for delivery_id in wanted if delivery_id not in found),
    )


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """*items* in pieces: no database takes any number of parameters in one statement."""
    return (items[start : start + _PART] for start in range(0, len(items), _PART))


def _rows(connection: Connection, ids: Sequence[str]) -> Sequence[RowMapping]:
    return connection.execute(sa.select(deliveries).where(deliveries.c.id.in_(ids)).with_for_update()).mappings().all()


def failed_ids(connection: Connection, *, channel: str | None = None, since: int | None = None) -> list[str]:
    """The ids of failed deliveries, those that failed at or after *since*, in their old order."""
    query = sa.select(deliveries.c.id).where(deliveries.c.state == "failed").order_by(deliveries.c.seq)
    if channel is not None:
        query = query.where(deliveries.c.channel == channel)
    if since is not None:
        query = query.where(deliveries.c.settled_at >= since)
    return list(connection.execute(query).scalars())


@attrs.frozen
class Overtaken:
    """A delivery whose key has later events that were already delivered through the same channel."""

    delivery_id: str
    channel: str
    ordering_key: str
    later: int
    """How many of them."""


def overtaken(connection: Connection, ids: Sequence[str]) -> list[Overtaken]:
    """Which of *ids*, sent again, would arrive after later events of the same key: a receiver may be surprised."""
    later = deliveries.alias("later")
    d = deliveries.c
    query = (
        sa.select(d.id, d.channel, d.ordering_key, sa.func.count())
        .join_from(
            deliveries,
            later,
            (later.c.channel == d.channel)
            & (later.c.ordering_key == d.ordering_key)
            & (later.c.event_seq > d.event_seq)
            & (later.c.state == "delivered"),
        )
        .where(d.id.in_(list(ids)))
        .group_by(d.id, d.channel, d.ordering_key)
    )
    return [Overtaken(str(id_), channel, key, later) for id_, channel, key, later in connection.execute(query).tuples()]


def add(connection: Connection, event_ids: Sequence[str], channel: str, now: int) -> tuple[str, ...]:
    """Gives *channel* a delivery of each of these events that has none; returns the new ids, in publish order."""
    have = sa.select(deliveries.c.event_seq).where(deliveries.c.channel == channel)
    query = (
        sa.select(events.c.seq, events.c.ordering_key)
        .where(events.c.id.in_(list(event_ids)), events.c.seq.not_in(have))
        .order_by(events.c.seq)
    )
    rows = [
        {
            "id": new_id(),
            "event_seq": seq,
            "channel": channel,
            "ordering_key": key,
            "state": "waiting",
            "due_at": now,
            "attempts": 0,
            "budget_start": 0,
            "interruptions": 0,
            "created_at": now,
        }
        for seq, key in connection.execute(query)
    ]
    if rows:
        connection.execute(deliveries.insert(), rows)
    return tuple(str(row["id"]) for row in rows)
