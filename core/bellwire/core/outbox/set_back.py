"""The database's clock was set back: by an hour, say, because it had been wrong, or is now.

Due times, leases and the patience of an order are moments of that clock. Left alone, what was due would wait for an
hour, and a dead worker's lease would last for one. A heartbeat that was written later than now gives it away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from .tables import channel_state, deliveries, dispatchers

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection

TOLERANCE: Final = 2_000_000
"""Microseconds by which a clock may be set back with nothing to be mended: so much later is soon enough."""


def mend(connection: Connection, dispatcher: str, clock: Callable[[], int], lease: int) -> int:
    """Puts what is open where it would stand without the set-back; returns by how many microseconds, or 0.

    The last heartbeat before it is a few seconds old, so things may be due that much later than they should. What was
    put off in the seconds since it comes too early. Called again, by whomever, it finds nothing more to mend.
    """
    beats = dict(tuple(row) for row in connection.execute(sa.select(dispatchers.c.id, dispatchers.c.seen_at)))
    newest = None if dispatcher in beats else connection.execute(_NEWEST).scalar()
    now = clock()  # read last: a process that stands still in between sees more time pass, never less
    back = max([0, *(seen_at - now for seen_at in beats.values())])
    ahead = (newest or 0) - now
    if ahead > TOLERANCE:  # what was published while nobody dispatched
        _release(connection, now)
    if back > TOLERANCE:
        _move(connection, now, back, lease)
    longest = max(back, ahead)
    return longest if longest > TOLERANCE else 0


def _move(connection: Connection, now: int, back: int, lease: int) -> None:
    d = deliveries.c
    is_open = d.settled_at.is_(None)
    connection.execute(deliveries.update().where(is_open, d.due_at > now).values(due_at=d.due_at - back))
    connection.execute(deliveries.update().where(is_open, d.holds_until > now).values(holds_until=d.holds_until - back))
    # not moved: it may have been renewed since. No lease lasts longer than one that begins now.
    longest = now + lease
    connection.execute(
        deliveries.update().where(d.state == "claimed", d.lease_until > longest).values(lease_until=longest)
    )
    c = channel_state.c
    connection.execute(channel_state.update().where(c.held_until > now).values(held_until=c.held_until - back))
    connection.execute(dispatchers.update().where(dispatchers.c.seen_at > now).values(seen_at=now))


def _release(connection: Connection, now: int) -> None:
    d = deliveries.c
    never_put_off = d.due_at == d.created_at
    connection.execute(
        deliveries.update().where(d.settled_at.is_(None), d.due_at > now, never_put_off).values(due_at=now)
    )


_NEWEST: Final = sa.select(deliveries.c.created_at).order_by(deliveries.c.seq.desc()).limit(1)
