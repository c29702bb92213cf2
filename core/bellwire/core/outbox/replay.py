"""Sending again: a settled delivery is reopened with the same id, a new budget, and a new place in the order."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs
import sqlalchemy as sa

from bellwire.hookspecs import new_id

from .selection import parts
from .states import OPEN
from .tables import deliveries, events

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection, RowMapping


@attrs.frozen(kw_only=True)
class Replayed:
    """What a replay did with each id that it was given."""

    reopened: tuple[str, ...]
    still_open: tuple[str, ...]
    """Not settled yet, so there is nothing to reopen."""
    unknown: tuple[str, ...]
    added: tuple[str, ...] = ()
    """New deliveries, to a channel that had not wanted the event."""
    skipped: tuple[str, ...] = ()
    """Deliveries of another channel than the one that was named, and events that no channel wanted when none was."""


def reopen(connection: Connection, ids: Sequence[str], now: int) -> Replayed:
    """Reopens the settled deliveries among *ids*, in publish order.

    Not in that of their places, which an earlier replay may have changed: the newest event of a key shall come last.
    """
    wanted = list(dict.fromkeys(ids))
    rows = sorted(
        (row for some in parts(wanted) for row in _rows(connection, some)),
        key=lambda row: (int(row["event_seq"]), int(row["seq"])),
    )
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


def _rows(connection: Connection, ids: Sequence[str]) -> Sequence[RowMapping]:
    return connection.execute(sa.select(deliveries).where(deliveries.c.id.in_(ids)).with_for_update()).mappings().all()


@attrs.frozen
class Place:
    """Where something would be sent again: an event's number, through a channel."""

    channel: str
    ordering_key: str
    event_seq: int


@attrs.frozen
class Overtaken:
    """A workflow, or another ordering key, of which something would be sent after later events."""

    channel: str
    ordering_key: str
    deliveries: int
    """How many would be sent."""
    later: int
    """How many later events were already delivered through the channel, or will be before them."""


_COME_FIRST: Final = (*sorted(OPEN), "delivered")
"""A replay takes a new place in the order: what waits already goes before it."""


def overtaken(connection: Connection, places: Iterable[Place]) -> list[Overtaken]:
    """Of which keys something, sent again at *places*, would arrive after later events: a receiver may be surprised.

    Later events that are sent again themselves do not count, because they come later again.
    """
    sent: dict[tuple[str, str], set[int]] = {}
    for place in places:
        sent.setdefault((place.ordering_key, place.channel), set()).add(place.event_seq)
    first = {where: min(numbers) for where, numbers in sent.items()}
    later: Counter[tuple[str, str]] = Counter()
    for some in parts(sorted(first)):
        keys = sorted({key for key, _ in some})
        wanted = set(some)
        for row in connection.execute(_later(keys, min(first[each] for each in some))):
            where, number = (row.ordering_key, row.channel), row.event_seq
            later[where] += where in wanted and number > first[where] and number not in sent[where]
    return [
        Overtaken(channel, key, len(numbers), later[key, channel])
        for (key, channel), numbers in sent.items()
        if later[key, channel]
    ]


def _later(keys: Sequence[str], first: int) -> sa.Executable:
    # by the events' index of keys: that of the deliveries has the open ones alone
    d, e = deliveries.c, events.c
    return (
        sa.select(e.ordering_key, d.channel, d.event_seq)
        .join_from(events, deliveries, d.event_seq == e.seq)
        .where(e.ordering_key.in_(keys), e.seq > first, d.state.in_(_COME_FIRST))
    )


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
