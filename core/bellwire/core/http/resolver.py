"""Names to addresses, in threads of our own.

``loop.getaddrinfo`` runs in the loop's default executor, which hanging look-ups fill, and whose threads the
interpreter waits for at exit. So look-ups have a few daemon threads here. Look-ups of one name at one time are one
look-up, so that a name whose servers hang costs one thread and leaves the others to its neighbours.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Takes host and port, returns addresses in the order to try them; raises ``OSError`` (``socket.gaierror``)."""

_Key: TypeAlias = tuple[str, int]
_Found: TypeAlias = "list[str] | OSError"
_Waiter: TypeAlias = "asyncio.Future[_Found]"


def look_up(host: str, port: int) -> list[str]:
    """The system's addresses of *host*, in the system's order (RFC 6724); blocks, maybe for long."""
    # bytes: for text Python would raise UnicodeError by its own IDNA rules; the URL has done that part already
    found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class ThreadResolver:
    """A :data:`Resolver` that calls *lookup* in at most *threads* daemon threads, started on demand.

    Give it a time-out from outside: a cancelled call leaves its look-up running, at the cost of that thread only.
    """

    def __init__(self, *, threads: int = 8, lookup: Callable[[str, int], list[str]] = look_up) -> None:
        self._limit: Final = threads
        self._lookup: Final = lookup
        self.reset()

    def reset(self) -> None:
        """Forgets all look-ups: in a child after ``fork`` their threads do not exist, and the lock may be held."""
        self._lock = threading.Lock()
        self._threads = 0
        self._queue: deque[_Key] = deque()
        self._waiting: dict[_Key, list[_Waiter]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of *host*, as :data:`Resolver` has it."""
        waiter: _Waiter = asyncio.get_running_loop().create_future()
        key = (host, port)
        with self._lock:
            waiting = self._waiting.get(key)
            if waiting is not None:
                waiting.append(waiter)
            else:
                self._waiting[key] = [waiter]
                self._queue.append(key)
                if self._threads < self._limit:
                    self._threads += 1
                    threading.Thread(target=self._work, name="bellwire-dns", daemon=True).start()
        found = await waiter
        if isinstance(found, OSError):
            # one of its own for each who waits: a raised exception collects the traceback of everyone that shares it
            raise type(found)(*found.args)
        return found

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._threads -= 1
                    return
                key = self._queue.popleft()
            found: _Found
            try:
                found = self._lookup(*key)
            except OSError as error:
                found = error
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
                found = OSError(f"{type(error).__name__}: {error}")
            with self._lock:
                waiting = self._waiting.pop(key)
            for waiter in waiting:
                with suppress(RuntimeError):  # that loop is closed, and nobody waits any more
                    waiter.get_loop().call_soon_threadsafe(_settle, waiter, found)


def _settle(waiter: _Waiter, found: _Found) -> None:
    if not waiter.done():
        waiter.set_result(found)


system_resolver: Final = ThreadResolver()
"""The resolver that all transports of a process share."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=system_resolver.reset)
