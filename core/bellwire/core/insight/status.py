"""How things stand: per channel, and which dispatchers live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from bellwire.core.outbox import ChannelCounts, ChannelHealth, DispatcherRow, Outbox

from .times import counted, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bellwire.core.config import ConfiguredChannel, Settings

DEAD_AFTER: Final = 30_000_000
"""Microseconds without a heartbeat after which a dispatcher counts as gone."""

ChannelState: TypeAlias = Literal["enabled", "failing", "held", "paused", "disabled", "broken", "orphaned"]


@attrs.frozen(kw_only=True)
class ChannelStatus:
    """One channel."""

    name: str
    type: str
    state: ChannelState
    reason: str = ""
    """Why it is not simply enabled."""
    counts: ChannelCounts
    last_success_at: int | None = None


@attrs.frozen(kw_only=True)
class Status:
    """Everything at one glance."""

    at: int
    channels: tuple[ChannelStatus, ...]
    dispatchers: tuple[DispatcherRow, ...]
    """Those alive: seen within the last 30 seconds."""
    notices: tuple[str, ...]
    """What needs a person, each with what to do."""
    unattended: str = ""
    """That deliveries wait and nobody dispatches, where it is so; among the notices too."""
    unverified: tuple[str, ...] = ()
    """Of channels that do not look at certificates; among the notices too."""

    def channel(self, name: str) -> ChannelStatus | None:
        """One channel's status."""
        return next((channel for channel in self.channels if channel.name == name), None)


def status_of(settings: Settings, outbox: Outbox) -> Status:
    """Reads the outbox and puts it beside the configuration."""
    now = outbox.database.now()
    return compose_status(
        settings, now, outbox.counts(), outbox.health(), outbox.dispatchers(), last_seen=outbox.last_seen()
    )


def unattended(outbox: Outbox) -> str | None:
    """That deliveries wait and nobody dispatches, with what to do; ``None`` where somebody does, or none waits.

    Quicker than the whole status while somebody dispatches: nothing is counted then.
    """
    now = outbox.database.now()
    last_seen = outbox.last_seen()
    if any(row.seen_at > now - DEAD_AFTER for row in outbox.dispatchers()):
        return None
    waiting = outbox.count_open()
    return _unattended(waiting, last_seen, now) if waiting else None


def _unattended(waiting: int, last_seen: int | None, now: int) -> str:
    seen = "no dispatcher is running" if last_seen is None else f"no dispatcher seen since {shown(last_seen, now)}"
    wait = "waits" if waiting == 1 else "wait"
    return f"{counted(waiting, 'delivery', 'deliveries')} {wait}, {seen}; run `bellwire worker`"


def compose_status(
    settings: Settings,
    now: int,
    counts: Mapping[str, ChannelCounts],
    health: Mapping[str, ChannelHealth],
    dispatchers: Sequence[DispatcherRow],
    *,
    last_seen: int | None,
) -> Status:
    """The status, from what was read; *last_seen* is when any dispatcher was, with a row still or without. Pure."""
    alive = tuple(row for row in dispatchers if row.seen_at > now - DEAD_AFTER)
    names = [*settings.channels, *sorted(set(counts) - set(settings.channels))]
    channels = tuple(
        _channel(
            name,
            settings.channels.get(name),
            counts.get(name, ChannelCounts(channel=name)),
            health.get(name, ChannelHealth(channel=name)),
            alive,
            now=now,
        )
        for name in names
    )
    waiting = sum(c.counts.due + c.counts.scheduled + c.counts.parked + c.counts.in_flight for c in channels)
    nobody = _unattended(waiting, last_seen, now) if waiting and not alive else ""
    unverified = tuple(_unverified(settings))
    notices = (*([nobody] if nobody else []), *_notices(channels, alive), *unverified)
    return Status(
        at=now, channels=channels, dispatchers=alive, notices=notices, unattended=nobody, unverified=unverified
    )


def _unverified(settings: Settings) -> Iterator[str]:
    for name, channel in settings.channels.items():
        if channel.active and channel.config is not None:
            yield from (f"channels.{name}.{warning}" for warning in channel.config.tls_options().warnings())


def _channel(
    name: str,
    configured: ConfiguredChannel | None,
    counts: ChannelCounts,
    known: ChannelHealth,
    alive: Sequence[DispatcherRow],
    *,
    now: int,
) -> ChannelStatus:
    state: ChannelState = "enabled"
    reason = ""
    broken = next((lane for row in alive if (lane := row.lanes.get(name, "")).startswith("broken")), "")
    if configured is None:
        state, reason = "orphaned", "not configured here; its deliveries wait for a dispatcher that knows it"
    elif not configured.active:
        state, reason = "disabled", configured.disabled_by
    elif known.paused:
        state, reason = "paused", _paused(known, now)
    elif broken:
        state, reason = "broken", broken.partition(": ")[2]
    elif known.held_until is not None and known.held_until > now:
        state = "held"
        reason = f"{counted(known.failures, 'failure')} in a row; tried again at {shown(known.held_until, now)}"
    elif known.failures:
        since = shown(known.failing_since, now) if known.failing_since else "an unknown time"
        state, reason = "failing", f"{counted(known.failures, 'failure')} in a row since {since}"
    return ChannelStatus(
        name=name,
        type=configured.type if configured else "",
        state=state,
        reason=reason,
        counts=counts,
        last_success_at=known.last_success_at,
    )


def _paused(known: ChannelHealth, now: int) -> str:
    who = f"by {known.paused_by or 'a person'}"
    since = f" since {shown(known.paused_at, now)}" if known.paused_at else ""
    return who + since + (f": {known.paused_reason}" if known.paused_reason else "")


def _notices(channels: Sequence[ChannelStatus], alive: Sequence[DispatcherRow]) -> tuple[str, ...]:
    notices: list[str] = []
    for channel in channels:
        total = channel.counts.due + channel.counts.scheduled + channel.counts.parked
        held = f"{counted(total, 'delivery', 'deliveries')} {'waits' if total == 1 else 'wait'}"
        if channel.state == "orphaned" and total:
            notices.append(f"channel {channel.name}: {held}, but it is not configured; add it again, or replay later")
        elif channel.state == "disabled" and total:
            notices.append(f"channel {channel.name}: {held} while it is disabled ({channel.reason})")
        elif channel.state == "paused":  # also where none waits yet: it is easily forgotten
            notices.append(
                f"channel {channel.name}: {held} while it is paused ({channel.reason}); "
                f"`bellwire resume {channel.name}` ends that"
            )
        elif channel.state in {"broken", "held", "failing"}:
            notices.append(f"channel {channel.name} is {channel.state}: {channel.reason}")
        if channel.counts.failed:
            notices.append(
                f"channel {channel.name}: {channel.counts.failed} failed for good; "
                f"see `bellwire deliveries --state failed --channel {channel.name}`, "
                f"send again with `bellwire replay --failed --channel {channel.name}`"
            )
        if channel.counts.interrupted:
            notices.append(
                f"channel {channel.name}: {counted(channel.counts.interrupted, 'delivery', 'deliveries')} interrupted "
                "by a dispatcher that stopped; it is being sent again"
            )
    if len({row.config_digest for row in alive}) > 1:
        hosts = ", ".join(sorted({f"{row.host}/{row.pid}" for row in alive}))
        notices.append(f"the dispatchers run with different settings: {hosts}")
    return tuple(notices)
