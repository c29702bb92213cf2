"""Which commands there are, so that ``--help`` can say it without importing any of them."""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click


@attrs.frozen
class BuiltIn:
    """A command of Bellwire's own."""

    section: str
    """Under which heading ``bellwire --help`` shows it."""
    module: str
    """The module of this package that has it, as ``command``."""
    summary: str
    """The first sentence of its own help."""


_START: Final = "First steps"
_SEND: Final = "Publish and deliver"
_LOOK: Final = "Look into it"
_AFTER: Final = "After the fact"
_SET_UP: Final = "Set up"

BUILT_IN: Final[Mapping[str, BuiltIn]] = MappingProxyType(
    {
        "demo": BuiltIn(_START, "demo", "Take the tour: five events, three receivers, every attempt."),
        "init": BuiltIn(_START, "init", "Write a commented bellwire.toml, and a key."),
        "check": BuiltIn(_START, "check", "Check configuration, plugins and database."),
        "test": BuiltIn(_START, "trial", "Send the test message through one channel."),
        "publish": BuiltIn(_SEND, "publish", "Publish a workflow event."),
        "worker": BuiltIn(_SEND, "worker", "Deliver what is due, until stopped."),
        "status": BuiltIn(_LOOK, "status", "Show what waits and what fails, per channel."),
        "deliveries": BuiltIn(_LOOK, "deliveries", "List deliveries, the newest first."),
        "show": BuiltIn(_LOOK, "show", "Show one delivery with its event and every attempt."),
        "explain": BuiltIn(_LOOK, "explain", "Say why a notification did, or did not, arrive."),
        "replay": BuiltIn(_AFTER, "replay", "Send settled deliveries again."),
        "cancel": BuiltIn(_AFTER, "cancel", "Cancel deliveries that wait."),
        "pause": BuiltIn(_AFTER, "pause", "Let nothing more through a channel."),
        "resume": BuiltIn(_AFTER, "resume", "Let a paused channel send again."),
        "purge": BuiltIn(_AFTER, "purge", "Remove events with all that belongs to them."),
        "channels": BuiltIn(_SET_UP, "channels", "List the configured channels with their state."),
        "types": BuiltIn(_SET_UP, "types", "List the installed channel types."),
        "plugins": BuiltIn(_SET_UP, "plugins", "List the plugins with their hooks."),
        "migrate": BuiltIn(_SET_UP, "migrate", "Bring the database's schema up to date."),
    }
)
"""By name, in the order of ``--help``."""

SUMMARIES: Final[Mapping[str, str]] = MappingProxyType({"listen": "Receive webhooks, print them, and check them."})
"""What the commands of our own channels do. They come by entry point as everybody's, and that has no room for words."""


def load(name: str) -> click.Command:
    """The built-in command *name*, imported now."""
    module = importlib.import_module(f"{__package__}.{BUILT_IN[name].module}")
    command: click.Command = module.command
    return command
