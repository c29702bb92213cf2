"""From the file and the environment to settings: everything is looked at before anything is refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bellwire.core.errors import ConfigError, PluginError
from bellwire.core.plugins import BUILT_IN_KINDS, ChannelTypes, Plugins, did_you_mean, disabled_channels
from bellwire.core.redaction import fields_warnings
from bellwire.hookspecs import CHANNEL_ACTIONS, WORKFLOW_ACTIONS, Problem

from .channels import ChannelReader
from .database import beside
from .environment import overlay, read_environment, with_origins
from .secrets import SecretReader, referenced_variables
from .settings import BusSettings, Settings, bus_settings
from .structure import examine
from .toml import find_file, read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from .settings import ConfiguredChannel


def load_settings(
    path: str | Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    types: ChannelTypes | None = None,
    plugins: Plugins | None = None,
) -> Settings:
    """Reads the configuration file and the environment over it.

    The file is *path*, else what ``BELLWIRE_CONFIG`` names, else ``bellwire.toml`` in the working directory; without
    any, the environment and the defaults remain. What the setting ``plugins`` names is loaded into *plugins*.

    Raises :class:`~bellwire.core.errors.ConfigError` with all problems; what is merely questionable is in
    :attr:`Settings.warnings`.
    """
    environ = os.environ if environ is None else environ
    if plugins is None:
        plugins = Plugins(ChannelTypes(disabled=disabled_channels(environ)) if types is None else types)
    types = plugins.types if types is None else types
    file = read_file(find_file(path, environ))
    declared = bus_settings()
    layer = read_environment(environ, [setting.name for setting in declared], referenced_variables(file.raw))

    top = {name: value for name, value in file.raw.items() if name not in ("channels", "admin")}
    top, problems = overlay(top, layer.settings, declared)
    problems = [*layer.problems, *problems]
    if "admin" in file.raw:
        problems.append(Problem("admin", "is not available in this version"))
    examined = examine(BusSettings, top)
    problems += with_origins(examined.problems, layer.settings)
    problems += _load_plugins(top.get("plugins"), plugins)

    reader = ChannelReader(
        types=types,
        disabled=types.disabled | disabled_channels(environ),
        secrets=SecretReader(file.folder, environ),
        top_level=frozenset(setting.name for setting in declared),
    )
    channels, found = reader.read(file.raw.get("channels", {}), layer.channels)
    problems += found
    problems += reader.unknown_disabled(channels)

    bus = examined.config or BusSettings()
    problems += [
        Problem(name, warning, "warning")
        for name in ("drop_fields", "mask_fields")
        for warning in fields_warnings(getattr(bus, name))
    ]
    problems += _action_warnings(channels.values(), bus.workflow_actions, plugins)
    database, problem = beside(file.folder, bus.database)
    problems += [Problem("database", problem)] if problem else []
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise ConfigError(errors, source=str(file.source or ""))
    return Settings(
        **{setting.name: getattr(bus, setting.name) for setting in declared if setting.name != "database"},
        database=database,
        channels=channels,
        source=file.source,
        warnings=tuple(problems),
    )


def _load_plugins(items: object, plugins: Plugins) -> Iterator[Problem]:
    for index, item in enumerate(items if isinstance(items, list | tuple) else ()):
        if isinstance(item, str):
            try:
                plugins.load(item)
            except PluginError as error:
                yield Problem(f"plugins[{index}]", str(error))


def _action_warnings(
    channels: Iterable[ConfiguredChannel], added: Iterable[str], plugins: Plugins
) -> Iterator[Problem]:
    """A misspelt action would silence a channel; an error it cannot be, for other kinds have actions of their own."""
    known = (*WORKFLOW_ACTIONS, *added)
    told = {*known, *CHANNEL_ACTIONS}
    other_kinds = set(plugins.kinds()) - BUILT_IN_KINDS
    for channel in channels:
        for action in channel.config.actions if channel.config else ():
            hint = did_you_mean(action, known)
            if action not in told and (hint or not other_kinds):
                message = f"no workflow action {action!r}" + (hint or f"; there are {', '.join(known)}")
                yield Problem(f"channels.{channel.name}.actions", message, "warning")
