"""Keeps connections, and says whose turn it is. Knows nothing of HTTP, nor of how connections are made."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias, final

from bellwire.core.deadlines import Deadlines

from .connection import Connection
from .roll import Roll

if TYPE_CHECKING:
    import asyncio

    from .connection import Fault
    from .head import Origin
    from .limits import Limits

_Waiter: TypeAlias = "asyncio.Future[Connection | None]"


class WaitedTooLong(Exception):
    """No slot became free in time."""


class PoolClosed(Exception):
    """The pool was closed while somebody waited."""


@final
class Slots:
    """The slots of one origin.

    A slot is the right to one connection. It is taken by :meth:`acquire`, with an idle connection if there is one, and
    given back by :meth:`release`, with the connection if that may serve again. Whoever holds a slot does so whatever
    becomes of the connection, so none is ever lost or counted twice. Slots are handed on in the order of asking.
    """

    __slots__ = ("_idle", "_limits", "_pool", "_used", "_waiting", "origin")

    def __init__(self, pool: Pool, origin: Origin, limits: Limits) -> None:
        self.origin: Final = origin
        self._pool: Final = pool
        self._limits: Final = limits
        self._used = 0  # idle connections hold a slot, too
        self._idle: Final[list[Connection]] = []
        self._waiting: Final[deque[_Waiter]] = deque()

    async def acquire(self, loop: asyncio.AbstractEventLoop, now: float, deadline: float) -> Connection | None:
        """A slot: with an idle connection, or with none, and the caller makes one.

        Raises :class:`WaitedTooLong` at *deadline*, and :class:`PoolClosed`.
        """
        while self._idle:
            connection = self._idle.pop()  # the one used last: it is the least likely to be closed by now
            if connection.idle_since + self._limits.idle_seconds > now and connection.is_quiet():
                return connection
            self._used -= 1
            connection.close()
        if self._used < self._limits.connections_per_origin:
            self._used += 1
            return None
        return await self._wait(loop, deadline)

    async def _wait(self, loop: asyncio.AbstractEventLoop, deadline: float) -> Connection | None:
        waiter: _Waiter = loop.create_future()
        self._waiting.append(waiter)
        timer = loop.call_at(deadline, _expire, waiter)
        try:
            connection = await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.release(waiter.result(), loop.time())  # cancelled just after its turn had come
            else:
                with suppress(ValueError):
                    self._waiting.remove(waiter)
            raise
        finally:
            timer.cancel()
        if connection is not None and not connection.is_quiet():
            connection.close()
            return None
        return connection

    def release(self, connection: Connection | None, now: float) -> None:
        """Gives a slot back, with its connection if that is :attr:`~.Connection.reusable`."""
        if connection is not None and not connection.reusable:
            connection = None
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self._used -= 1
            self._pool.tidy(self)
        else:
            connection.idle_since = now
            self._idle.append(connection)
            self._pool.sweep_later()

    def forget(self, connection: Connection) -> None:
        """Takes a connection that was lost out of the idle ones, and its slot with it."""
        if connection in self._idle:
            self._idle.remove(connection)
            self._used -= 1
            self._pool.tidy(self)

    def close_idle(self, before: float) -> bool:
        """Closes connections that have been idle since *before*; whether any idle ones are left."""
        for connection in [each for each in self._idle if each.idle_since <= before]:
            self.forget(connection)
            connection.close()
        return bool(self._idle)

    def fail_waiting(self) -> None:
        """Turns away all who wait."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(PoolClosed())

    @property
    def unused(self) -> bool:
        """Whether nobody holds, keeps or wants a slot."""
        return not self._used and not self._waiting


@final
class Pool:
    """All open connections of one transport on one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self.loop: Final = loop
        self._limits: Final = limits
        self._slots: Final[dict[Origin, Slots]] = {}
        self._open: Final = Roll[Connection]()
        self._sweeper: asyncio.TimerHandle | None = None
        self.deadlines: Final[Deadlines[asyncio.Future[Fault | None]]] = Deadlines()
        """Of the exchanges that are under way."""

    def slots(self, origin: Origin) -> Slots:
        """The slots of *origin*. Use them without awaiting anything else first: unused ones are dropped."""
        slots = self._slots.get(origin)
        if slots is None:
            slots = self._slots[origin] = Slots(self, origin, self._limits)
        return slots

    def tidy(self, slots: Slots) -> None:
        """Drops *slots* if they are unused."""
        if slots.unused and self._slots.get(slots.origin) is slots:
            del self._slots[slots.origin]

    def adopt(self, slots: Slots, connection: Connection) -> None:
        """Takes a new connection into its care until the socket is closed."""

        def lost(connection: Connection) -> None:
            self._open.discard(connection)
            slots.forget(connection)

        if not connection.lost:
            self._open.add(connection)
            connection.on_lost = lost

    def sweep_later(self) -> None:
        """Sees to it that idle connections are closed in time."""
        if self._sweeper is None:
            self._sweeper = self.loop.call_later(self._limits.idle_seconds / 2, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        before = self.loop.time() - self._limits.idle_seconds
        left = [slots.close_idle(before) for slots in list(self._slots.values())]
        if any(left):
            self.sweep_later()

    async def aclose(self) -> None:
        """Turns away who waits, ends what is under way, and returns when the last socket is closed."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for slots in list(self._slots.values()):
            slots.fail_waiting()
        for connection in self._open:
            connection.shut()
        await self._open.emptied()
        self.deadlines.close()


def _expire(waiter: _Waiter) -> None:
    if not waiter.done():
        waiter.set_exception(WaitedTooLong())
