"""``bellwire replay``: sends settled deliveries again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from bellwire.core.errors import NotFound

from .documents import replayed_document
from .options import config_option, json_option, since_option
from .output import print_json, say, tell
from .session import existing_outbox, open_bus, require_outbox, somebody_dispatches
from .show import no_delivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bellwire.core.bus import Bus
    from bellwire.core.outbox import Replayed

_BATCH: Final = 500


@click.command("replay", short_help="Send settled deliveries again.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--failed", is_flag=True, help="All that failed for good, instead of those named.")
@since_option("With --failed: only those that were given up within this time.")
@click.option("--channel", metavar="NAME", help="With --failed: only those of this channel.")
@click.option("--yes", is_flag=True, help="With --failed: do not ask.")
@json_option
@config_option
def command(
    *, ids: Sequence[str], failed: bool, since: int | None, channel: str | None, yes: bool, as_json: bool
) -> None:
    """Send settled deliveries again.

    Each keeps its id, so that receivers can tell a repetition, and gets as many sends as a new one. What is not settled
    yet is left as it is. --failed first says how many there are, and asks.
    """
    _check_usage(ids, failed=failed, limited=since is not None or channel is not None or yes)
    with open_bus() as bus:
        if failed:
            ids = _chosen(bus, since, channel, yes=yes)
        outbox = require_outbox(bus, "delivery") if ids else None
        replayed = _replay(bus, ids)
        if as_json:
            print_json(replayed_document(replayed))
        else:
            _tell(bus, replayed)
        if outbox is not None and replayed.unknown:
            raise NotFound("; ".join(no_delivery(outbox, wanted) for wanted in replayed.unknown))


def _check_usage(ids: Sequence[str], *, failed: bool, limited: bool) -> None:
    if failed and ids:
        msg = "give ids or --failed, not both"
        raise click.UsageError(msg)
    if not failed and not ids:
        msg = "give the ids of deliveries, or --failed; `bellwire deliveries --state failed` lists them"
        raise click.UsageError(msg)
    if limited and not failed:
        msg = "--since, --channel and --yes go with --failed"
        raise click.UsageError(msg)


def _chosen(bus: Bus, since: int | None, channel: str | None, *, yes: bool) -> Sequence[str]:
    """The failed deliveries that fit, once whoever asked has seen how many there are and agreed."""
    from bellwire.core.insight.times import counted

    found = _failed(bus, since, channel)
    ids = [delivery_id for per_channel in found.values() for delivery_id in per_channel]
    if not ids:
        tell(f"no failed delivery fits{_unknown_channel(bus, channel)}")
        return ()
    parts = ", ".join(f"{name} {len(per_channel)}" for name, per_channel in sorted(found.items()))
    tell(f"{counted(len(ids), 'failed delivery', 'failed deliveries')}: {parts}")
    if not yes and not sys.stdin.isatty():
        msg = "nobody can be asked here; add --yes to send them again"
        raise click.UsageError(msg)
    if not yes:
        click.confirm("Send them again?", err=True, abort=True)
    return ids


def _failed(bus: Bus, since: int | None, channel: str | None) -> dict[str, list[str]]:
    outbox = existing_outbox(bus)
    if outbox is None:
        return {}
    after = None if since is None else outbox.database.now() - since
    names = [channel] if channel is not None else [name for name, counts in outbox.counts().items() if counts.failed]
    found = {name: outbox.failed_ids(channel=name, since=after) for name in names}
    return {name: ids for name, ids in found.items() if ids}


def _unknown_channel(bus: Bus, channel: str | None) -> str:
    if channel is None or channel in bus.settings.channels:
        return ""
    from bellwire.core.plugins import did_you_mean

    return f"; no channel {channel!r} is configured{did_you_mean(channel, bus.settings.channels)}"


def _replay(bus: Bus, ids: Sequence[str]) -> Replayed:
    """Batch by batch: a database takes so many parameters at once, and publishers should not wait for long."""
    from bellwire.core.outbox import Replayed

    results = [bus.replay(ids[start : start + _BATCH]) for start in range(0, len(ids), _BATCH)]
    return Replayed(
        reopened=tuple(delivery_id for result in results for delivery_id in result.reopened),
        still_open=tuple(delivery_id for result in results for delivery_id in result.still_open),
        unknown=tuple(delivery_id for result in results for delivery_id in result.unknown),
    )


def _tell(bus: Bus, replayed: Replayed) -> None:
    from bellwire.core.insight.times import counted

    say(*(f"{delivery_id} is sent again" for delivery_id in replayed.reopened))
    tell(*(f"{delivery_id} is not settled yet, so there is nothing to repeat" for delivery_id in replayed.still_open))
    if len(replayed.reopened) > 1:
        tell(f"{counted(len(replayed.reopened), 'delivery', 'deliveries')} will be sent again")
    if replayed.reopened and not somebody_dispatches(bus):
        tell("no dispatcher is running: run `bellwire worker`")
