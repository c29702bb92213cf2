"""``bellwire replay``: sends settled deliveries again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from bellwire.core.errors import BellwireError

from .consent import require_consent
from .documents import replayed_document
from .options import (
    Moment,
    config_option,
    dry_run_option,
    json_option,
    require_in_order,
    since_option,
    until_option,
    yes_option,
)
from .output import print_json, say, tell, warn
from .session import existing_outbox, open_bus, require_outbox, unattended, unknown_channel
from .show import no_delivery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bellwire.core.bus import Bus
    from bellwire.core.insight import ReplayPreview
    from bellwire.core.operating import SettledState
    from bellwire.core.outbox import Chosen, Overtaken, Replayed

_FAILED: Final[frozenset[SettledState]] = frozenset({"failed"})
_SENT: Final[frozenset[SettledState]] = frozenset({"delivered", "failed"})
_SHOWN: Final = 10
"""Workflows that are warned of by name."""


@click.command("replay", short_help="Send settled deliveries again.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--failed", is_flag=True, help="All that failed for good, instead of those named.")
@since_option("Without IDs: only what was delivered or given up since then.")
@until_option("Without IDs: only what was delivered or given up until then.")
@click.option(
    "--channel", metavar="NAME", help="Through this channel alone; with IDs of events, even an unwilling one."
)
@dry_run_option
@yes_option
@json_option
@config_option
def command(
    *,
    ids: Sequence[str],
    failed: bool,
    since: Moment | None,
    until: Moment | None,
    channel: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Send settled deliveries again.

    ID is a delivery's, or an event's: then all its deliveries are sent again, or with --channel the one through that
    channel, which it gets even if it had not wanted the event. --failed takes all that failed for good; --channel with
    --since takes what was delivered too, for a receiver that lost it.

    Each keeps its id, so that receivers can tell a repetition, and gets as many sends as a new one. What is not settled
    yet is left as it is. One delivery is sent at once; before more, and where later events of the same workflow were
    already delivered, it says so and asks.
    """
    _check_usage(ids, failed=failed, channel=channel, since=since, until=until)
    with open_bus() as bus:
        named = bool(ids)
        if named:
            require_outbox(bus, "delivery")
            if channel is not None:
                bus.require_channel(channel)
        else:
            ids = _chosen(bus, channel, since, until, failed=failed)
            channel = None  # it has chosen; one that is configured no longer cannot be named, but has deliveries
        preview = bus.preview_replay(ids, channel=channel) if ids else None
        added: Mapping[str, str] = {}
        if preview is None or not preview.count:
            replayed = _nothing(preview)
        else:
            _announce(bus, preview, aloud=not named or dry_run or preview.count > 1)
            replayed, added = _run(bus, ids, preview, named=named, dry_run=dry_run, yes=yes)
        if as_json:
            print_json(replayed_document(preview or _no_preview(channel), replayed, added, dry_run=dry_run))
        elif not dry_run:
            _tell(replayed, added, channel)
        if preview is not None:
            if not dry_run:
                warn(*unattended(bus))
            if problems := list(_problems(bus, preview, replayed)):
                raise BellwireError("; ".join(problems))


def _check_usage(
    ids: Sequence[str], *, failed: bool, channel: str | None, since: Moment | None, until: Moment | None
) -> None:
    timed = since is not None or until is not None
    if failed and ids:
        msg = "give ids or --failed, not both"
    elif ids and timed:
        msg = "--since and --until choose by time; leave them out where ids are given"
    elif not ids and not failed and (channel is None or since is None):
        msg = (
            "give ids, or --failed, or --channel with --since for what was delivered too; "
            "`bellwire deliveries --state failed` lists what failed"
        )
    else:
        return
    raise click.UsageError(msg)


def _chosen(
    bus: Bus, channel: str | None, since: Moment | None, until: Moment | None, *, failed: bool
) -> Sequence[str]:
    now = bus.outbox.database.now()
    require_in_order(since, until, now)
    ids: Sequence[str] = ()
    if existing_outbox(bus) is not None:
        ids = bus.settled(
            _FAILED if failed else _SENT,
            channel=channel,
            since=None if since is None else since.after(now),
            until=None if until is None else until.after(now),
        )
    if not ids:
        tell(f"no {'failed' if failed else 'settled'} delivery fits{unknown_channel(bus, channel)}")
    return ids


def _no_preview(channel: str | None) -> ReplayPreview:
    from bellwire.core.insight import ReplayPreview

    return ReplayPreview(channel=channel)


def _nothing(preview: ReplayPreview | None) -> Replayed:
    from bellwire.core.outbox import Replayed

    if preview is None:
        return Replayed(reopened=(), still_open=(), unknown=())
    still_open = tuple(one.id for one in preview.still_open)
    return Replayed(reopened=(), still_open=still_open, unknown=preview.unknown, skipped=preview.skipped)


