"""Conversations with a proxy: each is a httpx transport with one connection, and those that are idle are kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, final

import attrs

if TYPE_CHECKING:
    import httpx  # noqa: TC004 - attrs keeps the name alone

    from .head import Origin


@attrs.define(eq=False)
class Conversation:
    """One connection by way of the proxy, and what it takes to make it anew."""

    inner: httpx.AsyncHTTPTransport
    endpoint: str
    """The proxy's address and port that are connected to."""
    idle_since: float = 0.0

    async def aclose(self) -> None:
        """Closes its connection."""
        await self.inner.aclose()


@final
class Conversations:
    """The idle conversations of one transport; each leads to one origin."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle_seconds: Final = idle_seconds
        self._idle: Final[dict[Origin, list[Conversation]]] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._closing: Final[set[asyncio.Task[None]]] = set()

    def take(self, origin: Origin) -> Conversation | None:
        """The idle conversation with *origin* that was used last."""
        kept = self._idle.get(origin)
        if not kept:
            return None
        conversation = kept.pop()
        if not kept:
            del self._idle[origin]
        return conversation

    def give_back(self, origin: Origin, conversation: Conversation) -> None:
        """Keeps *conversation* until it is taken or has been idle for too long."""
        loop = asyncio.get_running_loop()
        conversation.idle_since = loop.time()
        self._idle.setdefault(origin, []).append(conversation)
        if self._sweeper is None:
            self._sweeper = loop.call_later(self._idle_seconds, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweeper = None
        before = loop.time() - self._idle_seconds
        for origin, kept in list(self._idle.items()):
            for conversation in [each for each in kept if each.idle_since <= before]:
                kept.remove(conversation)
                task = loop.create_task(conversation.aclose())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
            if not kept:
                del self._idle[origin]
        if self._idle:
            oldest = min(each.idle_since for kept in self._idle.values() for each in kept)
            self._sweeper = loop.call_at(oldest + self._idle_seconds, self._sweep, loop)

    async def aclose(self) -> None:
        """Closes all that are idle."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        while self._idle:
            _, kept = self._idle.popitem()
            for conversation in kept:
                await conversation.aclose()
        if self._closing:
            await asyncio.wait(self._closing)
