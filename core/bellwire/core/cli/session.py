"""The bus that a command opens: configured as the command line says, and no dispatcher itself."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bellwire.core.errors import ConfigError, NotFound
from bellwire.hookspecs import Problem

from .options import CONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bellwire.core.bus import Bus
    from bellwire.core.config import Settings
    from bellwire.core.insight.status import Status
    from bellwire.core.outbox import Outbox


def config_path() -> Path | None:
    """What ``--config`` named."""
    path: Path | None = click.get_current_context().meta.get(CONFIG)
    return path


@contextmanager
def open_bus(*, dispatches: bool = False) -> Iterator[Bus]:
    """The configured bus, closed when the block ends. Its database is opened when it is first needed.

    Raises :class:`~bellwire.core.errors.ConfigError`, also where nothing at all is configured: a command in the wrong
    folder would otherwise make an empty database there, and find nothing in it.
    """
    from bellwire.core.bus import Bus

    bus = Bus.from_file(config_path(), dispatch=None if dispatches else "off")
    try:
        _require_some_configuration(bus.settings)
        yield bus
    finally:
        bus.close()


def _require_some_configuration(settings: Settings) -> None:
    if settings.source is None and not settings.channels and "BELLWIRE_DATABASE" not in os.environ:
        message = (
            f"there is no bellwire.toml in {Path.cwd()}; go to its folder, name it with --config or BELLWIRE_CONFIG, "
            "or write one with `bellwire init`"
        )
        raise ConfigError([Problem("", message)])


def database_file(bus: Bus) -> Path | None:
    """The SQLite file that the outbox is in; ``None`` where it is on a server."""
    from bellwire.core.outbox.backends.sqlite import SQLite

    backend = bus.outbox.database.backend
    return backend.path if isinstance(backend, SQLite) else None


def existing_outbox(bus: Bus) -> Outbox | None:
    """The outbox, unless its database is a file that does not exist yet: looking must not create one.

    A file made by whoever looks first may not be writable for whoever publishes later.
    """
    path = database_file(bus)
    return bus.outbox if path is None or path.exists() else None


def require_outbox(bus: Bus, wanted: str) -> Outbox:
    """The outbox in which *wanted* is looked for.

    Raises :class:`~bellwire.core.errors.NotFound` where nothing was published yet.
    """
    outbox = existing_outbox(bus)
    if outbox is None:
        msg = f"no {wanted}: nothing was published yet, there is no database {database_file(bus)}"
        raise NotFound(msg)
    return outbox


def unknown_channel(bus: Bus, channel: str | None) -> str:
    """``; no channel 'opsx' is configured, did you mean 'ops'?``, or nothing where it is, or none was named."""
    if channel is None or channel in bus.settings.channels:
        return ""
    from bellwire.core.plugins import did_you_mean

    return f"; no channel {channel!r} is configured{did_you_mean(channel, bus.settings.channels)}"


def unattended(bus: Bus) -> tuple[str, ...]:
    """The sentence that deliveries wait and nobody dispatches, where it is so."""
    from bellwire.core.insight.status import unattended

    outbox = existing_outbox(bus)
    sentence = None if outbox is None else unattended(outbox)
    return () if sentence is None else (sentence,)


def current_status(bus: Bus) -> Status:
    """How things stand; by the configuration alone where there is no database yet."""
    from bellwire.core.insight.status import compose_status

    if existing_outbox(bus) is None:
        return compose_status(bus.settings, bus.outbox.database.now(), {}, {}, (), last_seen=None)
    return bus.status()
