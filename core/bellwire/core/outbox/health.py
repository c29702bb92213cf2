"""What all replicas know of a channel: paused or not, failing since when, held until when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

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
    paused: bool = attrs.field(default=False, converter=bool)  # SQLite and MySQL say 0 and 1
    failures: int = 0
    """Failed attempts in a row, over all its deliveries."""
    failing_since: int | None = None
    held_until: int | None = None
    """Until when its breaker lets nothing through; after that it probes, one delivery at a time."""
    last_success_at: int | None = None
    paused_at: int | None = None
    paused_by: str | None = None
    """Who paused it, in their own words."""
    paused_reason: str | None = None

    @property
    def probing(self) -> bool:
        """Whether its breaker has tripped and no probe has succeeded yet."""
        return self.held_until is not None


Advance: TypeAlias = Callable[[ChannelHealth, Sequence[bool], int], ChannelHealth]
"""Pure: a channel's health, how its latest attempts ended (True: sent), and the time, to its next health."""

_FIELDS: Final = tuple(field.name for field in attrs.fields(ChannelHealth))
COLUMNS: Final = tuple(channel_state.c[name] for name in _FIELDS)
"""In the order of :class:`ChannelHealth`'s fields."""


def load(connection: Connection) -> dict[str, ChannelHealth]:
    """The health of all channels that have a row."""
    return by_channel(connection.execute(sa.select(*COLUMNS)))


def by_channel(rows: Iterable[Sequence[Any]]) -> dict[str, ChannelHealth]:
    """The health in *rows*, whose columns are :data:`COLUMNS`."""
    return {row[0]: ChannelHealth(**dict(zip(_FIELDS, row, strict=True))) for row in rows}


# built once: beside a dead receiver each visit writes one, and building it took longer than all the rest
_UPDATE: Final = channel_state.update().where(channel_state.c.channel == sa.bindparam("of"))
_INSERT: Final = channel_state.insert()


def save(connection: Connection, health: ChannelHealth, now: int) -> None:
    """Writes one channel's row; the transaction that read it must still be open."""
    values = {name: getattr(health, name) for name in _FIELDS} | {"updated_at": now}
    if not connection.execute(_UPDATE, {"of": health.channel, **values}).rowcount:
        connection.execute(_INSERT, values)


def advance_all(
    connection: Connection,
    known: Mapping[str, ChannelHealth],
    results: Mapping[str, Sequence[bool]],
    advance: Advance,
    now: int,
) -> list[tuple[ChannelHealth, ChannelHealth]]:
    """Moves each channel's health on by the results of its attempts; returns what it was and what it became."""
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

    *busy* are the channels with a delivery under way somewhere, so that two replicas do not probe at once. While it
    probes no delivery passes another: it is the receiver that keeps the first one waiting.
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
                allowed.append(attrs.evolve(demand, slots=1, patient=True))
        else:
            allowed.append(demand)
    return allowed
