"""Puts a dispatcher together from a bus's parts."""

from __future__ import annotations

import functools
import hashlib
import os
from importlib.metadata import version
from typing import TYPE_CHECKING

import attrs

from bellwire.core.config import ConfiguredChannel, Settings, egress_policy, known_secrets
from bellwire.core.outbox import DispatcherRow, Outbox, Retention
from bellwire.core.publishing import prepare
from bellwire.core.render import default_message
from bellwire.hookspecs import ChannelConfig, Clock, Event, Message, new_id, parse_duration

from .context import SYSTEM_CLOCK, Context
from .dispatcher import Dispatcher
from .lane import Lane
from .presence import host_name, this_process

if TYPE_CHECKING:
    from bellwire.core.http import Notebook
    from bellwire.core.plugins import Plugins


def make_dispatcher(
    settings: Settings, plugins: Plugins, outbox: Outbox, *, clock: Clock | None = None, once: bool = False
) -> Dispatcher:
    """A dispatcher for the enabled channels of *settings*."""
    lanes = {
        name: Lane(
            make_context(channel, channel.config, settings, plugins, clock=clock),
            plugins,
            known_secrets(channel.config),
        )
        for name, channel in settings.channels.items()
        if channel.active and channel.config is not None
    }
    presence = DispatcherRow(
        id=new_id(),
        host=host_name(),
        pid=os.getpid(),
        process=this_process(),
        version=version("bellwire"),
        config_digest=config_digest(settings),
    )
    keep = Retention(delivered=_microseconds(settings.keep_delivered), failed=_microseconds(settings.keep_failed))

    def publish(event: Event) -> None:
        outbox.publish([prepare(event, settings, plugins)])

    return Dispatcher(outbox, plugins, lanes, presence, keep=keep, publish=publish, once=once)


def _microseconds(duration: str) -> int:
    return round(parse_duration(duration) * 1_000_000)


def make_context(
    channel: ConfiguredChannel,
    config: ChannelConfig,
    settings: Settings,
    plugins: Plugins,
    *,
    clock: Clock | None = None,
    notebook: Notebook | None = None,
) -> Context:
    """What *channel*, configured by *config*, opens in; a *notebook* takes down its requests."""
    return Context(
        name=channel.name,
        platform_name=settings.platform_name,
        locale=settings.locale,
        clock=clock or SYSTEM_CLOCK,
        config=config,
        policy=egress_policy(settings),
        renderer=functools.partial(_render, settings, plugins, channel.type),
        notebook=notebook,
    )


def _render(settings: Settings, plugins: Plugins, channel_type: str, event: Event) -> Message:
    message = plugins.render(event, channel_type, settings.locale)
    return message or default_message(event, settings.locale, settings.platform_name)


def config_digest(settings: Settings) -> str:
    """Tells replicas with different settings apart; secrets are masked in it, so it gives none away."""
    # where the file lies, how the database is reached and who dispatches may differ between replicas
    shared = attrs.evolve(settings, source=None, database="sqlite:///shared.db", dispatch="off")
    return hashlib.sha256(repr(shared).encode()).hexdigest()[:12]
