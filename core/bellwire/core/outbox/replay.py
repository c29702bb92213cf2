"""Sending again: a settled delivery is reopened with the same id, a new budget, and a new place in the order."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from .states import OPEN
from .tables import deliveries


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
    query = sa.select(deliveries).where(deliveries.c.id.in_(wanted)).order_by(deliveries.c.seq).with_for_update()
    rows = connection.execute(query).mappings().all()
    settled = [row for row in rows if row["state"] not in OPEN]
    if settled:
        # A new row, because its place in the order is its primary key; attempts refer to the id, which stays.
        connection.execute(deliveries.delete().where(deliveries.c.seq.in_([row["seq"] for row in settled])))
        connection.execute(
            deliveries.insert(),
            [
                {name: value for name, value in row.items() if name != "seq"}
                | {
                    "state": "waiting",
                    "due_at": now,
                    "budget_start": row["attempts"],
                    "interruptions": 0,
                    "error": None,
                    "settled_at": None,
                }
                for row in settled
            ],
        )
    found = {row["id"] for row in rows}
    return Replayed(
        reopened=tuple(row["id"] for row in settled),
        still_open=tuple(row["id"] for row in rows if row["state"] in OPEN),
        unknown=tuple(delivery_id for delivery_id in wanted if delivery_id not in found),
    )


def failed_ids(connection: Connection, *, channel: str | None = None, since: int | None = None) -> list[str]:
    """The ids of failed deliveries, those that failed at or after *since*, in their old order."""
    query = sa.select(deliveries.c.id).where(deliveries.c.state == "failed").order_by(deliveries.c.seq)
    if channel is not None:
        query = query.where(deliveries.c.channel == channel)
    if since is not None:
        query = query.where(deliveries.c.settled_at >= since)
    return list(connection.execute(query).scalars())
