"""Choosing the deliveries that a person acts on: by their ids, or by state, channel, workflow and time."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final, TypeVar

import attrs
import sqlalchemy as sa

from .states import State
from .tables import deliveries, events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection

T = TypeVar("T")

_PART: Final = 1000


def parts(items: Sequence[T], size: int = _PART) -> Iterator[Sequence[T]]:
    """*items* in pieces: no database takes any number of parameters in one statement."""
    return (items[start : start + size] for start in range(0, len(items), size))


@attrs.frozen(kw_only=True)
class Selection:
    """Which deliveries to act on: those in one of *states* that fit all the rest. Times are microseconds UTC."""

    states: Collection[State]
    channel: str | None = None
    ordering_key: str | None = None
    since: int | None = None
    """Settled at or after this time; of those that are open, published."""
    until: int | None = None
    """Settled at or before this time; of those that are open, published."""


@attrs.frozen
class Chosen:
    """A delivery, as far as choosing needs to know it."""

    id: str
    seq: int
    event_seq: int
    channel: str
    ordering_key: str
    state: State


@attrs.frozen(kw_only=True)
class ChosenEvent:
    """An event that was named by its id, with its deliveries."""

    id: str
    seq: int
    kind: str
    ordering_key: str
    deliveries: tuple[Chosen, ...]


@attrs.frozen(kw_only=True)
class Found:
    """What goes by the ids that were given."""

    deliveries: tuple[Chosen, ...]
    """Those named by their own ids, in their order."""
    events: tuple[ChosenEvent, ...]
    """Those named by theirs, in publish order."""
    unknown: tuple[str, ...]
    """Ids of neither a delivery nor an event, as they were given."""


_CHOSEN: Final = sa.select(
    deliveries.c.id,
    deliveries.c.seq,
    deliveries.c.event_seq,
    deliveries.c.channel,
    deliveries.c.ordering_key,
    deliveries.c.state,
).order_by(deliveries.c.seq)


def select(connection: Connection, wanted: Selection) -> list[Chosen]:
    """The deliveries that fit, in their order."""
    d = deliveries.c
    moment = sa.func.coalesce(d.settled_at, d.created_at)
    query = _CHOSEN.where(d.state.in_(sorted(wanted.states)))
    if wanted.channel is not None:
        query = query.where(d.channel == wanted.channel)
    if wanted.ordering_key is not None:
        query = query.where(d.ordering_key == wanted.ordering_key)
    if wanted.since is not None:
        query = query.where(moment >= wanted.since)
    if wanted.until is not None:
        query = query.where(moment <= wanted.until)
    return [Chosen(*tuple(row)) for row in connection.execute(query)]


def find(connection: Connection, ids: Sequence[str]) -> Found:
    """The deliveries and events that *ids* name."""
    wanted = list(dict.fromkeys(ids))
    chosen = [one for some in parts(wanted) for one in _where(connection, deliveries.c.id.in_(some))]
    known = {one.id for one in chosen}
    named = _events(connection, [one for one in wanted if one not in known])
    known |= {event.id for event in named}
    return Found(
        deliveries=tuple(sorted(chosen, key=lambda one: one.seq)),
        events=tuple(named),
        unknown=tuple(one for one in wanted if one not in known),
    )


def _where(connection: Connection, condition: sa.ColumnElement[bool]) -> list[Chosen]:
    return [Chosen(*tuple(row)) for row in connection.execute(_CHOSEN.where(condition))]


def _events(connection: Connection, ids: Sequence[str]) -> list[ChosenEvent]:
    e = events.c
    rows = [
        row
        for some in parts(ids)
        for row in connection.execute(sa.select(e.id, e.seq, e.kind, e.ordering_key).where(e.id.in_(some)))
    ]
    of_event: dict[int, list[Chosen]] = {row.seq: [] for row in rows}
    for some in parts(list(of_event)):
        for one in _where(connection, deliveries.c.event_seq.in_(some)):
            of_event[one.event_seq].append(one)
    return [
        ChosenEvent(
            id=row.id, seq=row.seq, kind=row.kind, ordering_key=row.ordering_key, deliveries=tuple(of_event[row.seq])
        )
        for row in sorted(rows, key=lambda row: int(row.seq))
    ]
