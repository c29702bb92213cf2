"""The hot statements, for SQLite: each does its work for a whole batch in one step.

SQLite takes Python's interpreter lock anew for every row that it hands over, so a claim that returns hundreds of rows
starves the publishers' threads. Rows therefore come and go as one JSON text: ``json_each`` in, ``json_group_array``
out. That brought a publish's 99th percentile during a drain from 60-230 ms to 4 ms.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from bellwire.core.outbox.rows import Claim, Claimed, LaneDemand, NewEvent, Settlement, attempt_values, next_state

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


def insert_events(connection: Connection, events: Sequence[NewEvent], now: int) -> None:
    """Writes *events* in their order, each with its deliveries; leaves out those whose id is already there."""
    newest = connection.exec_driver_sql("SELECT coalesce(max(seq), 0) FROM bellwire_events").scalar_one()
    first = {e.id: e for e in reversed(events)}  # of an id that comes twice the first counts, and its deliveries alone
    fresh = [e for e in events if first[e.id] is e]
    rows = [[e.id, e.kind, e.action, e.ordering_key, e.payload, _compact(e.unwanted_by), e.trace] for e in fresh]
    connection.exec_driver_sql(_INSERT_EVENTS, (now, _compact(rows)))
    wanted = [[delivery, e.id, channel] for e in fresh for channel, delivery in e.wanted_by.items()]
    if wanted:
        connection.exec_driver_sql(_INSERT_DELIVERIES, (now, now, _compact(wanted), newest))


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

_CLAIMED_COUNT: Final = "SELECT count(*) FROM bellwire_deliveries WHERE lease_token = ? AND state = 'claimed'"

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
    claimed = 0
    unfinished: set[str] = set()
    for demand in demands:
        taken, more = _claim_lane(connection, demand, claimed, lease, now)
        claimed += taken
        if more:
            unfinished.add(demand.channel)
    if not claimed:
        return Claimed((), frozenset(unfinished))
    text = connection.exec_driver_sql(_CLAIMED, (token,)).scalar_one()
    return Claimed(tuple(Claim(*row) for row in json.loads(text)), frozenset(unfinished))


def _claim_lane(
    connection: Connection, demand: LaneDemand, before: int, lease: tuple[int, int, str], now: int
) -> tuple[int, bool]:
    taken = 0
    for _ in range(_MOST_LOOKS):
        look = demand.slots - taken
        parameters = (demand.ordered, now, *lease, demand.channel, now, look)
        touched = connection.exec_driver_sql(_CLAIM, parameters).rowcount
        if demand.ordered and touched:
            taken = connection.exec_driver_sql(_CLAIMED_COUNT, (lease[0],)).scalar_one() - before
        else:
            taken += touched
        if touched < look:
            return taken, False
        if taken == demand.slots:
            break
        connection.exec_driver_sql(_PARK, (demand.channel, now, now))
    return taken, True


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
    due: int | None = connection.exec_driver_sql(_NEXT_DUE, (now, _compact(list(channels)))).scalar_one()
    return due


# Only the lease's holder may settle: a worker that was frozen past its lease finds another token, or none.
_MATCHING: Final = _portable("""
SELECT json_group_array(json_array(d.seq, d.lease_token)) FROM json_each(?) AS s CROSS JOIN bellwire_deliveries AS d
ON d.seq = s.value ->> 0 AND d.lease_token = s.value ->> 1 AND d.state = 'claimed'
""")

_INSERT_ATTEMPTS: Final = _portable("""
INSERT INTO bellwire_attempts (delivery_id, number, outcome, started_at, duration, stage, detail, status_code, response,
                               stages, dispatcher)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
       value ->> 8, value ->> 9, value ->> 10
FROM json_each(?)
""")

_SETTLE: Final = _portable("""
UPDATE bellwire_deliveries AS d SET
  state = s.value ->> 1, due_at = s.value ->> 2, attempts = s.value ->> 3, budget_start = s.value ->> 4,
  interruptions = s.value ->> 5, holds_until = s.value ->> 6, error = s.value ->> 7, settled_at = s.value ->> 8,
  lease_token = NULL, lease_until = NULL, dispatcher = NULL
FROM json_each(?) AS s WHERE d.seq = s.value ->> 0
""")


def settle(connection: Connection, settlements: Sequence[Settlement], *, now: int, dispatcher: str) -> list[Settlement]:
    """Writes what became of claimed deliveries, with their attempts; returns those whose lease was still held."""
    leases = _compact([[s.claim.seq, s.claim.lease_token] for s in settlements])
    held = {(seq, token) for seq, token in json.loads(connection.exec_driver_sql(_MATCHING, (leases,)).scalar_one())}
    valid = [s for s in settlements if (s.claim.seq, s.claim.lease_token) in held]
    if not valid:
        return []
    records = [list(attempt_values(s, dispatcher).values()) for s in valid if s.record is not None]
    if records:
        connection.exec_driver_sql(_INSERT_ATTEMPTS, (_compact(records),))
    changes = [[s.claim.seq, *next_state(s, now).values()] for s in valid]
    connection.exec_driver_sql(_SETTLE, (_compact(changes),))
    return valid


# The earliest open delivery of each key is the one that may go; it is freed if it was parked. One that has failed for
# so long that the others need not wait any more does not count.
_RELEASE: Final = _portable("""
UPDATE bellwire_deliveries SET state = 'waiting' WHERE state = 'parked' AND seq IN (
  SELECT (
    SELECT min(d.seq) FROM bellwire_deliveries AS d
    WHERE d.channel = k.value ->> 0 AND d.ordering_key = k.value ->> 1 AND d.settled_at IS NULL
      AND coalesce(d.holds_until > ?, 1)
  ) FROM json_each(?) AS k
)
""")


def release(connection: Connection, keys: Collection[tuple[str, str]], now: int) -> None:
    """Frees the next delivery of each of *keys*: a channel and an ordering key."""
    connection.exec_driver_sql(_RELEASE, (now, _compact(list(keys))))


_RENEW: Final = _portable("""
UPDATE bellwire_deliveries SET lease_until = ? FROM json_each(?) AS held
WHERE bellwire_deliveries.seq = held.value ->> 0 AND bellwire_deliveries.lease_token = held.value ->> 1
""")


def renew(connection: Connection, claims: Sequence[Claim], lease_until: int) -> None:
    """Puts off the end of the leases that are still held."""
    leases = _compact([[claim.seq, claim.lease_token] for claim in claims])
    connection.exec_driver_sql(_RENEW, (lease_until, leases))


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict)
