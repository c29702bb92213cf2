"""What would keep real events from a channel that a test may well get through. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bellwire.hookspecs import WORKFLOW_ACTIONS

from .times import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bellwire.core.config import ConfiguredChannel, Settings
    from bellwire.core.plugins import PluginInfo

    from .status import ChannelStatus, Status

_FILTER: Final = "notify_filter"


def obstacles(
    channel: ConfiguredChannel, settings: Settings, plugins: Sequence[PluginInfo], status: Status | None = None
) -> Iterator[str]:
    """Each as a sentence that names the setting, the plugin or the state; *status* where the outbox could be asked."""
    if not channel.active:
        yield f"the channel is disabled ({channel.disabled_by}): it can be tested, but is sent no events"
    yield from _filters(channel, settings)
    for plugin in plugins:
        if _FILTER in plugin.hooks:
            yield f"the plugin {plugin.name} is asked about each event, and may keep it back ({_FILTER})"
    stands = status.channel(channel.name) if status is not None else None
    if status is not None and stands is not None:
        yield from _state(stands, status)


def _filters(channel: ConfiguredChannel, settings: Settings) -> Iterator[str]:
    config = channel.config
    if config is None:
        return
    if config.actions:
        known = dict.fromkeys((*WORKFLOW_ACTIONS, *settings.workflow_actions))
        wanted = _listed(config.actions)
        dropped = [action for action in known if action not in config.actions]
        if dropped:
            yield f"actions = {wanted}: events of the actions {', '.join(dropped)} are not sent"
        if unknown := [action for action in config.actions if action not in known]:
            yield f"actions = {wanted}: no event has the action {' or '.join(map(repr, unknown))}"
    if config.projects and "*" not in config.projects:
        yield f"projects = {_listed(config.projects)}: workflows of other projects are not sent"


def _listed(values: Sequence[str]) -> str:
    return f"[{', '.join(f'{value!r}' for value in values)}]".replace("'", '"')


def _state(channel: ChannelStatus, status: Status) -> Iterator[str]:
    match channel.state:
        case "paused":
            yield f"the channel is paused {channel.reason}: events wait; `bellwire resume {channel.name}` ends that"
        case "held":
            yield f"the channel is held, because its receiver was down: {channel.reason}"
        case "broken":
            yield f"a dispatcher could not open the channel: {channel.reason}"
        case "failing":
            yield f"real events fail: {channel.reason}; see `bellwire deliveries --channel {channel.name}`"
    if parked := channel.counts.parked:
        wait = "waits" if parked == 1 else "wait"
        yield f"{counted(parked, 'delivery', 'deliveries')} {wait} for an earlier one of the same workflow"
    if status.unattended:
        yield status.unattended
