"""What a dispatcher tells beyond its log: observers of what was settled, channels of how other channels fare."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from bellwire.core.errors import BellwireError

from .news import news_of
from .threads import DaemonThreads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from bellwire.core.outbox import Exchange
    from bellwire.core.plugins import Plugins
    from bellwire.hookspecs import ChannelEvent

    from .delivering import Delivered

logger = logging.getLogger("bellwire.dispatch")

LAST_WORDS: Final = 5.0
"""Seconds that observers have for what was settled last, when the dispatcher stops."""


class Teller:
    """Tells in the background; *publish* stores an event, and *published* is called when one was."""

    def __init__(
        self, plugins: Plugins, publish: Callable[[ChannelEvent], Awaitable[None]], published: Callable[[], None]
    ) -> None:
        self._plugins: Final = plugins
        self._publish: Final = publish
        self._published: Final = published
        self._observers: Final = DaemonThreads(1, "bellwire-observers")
        self._telling: Final[set[asyncio.Task[None]]] = set()

    def tell(self, exchange: Exchange, finished: list[Delivered]) -> None:
        """Of what one visit settled of *finished*, and of the channels whose health it changed."""
        for before, after in exchange.health:
            if news := news_of(before, after, finished):
                self._background(self._tell_channels(news))
        if self._plugins.observed:
            final = {id(settlement) for settlement in exchange.settled if settlement.state != "waiting"}
            for delivered in finished:
                event, delivery, outcome = delivered.event, delivered.delivery, delivered.outcome
                if id(delivered.settlement) in final and event and delivery and outcome:
                    self._background(self._observers.run(self._plugins.settled, event, delivery, outcome))

    async def finish(self) -> None:
        """Lets what is being told be told; for a while, since an observer may hang."""
        if self._telling:
            await asyncio.wait(self._telling, timeout=LAST_WORDS)

    def close(self) -> None:
        """Tells nothing more."""
        self._observers.close()

    async def _tell_channels(self, event: ChannelEvent) -> None:
        try:
            await self._publish(event)
        except BellwireError as error:
            logger.warning("channels could not be told that %s is %s: %s", event.channel, event.action, error)
        self._published()

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._telling.add(task)  # a loop holds its tasks weakly
        task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[None]) -> None:
        self._telling.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:  # such as an observer's own SystemExit
            logger.warning("telling of what was settled was broken off: %s", error)
