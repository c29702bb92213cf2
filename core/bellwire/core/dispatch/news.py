"""One word when a channel starts failing, and one when it works again: in the log, and as an event."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bellwire.hookspecs import ChannelEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bellwire.core.outbox import ChannelHealth

    from .delivering import Delivered

logger = logging.getLogger("bellwire.dispatch")


def news_of(before: ChannelHealth, after: ChannelHealth, finished: Iterable[Delivered]) -> ChannelEvent | None:
    """Logs that a channel's health turned, and gives the event that tells others; ``None`` when it did not turn."""
    if not before.failures and after.failures:
        detail = _first_failure(after.channel, finished)
        logger.warning("channel %s fails: %s", after.channel, detail or "no reason is known")
        return ChannelEvent(action="failing", channel=after.channel, failures=after.failures, detail=detail)
    if before.failures and not after.failures:
        failures = "1 failure" if before.failures == 1 else f"{before.failures} failures"
        logger.warning("channel %s works again, after %s", after.channel, failures)
        return ChannelEvent(action="recovered", channel=after.channel, failures=before.failures)
    return None


def _first_failure(channel: str, finished: Iterable[Delivered]) -> str:
    for delivered in finished:
        record = delivered.settlement.record
        if delivered.settlement.claim.channel == channel and record is not None and record.outcome == "failed":
            return record.detail or ""
    return ""
