"""Dispatching: claims due deliveries, sends each through its channel's lane, and settles how it went.

At least once, never zero; within a lane in order by key; each lane alone.
"""

from __future__ import annotations

from .context import SYSTEM_CLOCK, Context, SystemClock
from .dispatcher import Dispatcher
from .environment import require_threads
from .retry import RetryPolicy

__all__ = ["SYSTEM_CLOCK", "Context", "Dispatcher", "RetryPolicy", "SystemClock", "require_threads"]
