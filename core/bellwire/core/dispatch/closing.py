"""Closing a channel's object: its ``aclose`` is optional, may be ``def`` or ``async def``, and may hang or raise."""

from __future__ import annotations

import asyncio
import inspect
import logging

from .attempt import is_from_outside

logger = logging.getLogger("bellwire.dispatch")


async def close_channel(channel: object | None, name: str, patience: float) -> None:
    """Closes *channel*, within *patience* seconds. What it raises is logged: there is nobody whom it could help."""
    aclose = getattr(channel, "aclose", None)
    if aclose is None:
        return
    try:
        async with asyncio.timeout(patience):
            closing = aclose()
            if inspect.isawaitable(closing):
                await closing
    except BaseException as error:
        if is_from_outside(error):
            raise
        logger.exception("channel %s did not close cleanly", name)
