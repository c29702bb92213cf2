"""``bellwire types``: the installed channel types."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

from bellwire.core.errors import ConfigError

from .options import config_option, json_option
from .output import print_json, tell, warn
from .session import config_path
from .table import Styled, print_table

if TYPE_CHECKING:
    from bellwire.core.plugins import ChannelTypes, TypeInfo

    from .documents import Document


@click.command("types", short_help="List the installed channel types.")
@json_option
@config_option
def command(*, as_json: bool) -> None:
    """List the installed channel types.

    Those of all packages that are installed beside Bellwire, and those that the setting `plugins` brings. --json adds
    the schema of each type's settings. One that cannot be imported is shown with the reason.
    """
    infos = _types().listing()
    if as_json:
        print_json([_document(info) for info in infos])
    elif infos:
        print_table(
            ("TYPE", "FROM", "WHAT"),
            [(info.name, f"{info.distribution} {info.version}".strip() or "plugins", _what(info)) for info in infos],
        )
    else:
        tell("no channel type is installed")


def _types() -> ChannelTypes:
    """All types; where the configuration cannot be used, those that need none, because one is looked for to mend it."""
    from bellwire.core.config import load_settings
    from bellwire.core.plugins import ChannelTypes, Plugins

    plugins = Plugins(ChannelTypes())
    try:
        load_settings(config_path(), plugins=plugins)
    except ConfigError as error:
        file = error.source or "the configuration"
        warn(f"{file} cannot be used, see `bellwire check`; the types that it brings may be missing")
    return plugins.types


def _what(info: TypeInfo) -> str | Styled:
    if info.error:
        return Styled(info.error, "red")
    if info.disabled:
        return Styled("disabled by BELLWIRE_DISABLED_CHANNELS", "dim")
    return description(info)


def description(info: TypeInfo) -> str:
    """The first line of the config class's docstring, if it has one of its own."""
    own = vars(info.config_class).get("__doc__") if info.config_class else None
    return inspect.cleandoc(own).partition("\n")[0] if own else ""


def _document(info: TypeInfo) -> Document:
    from bellwire.core.config import json_schema

    found = info.config_class
    return {
        "name": info.name,
        "distribution": info.distribution or None,
        "version": info.version or None,
        "class": f"{found.__module__}:{found.__qualname__}" if found else None,
        "description": description(info),
        "disabled": info.disabled,
        "error": info.error,
        "schema": json_schema(found) if found else None,
    }
