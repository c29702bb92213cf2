"""A delivery that was broken off may be what breaks its workers: its key waits for it as long as for one that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .tables import deliveries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection

    from .rows import Claim


def limit_holds(
    connection: Connection, claims: Iterable[Claim], hold_keys: Mapping[str, int], now: int
) -> tuple[Claim, ...]:
    """*claims*, of which those that were broken off before hold their key from *now* on for *hold_keys* microseconds.

    It is tried again for ever, because nothing says that it is at fault; only its followers need not wait for ever. One
    that holds its key until a time already keeps that.
    """
    told: list[Claim] = []
    for claim in claims:
        hold_key = hold_keys.get(claim.channel)
        if not claim.interruptions or claim.holds_until is not None or hold_key is None:
            told.append(claim)
            continue
        held = attrs.evolve(claim, holds_until=now + hold_key)
        connection.execute(
            deliveries.update().where(deliveries.c.seq == claim.seq).values(holds_until=held.holds_until)
        )
        told.append(held)
    return tuple(told)
