"""The hot statements, for SQLite: each does its work for a whole batch in one step.

SQLite takes Python's interpreter lock anew for every row that it hands over, so a claim that returns hundreds of rows
starves the publishers' threads. Rows therefore come and go as one JSON text: ``json_each`` in, ``json_group_array``
out. That brought a publish's 99th percentile during a drain from 60-230 ms to 4 ms.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from bellwire.core.outbox.rows import Claim, Claimed, LaneDemand, NewEvent, Settlement, attempt_values, next_state

from .sqlite_driver import run, value

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.engine import Connection


def _portable(sql: str) -> str:
    """``value ->> 1`` for SQLite before 3.38, which RHEL 9, Debian 11 and Ubuntu 22.04 have."""
    return re.sub(r"((?:\w+\.)?value) ->> (\d+)", r"json_extract(\1, '$[\2]')", sql)


_INSERT_EVENTS: Final = _portable("""
INSERT INTO bellwire_events (id, kind, action, ordering_key, payload, unwanted, trace, created_at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, ?
FROM json_each(?) WHERE true
ON CONFLICT (id) DO NOTHING
""")

# `seq > ?` leaves out events that were published before: publishing an id again adds no delivery
_INSERT_DELIVERIES: Final = _portable("""
INSERT INTO bellwire_deliveries
  (id, event_seq, channel, ordering_key, state, due_at, attempts, budget_start, interruptions, created_at)
SELECT row.value ->> 0, event.seq, row.value ->> 2, event.ordering_key, 'waiting', ?, 0, 0, 0, ?
FROM json_each(?) AS row CROSS JOIN bellwire_events AS event ON event.id = row.value ->> 1 AND event.seq > ?
WHERE true
ON CONFLICT (event_seq, channel) DO NOTHING
""")


# One event alone, which is what a host without concurrent publishers publishes: its values need no JSON around them.
_INSERT_EVENT: Final = """
INSERT INTO bellwire_events (id, kind, action, ordering_key, payload, unwanted, trace, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING
"""
_INSERT_ITS_DELIVERIES: Final = """
INSERT INTO bellwire_deliveries
  (id, event_seq, channel, ordering_key, state, due_at, attempts, budget_start, interruptions, created_at)
SELECT row.value, ?, row.key, ?, 'waiting', ?, 0, 0, 0, ? FROM json_each(?) AS row
"""


def insert_events(connection: Connection, events: Sequence[NewEvent], now: int) -> None:
    """Writes *events* in their order, each with its deliveries; leaves out those whose id is already there."""
    if len(events) == 1:
        _insert_event(connection, events[0], now)
        return
    newest = value(connection, "SELECT coalesce(max(seq), 0) FROM bellwire_events")
    first = {e.id: e for e in reversed(events)}  # of an id that comes twice the first counts, and its deliveries alone
    fresh = [e for e in events if first[e.id] is e]
    rows = [[e.id, e.kind, e.action, e.ordering_key, e.payload, _compact(e.unwanted_by), e.trace] for e in fresh]
    run(connection, _INSERT_EVENTS, (now, _compact(rows)))
    wanted = [[delivery, e.id, channel] for e in fresh for channel, delivery in e.wanted_by.items()]
    if wanted:
        run(connection, _INSERT_DELIVERIES, (now, now, _compact(wanted), newest))


def _insert_event(connection: Connection, event: NewEvent, now: int) -> None:
    e = event
    row = (e.id, e.kind, e.action, e.ordering_key, e.payload, _compact(e.unwanted_by), e.trace, now)
    inserted = run(connection, _INSERT_EVENT, row)
    if inserted.rowcount and e.wanted_by:
        wanted = _compact(e.wanted_by)
        run(connection, _INSERT_ITS_DELIVERIES, (inserted.lastrowid, e.ordering_key, now, now, wanted))


# A row that an earlier open one with its key blocks is parked, once; it is released when that one settles. Looking for
# the unblocked ones at every claim instead took 1.6 s with a million blocked rows.
_CLAIM: Final = """
UPDATE bellwire_deliveries SET
  state = CASE WHEN ? AND EXISTS (
      SELECT 1 FROM bellwire_deliveries AS earlier
      WHERE earlier.channel = bellwire_deliveries.channel
        AND earlier.ordering_key = bellwire_deliveries.ordering_key
        AND earlier.seq < bellwire_deliveries.seq
        AND earlier.settled_at IS NULL
        AND coalesce(earlier.holds_until > ?, 1)
    ) THEN 'parked' ELSE 'claimed' END,
  lease_token = ?, lease_until = ?, dispatcher = ?
WHERE seq IN (
  SELECT seq FROM bellwire_deliveries
  WHERE channel = ? AND state = 'waiting' AND due_at <= ? ORDER BY due_at, seq LIMIT ?
)
"""

_CLAIMED_COUNT: Final = """
SELECT count(*) FROM bellwire_deliveries WHERE lease_token = ? AND state = 'claimed' AND channel = ?
"""

_CLAIMED: Final = """
SELECT json_group_array(json_array(seq, lease_token, id, channel, ordering_key, attempts, budget_start, interruptions,
                                   holds_until, error,
                                   event_id, kind, payload, trace))
FROM (
  SELECT d.seq, d.lease_token, d.id, d.channel, d.ordering_key, d.attempts, d.budget_start, d.interruptions,
         d.holds_until, d.error,
         e.id AS event_id, e.kind, e.payload, e.trace
  FROM bellwire_deliveries AS d JOIN bellwire_events AS e ON e.seq = d.event_seq
  WHERE d.lease_token = ? AND d.state = 'claimed' ORDER BY d.seq
)
"""

# The blocked ones alone, when they fill the front of the lane: thousands per statement.
_PARK: Final = """
UPDATE bellwire_deliveries SET state = 'parked'
WHERE seq IN (
  SELECT seq FROM bellwire_deliveries
  WHERE channel = ? AND state = 'waiting' AND due_at <= ? ORDER BY due_at, seq LIMIT 2000
) AND EXISTS (
  SELECT 1 FROM bellwire_deliveries AS earlier
  WHERE earlier.channel = bellwire_deliveries.channel
    AND earlier.ordering_key = bellwire_deliveries.ordering_key
    AND earlier.seq < bellwire_deliveries.seq
    AND earlier.settled_at IS NULL
    AND coalesce(earlier.holds_until > ?, 1)
)
"""

_MOST_LOOKS: Final = 4
"""How often one claim looks at one lane: a lane full of blocked rows must not hold the write lock for long."""


def claim(
    connection: Connection, demands: Sequence[LaneDemand], *, now: int, token: int, lease_until: int, dispatcher: str
) -> Claimed:
    """Leases due deliveries of the demanded lanes, at most as many as each has slots."""
    lease = (token, lease_until, dispatcher)
    looked = [(demand, _look(connection, demand, demand.slots, lease, now)) for demand in demands]
    claims = _claimed(connection, token) if any(touched for _, touched in looked) else ()
    full = [demand for demand, touched in looked if touched == demand.slots]
    if not full:
        return Claimed(claims, frozenset())
    unfinished = {demand.channel for demand in full}
    taken = Counter(claim.channel for claim in claims)
    blocked = [demand for demand in full if taken[demand.channel] < demand.slots]  # some of what it saw is parked now
    for demand in blocked:
        if not _look_further(connection, demand, taken[demand.channel], lease, now):
            unfinished.discard(demand.channel)
    return Claimed(_claimed(connection, token) if blocked else claims, frozenset(unfinished))


def _claimed(connection: Connection, token: int) -> tuple[Claim, ...]:
    return tuple([Claim(*row) for row in json.loads(value(connection, _CLAIMED, (token,)))])


def _look(connection: Connection, demand: LaneDemand, most: int, lease: tuple[int, int, str], now: int) -> int:
    """Claims or parks the first *most* that are due; returns how many those were."""
    parameters = (demand.ordered, demand.passed_at(now), *lease, demand.channel, now, most)
    return run(connection, _CLAIM, parameters).rowcount


def _look_further(
    connection: Connection, demand: LaneDemand, taken: int, lease: tuple[int, int, str], now: int
) -> bool:
    """Looks behind what is blocked for as many as the lane has slots beyond *taken*; whether there may be more."""
    for _ in range(_MOST_LOOKS - 1):
        run(connection, _PARK, (demand.channel, now, demand.passed_at(now)))
        if _look(connection, demand, demand.slots - taken, lease, now) < demand.slots - taken:
            return False
        taken = value(connection, _CLAIMED_COUNT, (lease[0], demand.channel))
        if taken == demand.slots:
            break
    return True


_NEXT_DUE: Final = """
SELECT min(due) FROM (
  SELECT (
    SELECT due_at FROM bellwire_deliveries
    WHERE channel = lane.value AND state = 'waiting' AND due_at > ? ORDER BY due_at LIMIT 1
  ) AS due FROM json_each(?) AS lane
)
"""


def next_due(connection: Connection, channels: Sequence[str], now: int) -> int | None:
    """When the next delivery of *channels* becomes due, of those that are not due yet."""
    due: int | None = value(connection, _NEXT_DUE, (now, _compact(list(channels))))
    return due


# Only the lease's holder may settle: a worker that was frozen past its lease finds another token, or none.
_HELD: Final = _portable("""
FROM json_each(?) AS s CROSS JOIN bellwire_deliveries AS d
ON d.seq = s.value ->> 0 AND d.lease_token = s.value ->> 1 AND d.state = 'claimed'
""")
_COUNT_HELD: Final = f"SELECT count(*) {_HELD}"
_LIST_HELD: Final = f"SELECT json_group_array(json_array(d.seq, d.lease_token)) {_HELD}"

_INSERT_ATTEMPTS: Final = (
    "INSERT INTO bellwire_attempts (delivery_id, number, outcome, started_at, duration, stage, detail, status_code, "
    "response, stages, dispatcher) VALUES "
)
_ATTEMPT: Final = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MOST_ATTEMPTS: Final = 500
"""In one statement: SQLite takes 32766 parameters."""

# What nearly all settlements are; for these the general statement below costs twice as much.
_DELIVERED: Final = """
UPDATE bellwire_deliveries SET
  state = 'delivered', due_at = ?, attempts = attempts + 1, interruptions = 0, settled_at = ?,
  lease_token = NULL, lease_until = NULL, dispatcher = NULL
WHERE seq IN (SELECT value FROM json_each(?))
"""

_SETTLE: Final = _portable("""
UPDATE bellwire_deliveries AS d SET
  state = s.value ->> 1, due_at = s.value ->> 2, attempts = s.value ->> 3, budget_start = s.value ->> 4,
  interruptions = s.value ->> 5, holds_until = s.value ->> 6, error = s.value ->> 7, settled_at = s.value ->> 8,
  lease_token = NULL, lease_until = NULL, dispatcher = NULL
FROM json_each(?) AS s WHERE d.seq = s.value ->> 0
""")


def settle(connection: Connection, settlements: Sequence[Settlement], *, now: int, dispatcher: str) -> list[Settlement]:
    """Writes what became of claimed deliveries, with their attempts; returns those whose lease was still held."""
    valid = _held(connection, settlements)
    recorded = [s for s in valid if s.record is not None]
    for start in range(0, len(recorded), _MOST_ATTEMPTS):
        _insert_attempts(connection, recorded[start : start + _MOST_ATTEMPTS], dispatcher)
    delivered = [s.claim.seq for s in recorded if s.state == "delivered"]
    if delivered:
        run(connection, _DELIVERED, (now, now, _compact(delivered)))
    others = valid if not delivered else [s for s in valid if s.record is None or s.state != "delivered"]
    if others:
        run(connection, _SETTLE, (_compact([[s.claim.seq, *next_state(s, now).values()] for s in others]),))
    return valid


def _held(connection: Connection, settlements: Sequence[Settlement]) -> list[Settlement]:
    leases = _compact([[s.claim.seq, s.claim.lease_token] for s in settlements])
    if value(connection, _COUNT_HELD, (leases,)) == len(settlements):
        return list(settlements)
    held = {(seq, token) for seq, token in json.loads(value(connection, _LIST_HELD, (leases,)))}
    return [s for s in settlements if (s.claim.seq, s.claim.lease_token) in held]


def _insert_attempts(connection: Connection, settlements: Sequence[Settlement], dispatcher: str) -> None:
    values = [each for s in settlements for each in attempt_values(s, dispatcher).values()]
    run(connection, _INSERT_ATTEMPTS + ", ".join([_ATTEMPT] * len(settlements)), values)


# The earliest open delivery of each key is the one that may go; it is freed if it was parked. One that has failed for
# so long that the others need not wait any more does not count, unless it is parked itself.
_RELEASE: Final = _portable("""
UPDATE bellwire_deliveries SET state = 'waiting' WHERE state = 'parked' AND seq IN (
  SELECT (
    SELECT min(d.seq) FROM bellwire_deliveries AS d
    WHERE d.channel = k.value ->> 0 AND d.ordering_key = k.value ->> 1 AND d.settled_at IS NULL
      AND (coalesce(d.holds_until > ?, 1) OR d.state = 'parked')
  ) FROM json_each(?) AS k
)
""")


def release(connection: Connection, keys: Collection[tuple[str, str]], now: int) -> None:
    """Frees the next delivery of each of *keys*: a channel and an ordering key."""
    run(connection, _RELEASE, (now, _compact(list(keys))))


_HEALTH: Final = """
SELECT json_group_array(json_array(channel, paused, failures, failing_since, held_until, last_success_at,
                                   paused_at, paused_by, paused_reason))
FROM bellwire_channel_state
"""


def health_of(connection: Connection, channels: Collection[str]) -> list[list[Any]]:
    """The states of *channels*; SQLite's one write lock keeps everybody else from them."""
    where = " WHERE channel IN (SELECT value FROM json_each(?))"
    return _rows(value(connection, _HEALTH + where, (_compact(list(channels)),)))


def hindered(connection: Connection) -> list[list[Any]]:
    """The states of channels that are paused or whose breaker has tripped."""
    return _rows(value(connection, _HEALTH + " WHERE paused OR held_until IS NOT NULL"))


def _rows(text: str) -> list[list[Any]]:
    rows: list[list[Any]] = json.loads(text)
    return rows


_RENEW: Final = _portable("""
UPDATE bellwire_deliveries SET lease_until = ? FROM json_each(?) AS held
WHERE bellwire_deliveries.seq = held.value ->> 0 AND bellwire_deliveries.lease_token = held.value ->> 1
""")


def renew(connection: Connection, claims: Sequence[Claim], lease_until: int) -> None:
    """Puts off the end of the leases that are still held."""
    leases = _compact([[claim.seq, claim.lease_token] for claim in claims])
    run(connection, _RENEW, (lease_until, leases))


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict)
