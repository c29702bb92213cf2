"""One word when a channel starts failing, and one when it works again: in the log, and as an event."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Final

from bellwire.hookspecs import ChannelEvent, url_origin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bellwire.core.outbox import ChannelHealth

    from .delivering import Delivered

logger = logging.getLogger("bellwire.dispatch")


def news_of(before: ChannelHealth, after: ChannelHealth, finished: Iterable[Delivered]) -> ChannelEvent | None:
    """Logs that a channel's health turned, and gives the event that tells others; ``None`` when it did not turn.

    Nor is there one when it turned over news of other channels alone: two channels that tell of each other and both
    stumble now and then would breed news without end.
    """
    if bool(before.failures) == bool(after.failures):
        return None
    finished = [delivered for delivered in finished if delivered.settlement.claim.channel == after.channel]
    event: ChannelEvent
    if after.failures:
        detail = _first_failure(finished)
        logger.warning("channel %s fails: %s", after.channel, _for_logs(detail) or "no reason is known")
        event = ChannelEvent(action="failing", channel=after.channel, failures=after.failures, detail=detail)
    else:
        failures = "1 failure" if before.failures == 1 else f"{before.failures} failures"
        logger.warning("channel %s works again, after %s", after.channel, failures)
        event = ChannelEvent(action="recovered", channel=after.channel, failures=before.failures)
    over_news_alone = all(delivered.settlement.claim.kind == ChannelEvent.kind for delivered in finished)
    return None if over_news_alone else event


_url: Final = re.compile(r"""https?://[^\s"'<>]*[^\s"'<>.,:;)]""")


def _for_logs(detail: str) -> str:
    # A page may show a URL's path; a log goes further than its channel, and some receivers put their key there.
    return _url.sub(lambda found: url_origin(found[0]), detail)


def _first_failure(finished: Iterable[Delivered]) -> str:
    for delivered in finished:
        record = delivered.settlement.record
        if record is not None and record.outcome == "failed":
            return record.detail or ""
    return ""
