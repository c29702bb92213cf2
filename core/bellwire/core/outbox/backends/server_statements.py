"""The hot statements, for database servers: row locks that skip what another dispatcher holds.

SQLAlchemy compiles each once and keeps it. Two dispatchers never wait for each other but in :func:`release`, which
must: it would otherwise miss a row that the other one is parking at that very moment.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from bellwire.core.outbox.health import COLUMNS
from bellwire.core.outbox.rows import Claim, Claimed, LaneDemand, NewEvent, Settlement, attempt_values, next_state
from bellwire.core.outbox.tables import attempts, channel_state, deliveries, events

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.engine import Connection

NEWEST: Final = sa.select(deliveries.c.seq).order_by(deliveries.c.seq.desc()).limit(1)

_earlier = deliveries.alias("earlier")
_blocker: Final = (
    sa.select(_earlier.c.seq)
    .where(
        _earlier.c.channel == deliveries.c.channel,
        _earlier.c.ordering_key == deliveries.c.ordering_key,
        _earlier.c.seq < deliveries.c.seq,
        _earlier.c.settled_at.is_(None),
        _earlier.c.holds_until.is_(None) | (_earlier.c.holds_until > sa.bindparam("passed_at")),
    )
    .order_by(_earlier.c.seq)
    .limit(1)
    .scalar_subquery()
    .label("blocker")
)
_looked_at: Final = (
    sa.select(deliveries.c.seq, _blocker).where(deliveries.c.seq.in_(sa.bindparam("seqs", expanding=True))).subquery()
)
_BLOCKED: Final = sa.select(_looked_at.c.seq, _looked_at.c.blocker).where(_looked_at.c.blocker.is_not(None))
_LARGEST_LOOK: Final = 2000
_MOST_LOOKS: Final = 4


_INSERT_DELIVERIES: Final = sa.text("""
INSERT INTO bellwire_deliveries
  (id, event_seq, channel, ordering_key, state, due_at, attempts, budget_start, interruptions, created_at)
