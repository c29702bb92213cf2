"""``bellwire channels``: the configured channels."""

from __future__ import annotations

import click

from .documents import channel_document
from .options import config_option, json_option
from .output import print_json, tell
from .session import current_status, open_bus
from .status import state_cell
from .table import print_table


@click.command("channels", short_help="List the configured channels with their state.")
@json_option
@config_option
def command(*, as_json: bool) -> None:
    """List the configured channels with their state.

    Also those that are configured no longer, while something waits in them.
    """
    with open_bus() as bus:
        channels = current_status(bus).channels
        source = bus.settings.source
    if as_json:
        print_json([channel_document(channel) for channel in channels])
    elif channels:
        print_table(
            ("CHANNEL", "TYPE", "STATE", "WHY"),
            [(channel.name, channel.type, state_cell(channel), channel.reason) for channel in channels],
        )
    else:
        tell(f"no channel is configured; add a table [channels.NAME] to {source or 'bellwire.toml'}")
