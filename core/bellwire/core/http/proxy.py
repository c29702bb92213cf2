"""Requests through an HTTP proxy: httpx's own transport behind the guarded transport's seam.

A proxy resolves the receiver's name itself, so what can be checked is checked here: the receiver's name or address by
the egress policy's lists, and the proxy like any host that is connected to. httpx is given the checked address.

Each conversation is a httpx transport of its own with one connection: httpx's pool keeps a connection whose TLS failed
inside a tunnel for ever, and looks at every connection for each request.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final, final
from urllib.parse import unquote

import httpx

from .addresses import read_address, show_endpoint
from .conversations import Conversation, Conversations
from .dialling import checked_addresses
from .failures import EgressRefused, NameNotFound, ProxyFailed, RequestRefused, TransportClosed, TransportFailure
from .faults import root_of
from .head import Origin, outgoing, request_origin, request_place
from .journey import Journey
from .limits import Limits
from .resolver import Resolver, system_resolver
from .response import Body, body_of, bounded, request_timeouts, whole_response
from .roll import Roll
from .trust import default_context, keep_session

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from .addresses import IPAddress
    from .egress import EgressPolicy


@final
class ProxyTransport(httpx.AsyncBaseTransport):
    """Sends requests as :class:`~.transport.GuardedTransport` does, but through the HTTP proxy at *url*.

    ``https`` receivers are reached by a tunnel (``CONNECT``, RFC 9110, 9.3.6), so the proxy sees their name and no
    more; ``http`` ones are asked of the proxy by their whole URL (RFC 9112, 3.2.2), and the proxy sees everything.

    What fails before the proxy has handed the request on is a :class:`~.failures.ProxyFailed`, of the stage ``proxy``:
    it cannot be reached, refuses us (407), or cannot reach the receiver (``CONNECT`` answered by 502).

    :param url: ``http://`` or ``https://``; its user name and password go out as ``Proxy-Authorization`` (RFC 7617).
    :param ssl_context: for the receiver, *proxy_ssl_context* for an ``https`` proxy.

    The other parameters are those of the guarded transport; at most ``limits.connections_per_origin`` requests are
    under way at once, whatever their origin.
    """

    def __init__(
        self,
        url: str,
        *,
        policy: EgressPolicy,
        connect_timeout: float = 5.0,
        total_timeout: float = 15.0,
        ssl_context: ssl.SSLContext | None = None,
        proxy_ssl_context: ssl.SSLContext | None = None,
        resolver: Resolver = system_resolver,
        limits: Limits = Limits(),  # noqa: B008  # a frozen value, shared safely
    ) -> None:
        parsed = httpx.URL(url)
        self._auth: Final = (unquote(parsed.username), unquote(parsed.password)) if parsed.userinfo else None
        self._url: Final = parsed.copy_with(userinfo=b"", path="/", query=None, fragment=None)
        self._proxy: Final = request_origin(self._url)
        self._policy: Final = policy
        self._connect_timeout: Final = connect_timeout
        self._total_timeout: Final = total_timeout
        self._ssl_context: Final = ssl_context
        self._proxy_ssl_context: Final = proxy_ssl_context
        self._resolver: Final = resolver
        self._limits: Final = limits
        self._turns: Final = asyncio.Semaphore(limits.connections_per_origin)
        self._conversations: Final = Conversations(limits.idle_seconds)
        self._under_way: Final = Roll[asyncio.Timeout]()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"ProxyTransport({str(self._url)!r})"

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends *request* and returns the whole answer."""
        loop = asyncio.get_running_loop()
        self._attach(loop)
        try:
            body = await body_of(request)
            place = request_place(request.url)
            outgoing(request, place, body)  # refuses what could be read as anything else than what it is
            self._judge(place.origin.host)
            return await self._deliver(loop, request, place.origin, body)
        except TransportFailure as failure:
            failure.request = request
            raise

    async def aclose(self) -> None:
        """Fails what is under way, and returns when the last connection is closed. Harmless a second time."""
        self._closed = True
        if self._loop is None:
            return
        for scope in self._under_way:
            with suppress(RuntimeError):  # it has just run out by itself
                scope.reschedule(self._loop.time())
        await self._under_way.emptied()
        await self._conversations.aclose()

    def _attach(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._closed:
            msg = "the HTTP client is closed"
            raise TransportClosed(msg)
        if self._loop is None:
            self._loop = loop
        elif loop is not self._loop:
            msg = "this HTTP transport belongs to another event loop: make one for each loop"
            raise RuntimeError(msg)

    def _judge(self, host: str) -> None:
        if reason := self._policy.refusal_of_proxying(host):
            raise EgressRefused(reason)
        address = read_address(host)
        if address is not None and address.version == 6:
            msg = f"{address} cannot be asked of a proxy, for httpx leaves out its brackets; use a host name"
            raise RequestRefused(msg)

    async def _deliver(
        self, loop: asyncio.AbstractEventLoop, request: httpx.Request, origin: Origin, body: bytes
    ) -> httpx.Response:
        connect, seconds = request_timeouts(request, self._total_timeout)
        connect = self._connect_timeout if connect is None else min(connect, self._connect_timeout)
        deadline = loop.time() + seconds
        journey = Journey(
            self._proxy,
            origin,
            loop.time,
            identified=self._auth is not None,
            connect=connect,
            total=seconds,
            deadline=deadline,
        )
        try:
            async with asyncio.timeout_at(deadline) as journey.scope:
                self._under_way.add(journey.scope)
                try:
                    async with self._turns:
                        return await self._exchange(request, body, journey)
                finally:
                    self._under_way.discard(journey.scope)
        except TimeoutError as error:
            if self._closed:
                msg = "the HTTP client was closed"
                raise TransportClosed(msg, stages=journey.stages(), address=journey.endpoint) from error
            raise journey.overdue() from error

    async def _exchange(self, request: httpx.Request, body: bytes, journey: Journey) -> httpx.Response:
        conversation = self._conversations.take(journey.origin)
        if conversation is not None:
            try:
                return await self._converse(conversation, request, body, journey)
            except TransportFailure:
                raise
            except httpx.TransportError as error:
                if not journey.was_stale(error):
                    raise journey.failure(error) from root_of(error)
        problems: list[tuple[str, httpx.TransportError]] = []
        journey.begin()
        for address in await self._addresses(journey):
            try:
                return await self._converse(self._conversation(address), request, body, journey)
            except TransportFailure:
                raise
            except httpx.TransportError as error:
                if journey.step != "connect":
                    raise journey.failure(error) from root_of(error)
                problems.append((journey.endpoint or "", error))
        raise journey.unreachable(problems) from root_of(problems[0][1])

    async def _addresses(self, journey: Journey) -> Sequence[IPAddress]:
        proxy = f"the proxy {self._proxy.authority}"
        try:
            return await checked_addresses(self._proxy, journey.watch, policy=self._policy, resolver=self._resolver)
        except NameNotFound as error:
            detail = f"{proxy} cannot be reached: {error.failed.detail}"
            raise ProxyFailed(detail, stages=error.failed.stages, errno=error.errno) from error
        except EgressRefused as error:
            detail = f"{proxy} may not be used: {error.failed.detail}"
            raise EgressRefused(detail, stages=error.failed.stages, address=error.address) from error

    def _conversation(self, address: IPAddress) -> Conversation:
        secure = self._proxy.scheme == "https"
        url = self._url.copy_with(host=str(address), port=self._proxy.port)
        inner = httpx.AsyncHTTPTransport(
            verify=self._ssl_context or default_context(),
            trust_env=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None),
            proxy=httpx.Proxy(
                url,
                auth=self._auth,
                ssl_context=(self._proxy_ssl_context or default_context()) if secure else None,
            ),
        )
        return Conversation(inner, show_endpoint(str(address), self._proxy.port))

    async def _converse(
        self, conversation: Conversation, request: httpx.Request, body: bytes, journey: Journey
    ) -> httpx.Response:
        """One request and its answer; afterwards the conversation is idle, or closed."""
        journey.travel_by(conversation)
        keep = False
        try:
            inner = conversation.inner
            response = await inner.handle_async_request(journey.request(request, body))
            content, truncated = await bounded(response, self._limits.body_bytes)
            if response.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED and journey.origin.scheme == "http":
                raise journey.unauthorized()
            keep = not truncated and "close" not in response.headers.get("connection", "").lower()
            secured = response.extensions["network_stream"].get_extra_info("ssl_object")
            if journey.fresh and secured is not None:
                keep_session(secured)
        finally:
            if keep and not self._closed:
                self._conversations.give_back(journey.origin, conversation)
            else:
                await conversation.aclose()
        return whole_response(
            request,
            response.status_code,
            response.headers.raw,
            Body(content, truncated, response.headers.get("content-encoding", "").encode("latin-1")),
            stages=journey.finish(),
            cap=self._limits.body_bytes,
        )
