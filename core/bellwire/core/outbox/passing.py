"""Who passed whom: what an order whose patience had ended let happen around one delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import sqlalchemy as sa

from .history import DeliveryView, views_where
from .tables import deliveries, events

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


@attrs.frozen(kw_only=True)
class Passing:
    """Of one delivery; nothing, for nearly all."""

    passed: DeliveryView | None = None
    """The earliest of its key that it passed, or, while it is open itself, may pass."""
    may_be_passed: bool = False
    """Whether later ones of its key need not wait for it any more, or did not have to in the end."""
    passed_by: int = 0
    """How many later ones have been settled before it."""


def passing(connection: Connection, view: DeliveryView, now: int) -> Passing:
    """Who passed *view*, and whom it passed."""
    moment = now if view.settled_at is None else view.settled_at
    d = deliveries.c
    same = _of_key(view.channel, view.ordering_key)
    earlier = views_where(
        connection,
        same & (d.seq < view.seq) & (d.holds_until <= moment) & (d.settled_at.is_(None) | (d.settled_at > moment)),
        limit=1,
    )
    may_be_passed = view.holds_until is not None and view.holds_until <= moment
    later = same & (d.seq > view.seq) & d.state.in_(("delivered", "failed")) & (d.settled_at <= moment)
    count = sa.select(sa.func.count()).select_from(deliveries).where(later)
    return Passing(
        passed=next(iter(earlier), None),
        may_be_passed=may_be_passed,
        passed_by=connection.execute(count).scalar_one() if may_be_passed else 0,
    )


def any_held(connection: Connection, channel: str, ordering_key: str) -> bool:
    """Whether any delivery of a key has ever failed, so that others could come to pass it. It reads the whole key."""
    held = sa.select(deliveries.c.seq).where(_of_key(channel, ordering_key), deliveries.c.holds_until.is_not(None))
    return connection.execute(held.limit(1)).scalar() is not None


def _of_key(channel: str, ordering_key: str) -> sa.ColumnElement[bool]:
    # over the events, because the index of deliveries by key has the open ones alone
    of_its_key = deliveries.c.event_seq.in_(sa.select(events.c.seq).where(events.c.ordering_key == ordering_key))
    return of_its_key & (deliveries.c.channel == channel)
