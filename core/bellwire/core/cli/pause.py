"""``bellwire pause``: nothing more leaves through a channel."""

from __future__ import annotations

import getpass
import socket

import click

from .options import config_option
from .output import say, tell
from .session import existing_outbox, open_bus


@click.command("pause", short_help="Let nothing more through a channel.")
@click.argument("channel", metavar="CHANNEL")
@click.option("--reason", metavar="TEXT", default="", help="Why; shown wherever somebody asks why something waits.")
@config_option
def command(*, channel: str, reason: str) -> None:
    """Let nothing more through a channel.

    It holds for every process on this database, until `bellwire resume CHANNEL`. What is being sent right now goes on;
    events are published as before, and their deliveries wait. Pausing a paused channel changes nothing.
    """
    from bellwire.core.insight.times import counted

    with open_bus() as bus:
        if existing_outbox(bus) is None:
            bus.require_channel(channel)  # a mistyped name must not make a database
        is_new = bus.pause(channel, by=_who(), reason=reason)
        status = bus.status().channel(channel)
        if not is_new:
            tell(f"{channel} is paused already ({status.reason if status else ''})")
        else:
            say(f"{channel} is paused; `bellwire resume {channel}` ends that")
        if status is not None and status.counts.in_flight:
            sent = counted(status.counts.in_flight, "delivery", "deliveries")
            tell(f"{sent} of it {'is' if status.counts.in_flight == 1 else 'are'} being sent right now, and will end")


def _who() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return ""
