"""Who is still here, and a way to wait until nobody is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

_T = TypeVar("_T")


class Roll(Generic[_T]):
    """A set of members; one at a time may wait for the last of them to leave."""

    def __init__(self) -> None:
        self._members: set[_T] = set()
        self._waiter: asyncio.Future[None] | None = None

    def __iter__(self) -> Iterator[_T]:
        return iter(tuple(self._members))

    def __len__(self) -> int:
        return len(self._members)

    def add(self, member: _T) -> None:
        """Lists *member*."""
        self._members.add(member)

    def discard(self, member: _T) -> None:
        """Strikes *member* off; harmless where it is not listed."""
        self._members.discard(member)
        if not self._members and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def emptied(self) -> None:
        """Returns when nobody is left."""
        while self._members:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
