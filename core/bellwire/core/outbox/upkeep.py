"""What keeps the outbox moving when something died: dispatchers' heartbeats, and leases that ran out."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import attrs
import sqlalchemy as sa

from .tables import attempts, deliveries, dispatchers, meta

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_SECOND = 1_000_000
_LONGEST_WAIT = 3600 * _SECOND
_BATCH = 500


@attrs.frozen(kw_only=True)
class DispatcherRow:
    """A dispatcher's heartbeat."""

    id: str
    host: str
    pid: int
    process: str
    version: str
    config_digest: str
    lanes: Mapping[str, str] = attrs.field(factory=dict)
    """For each channel ``open``, or why not."""
    started_at: int = 0
    seen_at: int = 0


def beat(connection: Connection, row: DispatcherRow) -> None:
    """Writes the heartbeat, the first one or a further one."""
    values = attrs.asdict(row) | {"lanes": json.dumps(dict(row.lanes), ensure_ascii=False)}
    further = {name: value for name, value in values.items() if name != "started_at"}
    if not connection.execute(dispatchers.update().where(dispatchers.c.id == row.id).values(further)).rowcount:
        connection.execute(dispatchers.insert().values(values))


_LEFT_AT = "dispatcher_left_at"


def leave(connection: Connection, dispatcher: str, now: int) -> None:
    """Removes the heartbeat of a dispatcher that stops, and keeps when that was."""
    connection.execute(dispatchers.delete().where(dispatchers.c.id == dispatcher))
    values = {"name": _LEFT_AT, "value": str(now)}
    if not connection.execute(meta.update().where(meta.c.name == _LEFT_AT).values(values)).rowcount:
        connection.execute(meta.insert().values(values))


def last_seen(connection: Connection) -> int | None:
    """When any dispatcher was last seen; ``None`` when there never was one."""
    left = connection.execute(sa.select(meta.c.value).where(meta.c.name == _LEFT_AT)).scalar_one_or_none()
    beat = connection.execute(sa.select(sa.func.max(dispatchers.c.seen_at))).scalar_one()
    return max((int(moment) for moment in (left, beat) if moment is not None), default=None)


def all_dispatchers(connection: Connection) -> list[DispatcherRow]:
    """Every heartbeat, the oldest process first."""
    rows = connection.execute(sa.select(dispatchers).order_by(dispatchers.c.started_at)).mappings()
    return [DispatcherRow(**{**row, "lanes": json.loads(row["lanes"])}) for row in rows]


def interruption_wait(interruptions: int) -> int:
    """Microseconds until a delivery is tried again whose lease ran out for the *interruptions*-th time in a row.

    It doubles, so that a delivery that kills its worker each time cannot keep killing it.

    >>> [interruption_wait(n) // 1_000_000 for n in (1, 2, 3, 20)]
    [1, 2, 4, 3600]
    """
    return int(min(_SECOND * 2 ** min(interruptions - 1, 30), _LONGEST_WAIT))


def take_over(connection: Connection, now: int, gone: Collection[str]) -> int:
    """Frees deliveries whose lease ran out, or whose dispatcher is one of *gone*; returns how many.

    Each gets an ``interrupted`` attempt in its log, which does not count.
    """
    expired = deliveries.c.lease_until < now
    if gone:
        expired |= deliveries.c.dispatcher.in_(list(gone))
    query = (
        sa.select(deliveries)
        .where(deliveries.c.state == "claimed", expired)
        .order_by(deliveries.c.seq)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).mappings().all()
    if not rows:
        return 0
    connection.execute(
        attempts.insert(),
        [
            {
                "delivery_id": row["id"],
                "number": row["attempts"] + 1,
                "outcome": "interrupted",
                "started_at": now,
                "duration": 0,
                "detail": "its dispatcher stopped before the outcome was known",
                "dispatcher": row["dispatcher"],
            }
            for row in rows
        ],
    )
    connection.execute(
        deliveries.update()
        .where(deliveries.c.seq == sa.bindparam("row_seq"), deliveries.c.lease_token == sa.bindparam("row_token"))
        .values(
            state="waiting",
            due_at=sa.bindparam("row_due"),
            interruptions=deliveries.c.interruptions + 1,
            lease_token=None,
            lease_until=None,
            dispatcher=None,
        ),
        [
            {
                "row_seq": row["seq"],
                "row_token": row["lease_token"],
                "row_due": now + interruption_wait(row["interruptions"] + 1),
            }
            for row in rows
        ],
    )
    return len(rows)


def give_back(connection: Connection, tokens: Collection[int]) -> None:
    """Frees deliveries that were claimed under one of *tokens* and certainly not sent; none of them was tried."""
    connection.execute(
        deliveries.update()
        .where(deliveries.c.state == "claimed", deliveries.c.lease_token.in_(list(tokens)))
        .values(state="waiting", lease_token=None, lease_until=None, dispatcher=None)
    )


def forget(connection: Connection, gone: Collection[str]) -> None:
    """Removes the heartbeats of dispatchers that are known to be gone and hold nothing any more."""
    holding = sa.select(deliveries.c.dispatcher).where(deliveries.c.state == "claimed")
    connection.execute(dispatchers.delete().where(dispatchers.c.id.in_(list(gone)), dispatchers.c.id.not_in(holding)))


def unpark(connection: Connection, channel: str) -> int:
    """Frees all parked deliveries of *channel*, whose order was switched off; returns how many."""
    d = deliveries.c
    parked = deliveries.update().where(d.state == "parked", d.channel == channel)
    return connection.execute(parked.values(state="waiting")).rowcount


def be_patient(connection: Connection, channel: str, longer: int) -> None:
    """Has the order of *channel* wait so many microseconds longer for what has failed.

    Its receiver was down for so long: that, and not those deliveries, kept the others waiting.
    """
    d = deliveries.c
    failing = (d.holds_until.is_not(None)) & d.settled_at.is_(None) & (d.channel == channel)
    connection.execute(deliveries.update().where(failing).values(holds_until=d.holds_until + longer))


def impatient_keys(connection: Connection, now: int) -> list[tuple[str, str]]:
    """The channels and keys in which a delivery has failed for longer than the others need to wait, and one still does.

    That one is parked behind nobody else. A dead receiver leaves any number of deliveries that fail for long, and most
    hold nobody.
    """
    d, parked, before = deliveries.c, deliveries.alias("parked"), deliveries.alias("before")
    first_parked = (
        sa.select(parked.c.seq)
        .where(
            parked.c.channel == d.channel,
            parked.c.ordering_key == d.ordering_key,
            parked.c.settled_at.is_(None),
            parked.c.state == "parked",
        )
        .order_by(parked.c.seq)
        .limit(1)
        .correlate(deliveries)  # by itself it would not see the outermost query from within the innermost
        .scalar_subquery()
    )
    blocks = sa.exists().where(
        before.c.channel == d.channel,
        before.c.ordering_key == d.ordering_key,
        before.c.settled_at.is_(None),
        before.c.seq < first_parked,
        before.c.state != "parked",
        before.c.holds_until.is_(None) | (before.c.holds_until > now),
    )
    query = sa.select(d.channel, d.ordering_key).where(
        d.holds_until <= now, d.settled_at.is_(None), first_parked.is_not(None), ~blocks
    )
    # DISTINCT would have SQLite read all that is open in the order of keys, instead of the few that have failed
    return list(dict.fromkeys((row.channel, row.ordering_key) for row in connection.execute(query)))
