"""The guarded transport: one bounded HTTP/1.1 exchange at a time per connection."""

from __future__ import annotations

import asyncio
import errno
import functools
from typing import TYPE_CHECKING, Final, cast, final

import httpx

from bellwire.hookspecs import Stage

from .dialling import Dialler
from .failures import TransportClosed, TransportFailure, WaitTimedOut
from .faults import fault_failure
from .head import Outgoing, Place, outgoing, request_place
from .limits import Limits
from .pool import Pool, PoolClosed, WaitedTooLong
from .resolver import Resolver, system_resolver
from .response import Body, body_of, request_timeouts, whole_response
from .stopwatch import Stopwatch

if TYPE_CHECKING:
    import ssl

    from .connection import Connection, Fault
    from .egress import EgressPolicy


@final
class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends requests over HTTP/1.1, plain or TLS, to addresses that the egress policy allows.

    It follows no redirect, uses no proxy (that is :class:`~.proxy.ProxyTransport`'s) and no environment variable, and
    adds no header but ``Content-Length``. What it returns is complete: the body is there, decoded and cut at
    :attr:`Limits.body_bytes`, and the connection is already free again. ``response.extensions`` has
    ``bellwire_stages`` (a tuple of :class:`~bellwire.hookspecs.Stage`), ``truncated`` (whether the body was cut), and
    ``undecoded`` (the content-coding, where the body is in one that we did not ask for and do not know).

    What it raises is a :class:`~.failures.TransportFailure`, classified, without any header's value and without the
    URL's path and query. Cancelling a request closes its connection and touches no other request.

    :param connect_timeout: seconds for name, connection and TLS together.
    :param total_timeout: seconds for a request as a whole: its wait for a connection, all of the above, sending it and
        receiving the answer. ``request.extensions["timeout"]`` shortens both: ``connect`` the first, ``read`` the
        second (so ``client.post(…, timeout=3)`` means three seconds altogether), but never lengthens them.
    :param ssl_context: instead of the system's trust; it is used as it is.
    :param resolver: instead of the system's.

    It belongs to the event loop of its first request; in another it raises ``RuntimeError``. :meth:`aclose` leaves no
    socket, timer or task behind, and fails requests that are still under way.
    """

    def __init__(
        self,
        *,
        policy: EgressPolicy,
        connect_timeout: float = 5.0,
        total_timeout: float = 15.0,
        ssl_context: ssl.SSLContext | None = None,
        resolver: Resolver = system_resolver,
        limits: Limits = Limits(),  # noqa: B008  # a frozen value, shared safely
    ) -> None:
        self._limits: Final = limits
        self._total_timeout: Final = total_timeout
        self._dialler: Final = Dialler(
            policy=policy,
            resolver=resolver,
            ssl_context=ssl_context,
            connect_timeout=connect_timeout,
            limits=limits,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: Pool | None = None
        self._closed = False
        self._latest: tuple[httpx.URL | None, Place | None] = (None, None)
        """The URL of the latest request, and what it says."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends *request* and returns the whole answer."""
        loop = asyncio.get_running_loop()
        try:
            pool = self._pool if self._pool is not None and loop is self._loop else self._attach(loop)
            stream = request.stream
            body = b"".join(stream) if isinstance(stream, httpx.ByteStream) else await body_of(request)
            url, place = self._latest
            if request.url is not url:  # a channel's requests share one URL, and looking it through takes 1.5 µs
                place = request_place(request.url)
                self._latest = (request.url, place)
            return await self._deliver(loop, pool, request, outgoing(request, cast("Place", place), body))
        except TransportFailure as failure:
            failure.request = request
            raise

    async def aclose(self) -> None:
        """Fails what is under way, and returns when the last socket is closed. Harmless a second time."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            await self._dialler.aclose()
            await pool.aclose()

    def _attach(self, loop: asyncio.AbstractEventLoop) -> Pool:
        if self._closed:
            msg = "the HTTP client is closed"
            raise TransportClosed(msg)
        if self._pool is None:
            self._loop = loop
            self._pool = Pool(loop, self._limits)
        elif loop is not self._loop:
            msg = "this HTTP transport belongs to another event loop: make one for each loop"
            raise RuntimeError(msg)
        return self._pool

    async def _deliver(
        self, loop: asyncio.AbstractEventLoop, pool: Pool, request: httpx.Request, message: Outgoing
    ) -> httpx.Response:
        connect_seconds, seconds = request_timeouts(request, self._total_timeout)
        started = loop.time()
        deadline = started + seconds
        origin = message.origin
        slots = pool.slots(origin)
        try:
            connection = await slots.acquire(loop, started, deadline)
        except WaitedTooLong as error:
            busy = f"all {self._limits.connections_per_origin} connections to {origin.authority} stayed in use"
            msg = f"{busy} for {seconds:g} s"
            raise WaitTimedOut(msg, errno=errno.ETIMEDOUT) from error
        except PoolClosed as error:
            msg = "the HTTP client was closed"
            raise TransportClosed(msg) from error
        fault: Fault | None = None
        stages: tuple[Stage, ...] = ()
        try:
            if connection is not None:
                fault, stages = await _converse(pool, connection, message, deadline, connection.reused_detail)
                if fault is not None and fault.was_stale:
                    connection = None
            if connection is None:  # at most once: a connection just made is no stale one
                watch = Stopwatch(loop.time)
                adopt = functools.partial(pool.adopt, slots)
                connection = await self._dialler.dial(
                    origin, watch, deadline=deadline, timeout=connect_seconds, adopt=adopt
                )
                fault, stages = await _converse(pool, connection, message, deadline)
                if fault is None:
                    connection.keep_session()
                stages = watch.stages() + stages
            if fault is not None:
                raise fault_failure(
                    fault, receiver=origin.authority, seconds=seconds, stages=stages, endpoint=connection.endpoint
                ) from fault.error
            reader = connection.reader
            return whole_response(
                request,
                reader.status,
                reader.headers,
                Body(reader.body, reader.truncated, reader.coding),
                stages=stages,
                cap=self._limits.body_bytes,
            )
        finally:
            slots.release(connection, loop.time())


async def _converse(
    pool: Pool,
    connection: Connection,
    message: Outgoing,
    deadline: float,
    detail: str = "",
) -> tuple[Fault | None, tuple[Stage, ...]]:
    """One request and its answer, or the fault, with the stages."""
    loop = pool.loop
    began = loop.time()
    waiter = connection.start(loop, message)
    sent = loop.time()
    # Both the deadline and a cancellation end this exchange alone: the connection may serve another one by then.
    pool.deadlines.set(waiter, deadline, connection.expire)
    try:
        fault = await waiter
    finally:
        pool.deadlines.discard(waiter)
        connection.abandon(waiter)
    ended = loop.time()
    if fault is not None and fault.unsent:
        return fault, (Stage("send", ended - began, detail),)
    return fault, (Stage("send", sent - began, detail), Stage("response", ended - sent))
