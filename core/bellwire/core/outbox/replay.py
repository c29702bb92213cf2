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
    rows = sorted((row for some in parts(wanted) for row in _rows(connection, some)), key=lambda row: int(row["seq"]))
    settled = [row for row in rows if row["state"] not in OPEN]
    for some in parts(settled):
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


def parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
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
    return [found for some in parts(list(dict.fromkeys(ids))) for found in _overtaken(connection, some)]


def _overtaken(connection: Connection, ids: Sequence[str]) -> Iterator[Overtaken]:
    later_event, later = events.alias("later_event"), deliveries.alias("later")
    d = deliveries.c
    query = (
        # over the events, because the index of deliveries by key has the open ones alone
        sa.select(d.id, d.channel, d.ordering_key, sa.func.count())
        .join_from(
            deliveries,
            later_event,
            (later_event.c.ordering_key == d.ordering_key) & (later_event.c.seq > d.event_seq),
        )
        .join(
            later,
            (later.c.event_seq == later_event.c.seq) & (later.c.channel == d.channel) & (later.c.state == "delivered"),
        )
        .where(d.id.in_(ids))
        .group_by(d.id, d.channel, d.ordering_key)
    )
    return (Overtaken(*row) for row in connection.execute(query))


def add(connection: Connection, event_ids: Sequence[str], channel: str, now: int) -> tuple[str, ...]:
    """Gives *channel* a delivery of each of these events that has none; returns the new ids, in publish order."""
    found = [row for some in parts(list(dict.fromkeys(event_ids))) for row in _without(connection, some, channel)]
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
        for seq, key in sorted(found)
    ]
    for some in parts(rows):
        connection.execute(deliveries.insert(), some)
    return tuple(str(row["id"]) for row in rows)


def _without(connection: Connection, event_ids: Sequence[str], channel: str) -> list[tuple[int, str]]:
    has = sa.exists().where(deliveries.c.event_seq == events.c.seq, deliveries.c.channel == channel)
    query = sa.select(events.c.seq, events.c.ordering_key).where(events.c.id.in_(event_ids), ~has)
    return [(seq, key) for seq, key in connection.execute(query)]
