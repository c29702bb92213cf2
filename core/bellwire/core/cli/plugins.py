"""``bellwire plugins``: what is plugged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .options import config_option, json_option
from .output import print_json, tell, warn
from .plugin_commands import plugin_commands
from .session import open_bus
from .table import print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .documents import Document


@click.command("plugins", short_help="List the plugins with their hooks.")
@json_option
@config_option
def command(*, as_json: bool) -> None:
    """List the plugins with their hooks.

    Those that the setting `plugins` names; and the commands that installed packages add to `bellwire`.
    """
    with open_bus() as bus:
        listing = bus.plugins.listing()
    commands = plugin_commands()
    if as_json:
        print_json(
            [_document(info.name, info.distribution or None, info.hooks, None) for info in listing]
            + [_document(name, found.distribution, (), name) for name, found in commands.usable.items()]
        )
        return
    rows = [(info.name, info.distribution, ", ".join(info.hooks)) for info in listing]
    rows += [
        (name, found.distribution or "", f"the command `bellwire {name}`") for name, found in commands.usable.items()
    ]
    if rows:
        print_table(("PLUGIN", "FROM", "HOOKS"), rows)
    else:
        tell("no plugin; name one as module:Name in the setting `plugins`")
    warn(*commands.clashes)


def _document(name: str, distribution: str | None, hooks: Sequence[str], command_name: str | None) -> Document:
    return {"name": name, "distribution": distribution, "hooks": list(hooks), "command": command_name}
