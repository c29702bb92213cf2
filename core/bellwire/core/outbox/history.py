"""Reading the outbox: what waits, what became of what, and every attempt."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import attrs
import sqlalchemy as sa

from .states import State
from .tables import attempts, deliveries, events

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


_IDS_PER_LOOK: Final = 1000


@attrs.frozen(kw_only=True)
class EventView:
    """A published event."""

    id: str
    kind: str
    action: str
    ordering_key: str
    payload: str
    unwanted_by: Mapping[str, str]
    """For each channel that does not hear of it, the reason."""
    created_at: int


@attrs.frozen(kw_only=True)
class DeliveryView:
    """A delivery as it stands. Times are microseconds since 1970 UTC."""

    id: str
    seq: int
    event_id: str
    kind: str
    action: str
    ordering_key: str
    channel: str
    state: State
    attempts: int
    interruptions: int
    due_at: int
    error: str | None
    created_at: int
    settled_at: int | None
    dispatcher: str | None
    holds_until: int | None = None
    """Until when, at the most, later ones of its key wait for it; set at its first failure."""


@attrs.frozen(kw_only=True)
class AttemptView:
    """One attempt of a delivery, as it was kept."""

    number: int
    outcome: str
    started_at: int
    duration: int
    stage: str | None
    detail: str | None
    status_code: int | None
    response: str | None
    stages: Sequence[Sequence[str | float]]
    dispatcher: str | None


@attrs.frozen(kw_only=True)
class ChannelCounts:
    """How many deliveries of one channel are where."""

    channel: str
    due: int = 0
    """Waiting, and due now."""
    scheduled: int = 0
    """Waiting for a later time."""
    parked: int = 0
    """Waiting for an earlier delivery of the same workflow."""
    in_flight: int = 0
    failed: int = 0
    interrupted: int = 0
    """Open deliveries whose last attempt was interrupted."""
    oldest_waiting_at: int | None = None


@attrs.frozen(kw_only=True)
class DeliveryFilter:
    """Which deliveries to list; the newest come first."""

    channel: str | None = None
    state: State | None = None
    ordering_key: str | None = None
    since: int | None = None
    """Created, or for failed ones failed, at or after this time."""
    until: int | None = None
    """The same, at or before this time."""
    before_seq: int | None = None
    limit: int = 50


_VIEW = sa.select(
    deliveries.c.id,
    deliveries.c.seq,
    events.c.id.label("event_id"),
    events.c.kind,
    events.c.action,
    deliveries.c.ordering_key,
    deliveries.c.channel,
    deliveries.c.state,
    deliveries.c.attempts,
    deliveries.c.interruptions,
    deliveries.c.due_at,
    deliveries.c.error,
    deliveries.c.created_at,
    deliveries.c.settled_at,
    deliveries.c.dispatcher,
    deliveries.c.holds_until,
).join_from(deliveries, events, events.c.seq == deliveries.c.event_seq)


def list_deliveries(connection: Connection, wanted: DeliveryFilter) -> list[DeliveryView]:
    """The newest deliveries that fit."""
    query = _VIEW.order_by(deliveries.c.seq.desc()).limit(wanted.limit)
    if wanted.channel is not None:
        query = query.where(deliveries.c.channel == wanted.channel)
    if wanted.state is not None:
        query = query.where(deliveries.c.state == wanted.state)
    if wanted.ordering_key is not None:
        query = query.where(deliveries.c.ordering_key == wanted.ordering_key)
    moment = deliveries.c.settled_at if wanted.state == "failed" else deliveries.c.created_at
    if wanted.since is not None:
        query = query.where(moment >= wanted.since)
    if wanted.until is not None:
        query = query.where(moment <= wanted.until)
    if wanted.before_seq is not None:
        query = query.where(deliveries.c.seq < wanted.before_seq)
    return [DeliveryView(**row) for row in connection.execute(query).mappings()]


def find_delivery(connection: Connection, delivery_id: str) -> DeliveryView | None:
    """One delivery by its id."""
    row = connection.execute(_VIEW.where(deliveries.c.id == delivery_id)).mappings().one_or_none()
    return None if row is None else DeliveryView(**row)


def deliveries_of(connection: Connection, event_id: str) -> list[DeliveryView]:
    """All deliveries of an event, by channel."""
    rows = connection.execute(_VIEW.where(events.c.id == event_id).order_by(deliveries.c.channel)).mappings()
    return [DeliveryView(**row) for row in rows]


def blocking(connection: Connection, view: DeliveryView, now: int) -> DeliveryView | None:
    """The earlier open delivery with the same key that *view* waits for; one that it may pass is none."""
    d = deliveries.c
    found = views_where(
        connection,
        (d.channel == view.channel)
        & (d.ordering_key == view.ordering_key)
        & (d.seq < view.seq)
        & d.settled_at.is_(None)
        & (d.holds_until.is_(None) | (d.holds_until > now)),
        limit=1,
    )
    return next(iter(found), None)


def views_where(
    connection: Connection, condition: sa.ColumnElement[bool], *, limit: int | None = None
) -> list[DeliveryView]:
    """The deliveries of which *condition* holds, in their order."""
    rows = connection.execute(_VIEW.where(condition).order_by(deliveries.c.seq).limit(limit)).mappings()
    return [DeliveryView(**row) for row in rows]


def attempts_of(connection: Connection, delivery_id: str) -> list[AttemptView]:
    """Every attempt of a delivery, the first one first."""
    query = sa.select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.seq)
    return [
        AttemptView(
            **{name: row[name] for name in _ATTEMPT_FIELDS},
            stages=json.loads(row["stages"]) if row["stages"] else (),
        )
        for row in connection.execute(query).mappings()
    ]


_ATTEMPT_FIELDS = tuple(field.name for field in attrs.fields(AttemptView) if field.name != "stages")
_EVENT_FIELDS = tuple(field.name for field in attrs.fields(EventView) if field.name != "unwanted_by")


def find_events(
    connection: Connection, *, event_id: str | None = None, ordering_key: str | None = None, limit: int = 50
) -> list[EventView]:
    """Events by id or by key, in publish order; of a key with more than *limit*, the newest."""
    query = sa.select(events).order_by(events.c.seq.desc()).limit(limit)
    if event_id is not None:
        query = query.where(events.c.id == event_id)
    if ordering_key is not None:
        query = query.where(events.c.ordering_key == ordering_key)
    rows = connection.execute(query).mappings().all()
    return [
        EventView(**{name: row[name] for name in _EVENT_FIELDS}, unwanted_by=json.loads(row["unwanted"]))
        for row in reversed(rows)
    ]


def known_events(connection: Connection, event_ids: Collection[str]) -> set[str]:
    """Those of *event_ids* that are there."""
    ids, known = list(event_ids), set[str]()
    for start in range(0, len(ids), _IDS_PER_LOOK):
        look = sa.select(events.c.id).where(events.c.id.in_(ids[start : start + _IDS_PER_LOOK]))
        known.update(connection.execute(look).scalars())
    return known


def count_by_channel(connection: Connection, now: int) -> dict[str, ChannelCounts]:
    """What is open or failed, per channel that has any."""
    d = deliveries.c
    waiting, due = d.state == "waiting", d.due_at <= now
    open_rows = (
        sa.select(
            d.channel,
            _count(waiting & due).label("due"),
            _count(waiting & ~due).label("scheduled"),
            _count(d.state == "parked").label("parked"),
            _count(d.state == "claimed").label("in_flight"),
            _count(d.interruptions > 0).label("interrupted"),
            sa.func.min(sa.case((d.state != "claimed", d.created_at))).label("oldest_waiting_at"),
        )
        .where(d.settled_at.is_(None))
        .group_by(d.channel)
    )
    counts = {row["channel"]: ChannelCounts(**row) for row in connection.execute(open_rows).mappings()}
    failed = sa.select(d.channel, sa.func.count().label("failed")).where(d.state == "failed").group_by(d.channel)
    for channel, number in connection.execute(failed):
        counts[channel] = attrs.evolve(counts.get(channel, ChannelCounts(channel=channel)), failed=number)
    return counts


def count_open(connection: Connection) -> int:
    """How many deliveries are not settled yet."""
    query = sa.select(sa.func.count()).select_from(deliveries).where(deliveries.c.settled_at.is_(None))
    return connection.execute(query).scalar_one()


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(sa.case((condition, 1), else_=0)), sa.Integer)  # MySQL sums to DECIMAL
