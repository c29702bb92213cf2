"""What can be plugged into a bus: channel types by entry point, plugins, event kinds, and the open channels.

:class:`ChannelTypes` knows which types of channels there are; :class:`Plugins` is the typed face of pluggy, and keeps
its traps (misspelt hooks, comparison by ``==``, traces that print arguments) on its far side.
"""

from __future__ import annotations

from .calls import BoundHook
from .entry_points import CHANNEL_GROUP, Claim, installed_claims
from .kinds import BUILT_IN_KINDS
from .manager import PluginInfo, Plugins
from .suggest import closest, did_you_mean
from .types import DISABLED_VARIABLE, ChannelTypes, TypeInfo, disabled_channels

__all__ = [
    "BUILT_IN_KINDS",
    "CHANNEL_GROUP",
    "DISABLED_VARIABLE",
    "BoundHook",
    "ChannelTypes",
    "Claim",
    "PluginInfo",
    "Plugins",
    "TypeInfo",
    "closest",
    "did_you_mean",
    "disabled_channels",
    "installed_claims",
]