SELECT row ->> 0, CAST(row ->> 1 AS bigint), row ->> 2, row ->> 3, 'waiting', :now, 0, 0, 0, :now
FROM json_array_elements(CAST(:rows AS json)) WITH ORDINALITY AS given (row, place) ORDER BY place
""").bindparams(sa.bindparam("now", type_=sa.BigInteger), sa.bindparam("rows", type_=sa.Text))


def insert_events(connection: Connection, new: Sequence[NewEvent], now: int) -> None:
    """See :class:`~bellwire.core.outbox.backends.base.Statements`."""
    ids = [event.id for event in new]
    known = set(connection.execute(sa.select(events.c.id).where(events.c.id.in_(ids))).scalars())
    fresh = list({event.id: event for event in reversed(new) if event.id not in known}.values())[::-1]
    if not fresh:
        return
    connection.execute(
        events.insert(),
        [
            {
                "id": event.id,
                "kind": event.kind,
                "action": event.action,
                "ordering_key": event.ordering_key,
                "payload": event.payload,
                "unwanted": json.dumps(dict(event.unwanted_by), ensure_ascii=False),
                "trace": event.trace,
                "created_at": now,
            }
            for event in fresh
        ],
    )
    query = sa.select(events.c.id, events.c.seq).where(events.c.id.in_([event.id for event in fresh]))
    seqs = {row.id: row.seq for row in connection.execute(query)}
    rows = [
        {
            "id": delivery,
            "event_seq": seqs[event.id],
            "channel": channel,
            "ordering_key": event.ordering_key,
            "state": "waiting",
            "due_at": now,
            "attempts": 0,
            "budget_start": 0,
            "interruptions": 0,
            "created_at": now,
        }
        for event in fresh
        for channel, delivery in event.wanted_by.items()
    ]
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        as_json = json.dumps([[row["id"], row["event_seq"], row["channel"], row["ordering_key"]] for row in rows])
        connection.execute(_INSERT_DELIVERIES, {"rows": as_json, "now": now})
    else:
        connection.execute(deliveries.insert(), rows)  # which PyMySQL sends as one statement, and psycopg as many


def claim(
    connection: Connection, demands: Sequence[LaneDemand], *, now: int, token: int, lease_until: int, dispatcher: str
) -> Claimed:
    """See :class:`~bellwire.core.outbox.backends.base.Statements`."""
    free: list[int] = []
    unfinished: set[str] = set()
    for demand in demands:
        taken, more = _claim_lane(connection, demand, now)
        free += taken
        if more:
            unfinished.add(demand.channel)
    if not free:
        return Claimed((), frozenset(unfinished))
    connection.execute(
        deliveries.update()
        .where(deliveries.c.seq.in_(free))
        .values(state="claimed", lease_token=token, lease_until=lease_until, dispatcher=dispatcher)
    )
    d, e = deliveries.c, events.c
    query = (
        sa.select(
            d.seq,
            d.lease_token,
            d.id,
            d.channel,
            d.ordering_key,
            d.attempts,
            d.budget_start,
            d.interruptions,
            d.holds_until,
            d.error,
            e.id,
            e.kind,
            e.payload,
            e.trace,
        )
        .join_from(deliveries, events, e.seq == d.event_seq)
        .where(d.seq.in_(free))
        .order_by(d.seq)
    )
    return Claimed(tuple(Claim(*tuple(row)) for row in connection.execute(query)), frozenset(unfinished))


def _claim_lane(connection: Connection, demand: LaneDemand, now: int) -> tuple[list[int], bool]:
    taken: list[int] = []
    look = demand.slots
    for _ in range(_MOST_LOOKS):
        d = deliveries.c
        query = (
            sa.select(d.seq)
            .where(d.channel == demand.channel, d.state == "waiting", d.due_at <= now, d.seq.not_in(taken))
            .order_by(d.due_at, d.seq)
            .limit(look)
            .with_for_update(skip_locked=True)
        )
        seen = list(connection.execute(query).scalars())
        blocked = _park(connection, seen, demand.passed_at(now)) if demand.ordered and seen else set()
        taken += [seq for seq in seen if seq not in blocked][: demand.slots - len(taken)]
        if len(seen) < look:
            return taken, len(taken) >= demand.slots
        if len(taken) >= demand.slots:
            break
        look = min(look * 8, _LARGEST_LOOK)
    return taken, True


def _park(connection: Connection, seqs: list[int], passed_at: int) -> set[int]:
    """Parks those of *seqs* that are blocked; returns them, and those whose fate is just being decided.

    Each is parked under the lock of one that blocks it, so that whoever settles that one releases it afterwards. Where
    the lock is taken, it may be settled already, by one who could not see what is new here: parked, it would stay so
    for ever. It stays waiting instead, until the next look.
    """
    blocked = {row.seq: row.blocker for row in connection.execute(_BLOCKED, {"seqs": seqs, "passed_at": passed_at})}
    if not blocked:
        return set()
    query = (
        sa.select(deliveries.c.seq)
        .where(deliveries.c.seq.in_(sorted(set(blocked.values()))), deliveries.c.settled_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    locked = set(connection.execute(query).scalars())
    parked = sorted(seq for seq, blocker in blocked.items() if blocker in locked)
    if parked:
        connection.execute(deliveries.update().where(deliveries.c.seq.in_(parked)).values(state="parked"))
    return set(blocked)


def next_due(connection: Connection, channels: Sequence[str], now: int) -> int | None:
    """See :class:`~bellwire.core.outbox.backends.base.Statements`."""
    d = deliveries.c
    query = sa.select(sa.func.min(d.due_at)).where(d.channel.in_(channels), d.state == "waiting", d.due_at > now)
    due: int | None = connection.execute(query).scalar_one()
    return due


def settle(connection: Connection, settlements: Sequence[Settlement], *, now: int, dispatcher: str) -> list[Settlement]:
    """See :class:`~bellwire.core.outbox.backends.base.Statements`."""
    d = deliveries.c
    # locked in one order by everybody, so that two who settle and take over at once do not deadlock
    query = (
        sa.select(d.seq, d.lease_token)
        .where(d.seq.in_(sorted(s.claim.seq for s in settlements)), d.state == "claimed")
        .order_by(d.seq)
        .with_for_update()
    )
    held = {(row.seq, row.lease_token) for row in connection.execute(query)}
    valid = [s for s in settlements if (s.claim.seq, s.claim.lease_token) in held]
    records = [attempt_values(s, dispatcher) for s in valid if s.record is not None]
    if records:
        _insert_attempts(connection, records)
    delivered = [s.claim.seq for s in valid if s.record is not None and s.state == "delivered"]
    if delivered:
        connection.execute(_DELIVERED, {"row_seqs": delivered, "row_now": now})
    if others := [s for s in valid if s.record is None or s.state != "delivered"]:
        connection.execute(_SETTLE, [_bound(s, now) for s in others])
    return valid


# psycopg executes an INSERT for each row, and each costs server and client 40 µs; PyMySQL makes one of many by itself.
_COLUMNS: Final = ", ".join(column.name for column in attempts.columns if column.name != "seq")
_INSERT_ATTEMPTS_AT_ONCE: Final = sa.text(
    f"INSERT INTO bellwire_attempts ({_COLUMNS}) "  # noqa: S608  # names of our own table's columns
    f"SELECT {_COLUMNS} FROM json_populate_recordset(CAST(NULL AS bellwire_attempts), CAST(:rows AS json))"
)


def _insert_attempts(connection: Connection, records: Sequence[dict[str, Any]]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(_INSERT_ATTEMPTS_AT_ONCE, {"rows": json.dumps(records, ensure_ascii=False)})
    else:
        connection.execute(attempts.insert(), records)


# What nearly all settlements are, in one statement; the general one below is executed for each row by itself.
_DELIVERED: Final = (
    deliveries.update()
    .where(deliveries.c.seq.in_(sa.bindparam("row_seqs", expanding=True)))
    .values(
        state="delivered",
        due_at=sa.bindparam("row_now"),
        attempts=deliveries.c.attempts + 1,
        interruptions=0,
        settled_at=sa.bindparam("row_now"),
        lease_token=None,
        lease_until=None,
        dispatcher=None,
    )
)
_SETTLED_COLUMNS: Final = (
    "state",
    "due_at",
    "attempts",
    "budget_start",
    "interruptions",
    "holds_until",
    "error",
    "settled_at",
)
_SETTLE: Final = (
    deliveries.update()
    .where(deliveries.c.seq == sa.bindparam("row_seq"))
    .values({name: sa.bindparam(f"row_{name}") for name in _SETTLED_COLUMNS})
    .values(lease_token=None, lease_until=None, dispatcher=None)
)


def _bound(settlement: Settlement, now: int) -> dict[str, Any]:
    values = next_state(settlement, now)
    return {f"row_{name}": values[name] for name in _SETTLED_COLUMNS} | {"row_seq": settlement.claim.seq}


# The earliest open delivery of each key, found by one step into the index; one that has failed for so long that nobody
# need wait for it does not count, unless it is parked itself. Grouped by key instead, all that wait in it
# were read each time, and one key of 100,000 cost a worker on PostgreSQL two thirds of its speed.
_HEADS: Final = """
SELECT (
  SELECT d.seq FROM bellwire_deliveries AS d
  WHERE d.channel = wanted.channel AND d.ordering_key = wanted.ordering_key AND d.settled_at IS NULL
    AND (d.holds_until IS NULL OR d.holds_until > %s OR d.state = 'parked')
  ORDER BY d.seq LIMIT 1
) FROM (SELECT %s AS channel, %s AS ordering_key{more}) AS wanted
"""
_KEYS_AT_ONCE: Final = 500


def release(connection: Connection, keys: Collection[tuple[str, str]], now: int) -> None:
    """See :class:`~bellwire.core.outbox.backends.base.Statements`."""
    d = deliveries.c
    wanted = sorted(keys)
    for start in range(0, len(wanted), _KEYS_AT_ONCE):
        some = wanted[start : start + _KEYS_AT_ONCE]
        query = _HEADS.format(more=" UNION ALL SELECT %s, %s" * (len(some) - 1))
        found = connection.exec_driver_sql(query, (now, *(part for key in some for part in key))).scalars()
        heads = sorted(seq for seq in found if seq is not None)
        if heads:
            # Locks each head whatever its state: one that another dispatcher is parking right now is waited for.
            free = sa.case((d.state == "parked", "waiting"), else_=d.state)
            connection.execute(deliveries.update().where(d.seq.in_(heads)).values(state=free))


_HEALTH: Final = sa.select(*COLUMNS)
_HEALTH_OF: Final = (
    _HEALTH.where(channel_state.c.channel.in_(sa.bindparam("channels", expanding=True)))
    .order_by(channel_state.c.channel)
    .with_for_update()
)
_HINDERED: Final = _HEALTH.where(channel_state.c.paused | channel_state.c.held_until.is_not(None))


def health_of(connection: Connection, channels: Collection[str]) -> Sequence[Sequence[Any]]:
    """See :class:`~bellwire.core.outbox.backends.base.Statements`."""
    return connection.execute(_HEALTH_OF, {"channels": sorted(channels)}).all()


def hindered(connection: Connection) -> Sequence[Sequence[Any]]:
    """See :class:`~bellwire.core.outbox.backends.base.Statements`."""
    return connection.execute(_HINDERED).all()


def renew(connection: Connection, claims: Sequence[Claim], lease_until: int) -> None:
    """See :class:`~bellwire.core.outbox.backends.base.Statements`."""
    d = deliveries.c
    tokens = {claim.lease_token for claim in claims}
    connection.execute(
        deliveries.update()
        .where(d.seq.in_(sorted(claim.seq for claim in claims)), d.lease_token.in_(tokens), d.state == "claimed")
        .values(lease_until=lease_until)
    )
