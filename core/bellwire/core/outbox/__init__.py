"""The outbox: what was published, to whom it must go, and what became of it, in SQL tables.

Nothing here knows of channels, hooks or HTTP. :class:`Outbox` is the door; each of its methods is one transaction.
"""

from __future__ import annotations

from .database import Database
from .health import Advance, ChannelHealth
from .history import AttemptView, ChannelCounts, DeliveryFilter, DeliveryView, EventView
from .outbox import LEASE, Exchange, Outbox
from .passing import Passing
from .removal import Cancelled, Purged, Retention
from .replay import Overtaken, Place, Replayed
from .rows import AttemptRecord, Claim, LaneDemand, NewEvent, Settlement
from .selection import Chosen, ChosenEvent, Found, Selection
from .states import FINAL, OPEN, STATES, State
from .storing import store
from .stranded import OpenPlace
from .upkeep import DispatcherRow, interruption_wait
from .watch import Watch

__all__ = [
    "FINAL",
    "LEASE",
    "OPEN",
    "STATES",
    "Advance",
    "AttemptRecord",
    "AttemptView",
    "Cancelled",
    "ChannelCounts",
    "ChannelHealth",
    "Chosen",
    "ChosenEvent",
    "Claim",
    "Database",
    "DeliveryFilter",
    "DeliveryView",
    "DispatcherRow",
    "EventView",
    "Exchange",
    "Found",
    "LaneDemand",
    "NewEvent",
    "OpenPlace",
    "Outbox",
    "Overtaken",
    "Passing",
    "Place",
    "Purged",
    "Replayed",
    "Retention",
    "Selection",
    "Settlement",
    "State",
    "Watch",
    "interruption_wait",
    "store",
]
