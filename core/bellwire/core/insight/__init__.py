"""What a person wants to know: how things stand, why a notification did not arrive, and whether a channel works."""

from __future__ import annotations

from .curl import CurlCommand, NotShowable, curl_command
from .diagnosis import Step, attempt_advice, diagnose, outcome_of
from .explain import ChannelVerdict, EventExplanation, Explanation, explain
from .preview import ReplayPreview, preview_replay
from .status import ChannelStatus, Status, status_of, unattended
from .trial import Trial, request_of_test, send_test

__all__ = [
    "ChannelStatus",
    "ChannelVerdict",
    "CurlCommand",
    "EventExplanation",
    "Explanation",
    "NotShowable",
    "ReplayPreview",
    "Status",
    "Step",
    "Trial",
    "attempt_advice",
    "curl_command",
    "diagnose",
    "explain",
    "outcome_of",
    "preview_replay",
    "request_of_test",
    "send_test",
    "status_of",
    "unattended",
]
