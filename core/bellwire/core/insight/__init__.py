"""What a person wants to know: how things stand, why a notification did not arrive, and whether a channel works."""

from __future__ import annotations

from .explain import ChannelVerdict, EventExplanation, Explanation, explain
from .status import ChannelStatus, Status, status_of
from .trial import Trial, send_test

__all__ = [
    "ChannelStatus",
    "ChannelVerdict",
    "EventExplanation",
    "Explanation",
    "Status",
    "Trial",
    "explain",
    "send_test",
    "status_of",
]
