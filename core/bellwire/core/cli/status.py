"""``bellwire status``: how things stand, per channel, and who dispatches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from .documents import status_document
from .options import config_option, json_option
from .output import print_json, say, warn
from .session import current_status, open_bus
from .table import Styled, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bellwire.core.insight import ChannelStatus, Status

STYLES: Final[Mapping[str, str]] = {
    "enabled": "green",
    "disabled": "dim",
    "failing": "red",
    "broken": "red",
    "held": "yellow",
    "paused": "yellow",
    "orphaned": "yellow",
}


@click.command("status", short_help="Show what waits and what fails, per channel.")
@json_option
@config_option
def command(*, as_json: bool) -> None:
    """Show what waits and what fails, per channel.

    DUE may be sent now, LATER waits for its next attempt, BEHIND waits for an earlier event of the same workflow,
    SENDING is under way, FAILED was given up. What needs a person is told on standard error.
    """
    with open_bus() as bus:
        status = current_status(bus)
    if as_json:
        print_json(status_document(status))
    else:
        show(status)


def state_cell(channel: ChannelStatus) -> Styled:
    """A channel's state, in its colour."""
    return Styled(channel.state, STYLES[channel.state])


def show(status: Status) -> None:
    """Prints *status* for people."""
    from bellwire.core.insight.times import counted, shown

    def when(moment: int | None) -> str:
        return "" if moment is None else shown(moment, status.at)

    if status.channels:
        print_table(
            ("CHANNEL", "STATE", "DUE", "LATER", "BEHIND", "SENDING", "FAILED", "OLDEST", "LAST SENT"),
            [
                (
                    channel.name,
                    state_cell(channel),
                    *(
                        str(number)
                        for number in (
                            channel.counts.due,
                            channel.counts.scheduled,
                            channel.counts.parked,
                            channel.counts.in_flight,
                            channel.counts.failed,
                        )
                    ),
                    when(channel.counts.oldest_waiting_at),
                    when(channel.last_success_at),
                )
                for channel in status.channels
            ],
        )
    else:
        say("no channel is configured")
    say("")
    if status.dispatchers:
        say(counted(len(status.dispatchers), "dispatcher"))
        for row in status.dispatchers:
            lanes = ", ".join(name if lane == "open" else f"{name} ({lane})" for name, lane in row.lanes.items())
            who = f"{row.host} pid {row.pid}, bellwire {row.version}, since {when(row.started_at)}"
            say(f"  {who}: {lanes or 'no lane'}")
    else:
        say("no dispatcher is running")
    warn(*status.notices)
