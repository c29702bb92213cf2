"""``bellwire resume``: a paused channel sends again."""

from __future__ import annotations

import click

from .options import config_option
from .output import say, tell, warn
from .session import existing_outbox, open_bus, unattended


@click.command("resume", short_help="Let a paused channel send again.")
@click.argument("channel", metavar="CHANNEL")
@config_option
def command(*, channel: str) -> None:
    """Let a paused channel send again.

    What waited is sent in its order. Resuming a channel that is not paused changes nothing.
    """
    from bellwire.core.insight.times import counted

    with open_bus() as bus:
        if existing_outbox(bus) is None:
            bus.require_channel(channel)
            tell(f"{channel} was not paused")
            return
        was_paused = bus.resume(channel)
        status = bus.status().channel(channel)
        if was_paused:
            say(f"{channel} is resumed")
        else:
            tell(f"{channel} was not paused")
        if status is None:
            return
        if waiting := status.counts.due + status.counts.scheduled + status.counts.parked:
            tell(f"{counted(waiting, 'delivery', 'deliveries')} of it {'waits' if waiting == 1 else 'wait'}")
        if status.state != "enabled":
            warn(f"channel {channel} is {status.state}: {status.reason}")
        warn(*unattended(bus))
