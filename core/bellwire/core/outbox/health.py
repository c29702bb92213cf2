"""What all replicas know of a channel: paused or not, failing since when, held until when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs
import sqlalchemy as sa

from .tables import channel_state

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from .rows import LaneDemand


@attrs.frozen(kw_only=True)
class ChannelHealth:
    """One channel's row; a channel without one is well."""

    channel: str
    paused: bool = False
    failures: int = 0
    """Failed attempts in a row, over all its deliveries."""
    failing_since: int | None = None
    held_until: int | None = None
    """Until when its breaker lets nothing through; after that it probes, one delivery at a time."""
    last_success_at: int | None = None

    @property
    def probing(self) -> bool:
        """Whether its breaker has tripped and no probe has succeeded yet."""
        return self.held_until is not None


Advance: TypeAlias = Callable[[ChannelHealth, Sequence[bool], int], ChannelHealth]
"""Pure: a channel's health, how its latest attempts ended (True: sent), and the time, to its next health."""

_COLUMNS = tuple(channel_state.c[field.name] for field in attrs.fields(ChannelHealth))


def load(connection: Connection, channels: Iterable[str] | None = None) -> dict[str, ChannelHealth]:
    """The health of *channels*, locked until the transaction ends, or of all that have a row."""
    query = sa.select(*_COLUMNS)
    if channels is not None:
        query = query.where(channel_state.c.channel.in_(sorted(channels))).order_by(channel_state.c.channel)
        query = query.with_for_update()
    return {row["channel"]: ChannelHealth(**row) for row in connection.execute(query).mappings()}


def load_hindered(connection: Connection) -> dict[str, ChannelHealth]:
    """The health of the channels that are paused or whose breaker has tripped: usually none."""
    query = sa.select(*_COLUMNS).where(channel_state.c.paused | channel_state.c.held_until.is_not(None))
    return {row["channel"]: ChannelHealth(**row) for row in connection.execute(query).mappings()}


def save(connection: Connection, health: ChannelHealth, now: int) -> None:
    """Writes one channel's row; the transaction that read it must still be open."""
    values = attrs.asdict(health) | {"updated_at": now}
    changed = connection.execute(
        channel_state.update().where(channel_state.c.channel == health.channel).values(values)
    ).rowcount
    if not changed:
        connection.execute(channel_state.insert().values(values))


def advance_all(
    connection: Connection, results: Mapping[str, Sequence[bool]], advance: Advance, now: int
) -> list[tuple[ChannelHealth, ChannelHealth]]:
    """Moves each channel's health on by the results of its attempts; returns what it was and what it became."""
    known = load(connection, results)
    changes: list[tuple[ChannelHealth, ChannelHealth]] = []
    for channel, ended in results.items():
        before = known.get(channel, ChannelHealth(channel=channel))
        after = advance(before, ended, now)
        if after != before:
            save(connection, after, now)
            changes.append((before, after))
    return changes


def restrict(
    demands: Sequence[LaneDemand], hindered: Mapping[str, ChannelHealth], busy: frozenset[str], now: int
) -> list[LaneDemand]:
    """*demands* without paused and held channels, and with one slot where a breaker probes.

    *busy* are the channels with a delivery under way somewhere, so that two replicas do not probe at once.
    """
    allowed: list[LaneDemand] = []
    for demand in demands:
        health = hindered.get(demand.channel)
        if health is None:
            allowed.append(demand)
        elif health.paused or (health.held_until or 0) > now:
            continue
        elif health.probing:
            if demand.channel not in busy:
                allowed.append(attrs.evolve(demand, slots=1))
        else:
            allowed.append(demand)
    return allowed
