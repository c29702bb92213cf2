"""``bellwire channels``: the configured channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .documents import channel_document
from .options import config_option, json_option
from .output import print_json, say, tell, warn
from .session import current_status, open_bus
from .status import state_cell
from .table import print_table

if TYPE_CHECKING:
    from bellwire.hookspecs import ChannelConfig


@click.command("channels", short_help="List the configured channels with their state.")
@json_option
@config_option
def command(*, as_json: bool) -> None:
    """List the configured channels with their state.

    Also those that are configured no longer, while something waits in them. Below the list stands what receivers may
    want to know of a channel, such as the public key of its signatures.
    """
    with open_bus() as bus:
        status = current_status(bus)
        channels = status.channels
        source = bus.settings.source
        told = {name: _for_receivers(channel.config) for name, channel in bus.settings.channels.items()}
    if as_json:
        print_json([channel_document(channel) | {"for_receivers": told.get(channel.name, {})} for channel in channels])
    elif channels:
        print_table(
            ("CHANNEL", "TYPE", "STATE", "WHY"),
            [(channel.name, channel.type, state_cell(channel), channel.reason) for channel in channels],
        )
        for name, facts in told.items():
            say(*(f"{name}: {label} {value}" for label, value in facts.items()))
        warn(*status.unverified)
    else:
        tell(f"no channel is configured; add a table [channels.NAME] to {source or 'bellwire.toml'}")


def _for_receivers(config: ChannelConfig | None) -> dict[str, str]:
    if config is None:
        return {}
    try:
        return {str(label): str(value) for label, value in config.for_receivers().items()}
    except Exception as error:  # noqa: BLE001 - a stranger's code, over which the list must not fail
        return {"error": f"{type(error).__name__} in for_receivers()"}
