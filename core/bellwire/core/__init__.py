"""The engine. Hosts import :class:`Bus`, :class:`Settings` and the errors from here.

Importing it brings neither a database driver nor an HTTP client: they come when a bus first needs them.
"""

from __future__ import annotations

from .bus import Bus
from .config import ConfiguredChannel, Settings, load_settings
from .errors import (
    BellwireError,
    ConfigError,
    DatabaseError,
    DatabaseUnavailable,
    DispatchRefused,
    EventTooLarge,
    InvalidConnection,
    InvalidEvent,
    NotFound,
    OutboxUnavailable,
    PluginError,
    PublishError,
    PublishUnknown,
    SchemaError,
)

__all__ = [
    "BellwireError",
    "Bus",
    "ConfigError",
    "ConfiguredChannel",
    "DatabaseError",
    "DatabaseUnavailable",
    "DispatchRefused",
    "EventTooLarge",
    "InvalidConnection",
    "InvalidEvent",
    "NotFound",
    "OutboxUnavailable",
    "PluginError",
    "PublishError",
    "PublishUnknown",
    "SchemaError",
    "Settings",
    "load_settings",
]
