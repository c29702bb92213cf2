"""What a person wants to know: how things stand, why a notification did not arrive, and whether a channel works."""

from __future__ import annotations

from .explain import ChannelVerdict, EventExplanation, Explanation, explain
from .preview import ReplayPreview, preview_replay
from .status import ChannelStatus, Status, status_of, unattended
from .trial import Trial, send_test

__all__ = [
    "ChannelStatus",
    "ChannelVerdict",
    "EventExplanation",
    "Explanation",
    "ReplayPreview",
    "Status",
    "Trial",
    "explain",
    "preview_replay",
    "send_test",
    "status_of",
    "unattended",
]