def _run(
    bus: Bus, ids: Sequence[str], preview: ReplayPreview, *, named: bool, dry_run: bool, yes: bool
) -> tuple[Replayed, Mapping[str, str]]:
    """What was done, or with *dry_run* would be; and the new deliveries by their events."""
    from bellwire.core.outbox import Replayed

    if dry_run:
        would = _nothing(preview)
        return Replayed(
            reopened=tuple(one.id for one in preview.reopened),
            still_open=would.still_open,
            unknown=would.unknown,
            skipped=would.skipped,
        ), {}
    if not named or preview.count > 1 or preview.overtaken:
        it = "it" if preview.count == 1 else "them"
        require_consent(f"Send {it} again?", yes=yes, so_that=f"send {it} again")
    replayed = bus.replay(ids, channel=preview.channel)
    events = {event.seq: event.id for event in preview.added}
    new = bus.outbox.find(replayed.added).deliveries if replayed.added else ()
    return replayed, {events[one.event_seq]: one.id for one in new if one.event_seq in events}


def _announce(bus: Bus, preview: ReplayPreview, *, aloud: bool) -> None:
    """Says how many, through which channels, and whom it may surprise."""
    from bellwire.core.insight.times import counted

    if aloud and preview.reopened:
        tell(_summary(preview.reopened))
    if preview.added:
        them = "it" if len(preview.added) == 1 else "them"
        tell(f"{counted(len(preview.added), 'event')} for {preview.channel}, which was not sent {them} before")
    channels = {one.channel for one in preview.reopened} | ({str(preview.channel)} if preview.added else set())
    status = bus.status()
    for name in sorted(channels):
        channel = status.channel(name)
        if channel is None:
            warn(f"channel {name} is not configured here: what is sent there waits for a dispatcher that knows it")
        elif channel.state in {"paused", "disabled", "broken", "held", "orphaned"}:
            warn(f"channel {name} is {channel.state} ({channel.reason}): what is sent there waits")
    warn(*(_surprise(one) for one in preview.overtaken[:_SHOWN]))
    if (more := len(preview.overtaken) - _SHOWN) > 0:
        warn(f"so it is with {counted(more, 'more workflow')}; --json --dry-run names them")


def _summary(chosen: Sequence[Chosen]) -> str:
    from bellwire.core.insight.times import counted

    states = {one.state for one in chosen}
    kind = f"{states.pop()} " if states in ({"failed"}, {"cancelled"}) else ""
    parts = []
    for name, number in sorted(Counter(one.channel for one in chosen).items()):
        by_state = sorted(Counter(str(one.state) for one in chosen if one.channel == name).items())
        told = by_state[0][0] if len(by_state) == 1 else ", ".join(f"{count} {state}" for state, count in by_state)
        parts.append(f"{name} {number}" if kind else f"{name} {number} ({told})")
    return f"{counted(len(chosen), f'{kind}delivery', f'{kind}deliveries')}: {', '.join(parts)}"


def _surprise(one: Overtaken) -> str:
    from bellwire.core.insight.times import counted

    were = "was" if one.later == 1 else "were"
    return (
        f"workflow {one.ordering_key}: {counted(one.later, 'later event')} {were} already delivered through "
        f"{one.channel}, or will be before; the receiver gets older news after newer"
    )


def _tell(replayed: Replayed, added: Mapping[str, str], channel: str | None) -> None:
    from bellwire.core.insight.times import counted

    say(*(f"{delivery_id} is sent again" for delivery_id in replayed.reopened))
    say(*(f"{delivery_id} is sent: event {event_id} to {channel}" for event_id, delivery_id in added.items()))
    if (total := len(replayed.reopened) + len(replayed.added)) > 1:
        tell(f"{counted(total, 'delivery', 'deliveries')} will be sent")


def _problems(bus: Bus, preview: ReplayPreview, replayed: Replayed) -> Iterator[str]:
    """What was named and yet was not sent, each in a sentence."""
    states = {one.id: one.state for one in preview.still_open}
    for delivery_id in replayed.still_open:
        state = {"claimed": "being sent", "parked": "parked"}.get(states.get(delivery_id, "waiting"), "waiting")
        yield f"{delivery_id} is not settled yet ({state}), so there is nothing to repeat"
    for one in preview.of_other_channels:
        yield f"{one.id} is a delivery of {one.channel}; name its event to send that through {preview.channel}"
    for event in preview.wanted_by_none:
        yield f"{event.id} is an event that no channel wanted; name one with --channel"
    for wanted in replayed.unknown:
        yield no_delivery(bus.outbox, wanted)
