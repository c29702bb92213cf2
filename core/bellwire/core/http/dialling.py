"""From an origin to a connection: resolve, check every address, connect to a checked one, secure it."""

from __future__ import annotations

import asyncio
import errno
import functools
import socket
import ssl
from typing import TYPE_CHECKING, Final, final

from .addresses import IPAddress, read_address, show_endpoint
from .connection import Connection
from .failures import (
    AnswerTimedOut,
    ConnectFailed,
    ConnectTimedOut,
    EgressRefused,
    NameNotFound,
    TLSFailed,
    TransportClosed,
)
from .faults import connect_problem, lookup_problem
from .roll import Roll
from .tls import handshake_problem
from .trust import ResumingContext, default_context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .egress import EgressPolicy
    from .head import Origin
    from .limits import Limits
    from .resolver import Resolver
    from .stopwatch import Stopwatch

_LEAST_SECONDS: Final = 2.0
"""What each address is given at least while the time lasts, as in Go's ``net.Dialer``."""

_SHOWN: Final = 4
"""How many of many addresses a message shows."""

# both are pure and take some 20 µs: a receiver that is dead is dialled often
_read_address: Final = functools.lru_cache(maxsize=256)(read_address)


@functools.lru_cache(maxsize=256)
def _refusal(policy: EgressPolicy, address: IPAddress, host: str) -> str | None:
    return policy.refusal(address, host=host)


_OVERDUE: Final = {
    "dns": "could not be resolved",
    "connect": "could not be connected to",
    "tls": "did not finish the TLS handshake",
}


@final
class Dialler:
    """Makes the connections of one transport."""

    def __init__(
        self,
        *,
        policy: EgressPolicy,
        resolver: Resolver,
        ssl_context: ssl.SSLContext | None,
        connect_timeout: float,
        limits: Limits,
    ) -> None:
        self.policy: Final = policy
        self.resolver: Final = resolver
        self.ssl_context: Final = ssl_context
        self.limits: Final = limits
        self._connect_timeout: Final = connect_timeout
        self._under_way: Final = Roll[asyncio.Timeout]()
        self._closed = False

    async def aclose(self) -> None:
        """Ends what is under way, and returns when it has ended; each raises :class:`TransportClosed`."""
        self._closed = True
        now = asyncio.get_running_loop().time()
        for scope in self._under_way:
            scope.reschedule(now)
        await self._under_way.emptied()

    async def dial(
        self,
        origin: Origin,
        watch: Stopwatch,
        *,
        deadline: float,
        timeout: float | None = None,  # noqa: ASYNC109 - the shorter of two, told apart in the message
        adopt: Callable[[Connection], None],
    ) -> Connection:
        """A connection to *origin*, by *deadline* (the loop's time) and within the connect time-out.

        *timeout* shortens that. *adopt* is given every connection as soon as it has a socket. *watch* is left with the
        stages, a failed one as the last. Raises a :class:`~.failures.TransportFailure`.
        """
        loop = asyncio.get_running_loop()
        seconds = self._connect_timeout if timeout is None else min(timeout, self._connect_timeout)
        own = loop.time() + seconds
        dial = _Dial(self, origin, watch, min(own, deadline), adopt)
        try:
            async with asyncio.timeout_at(dial.limit) as scope:
                self._under_way.add(scope)
                try:
                    return await dial.run(loop)
                finally:
                    self._under_way.discard(scope)
        except TimeoutError as error:  # of the scope alone: inside, an operating system's is turned into a failure
            stages = watch.stages(dial.endpoint or "")
            if self._closed:
                msg = "the HTTP client was closed"
                raise TransportClosed(msg, stages=stages, address=dial.endpoint) from error
            failure = ConnectTimedOut if own <= deadline else AnswerTimedOut
            waited = f"{seconds:g} s" if own <= deadline else "the time that the whole request may take"
            detail = f"{origin.authority} {_OVERDUE[stages[-1].name]} within {waited}"
            raise failure(detail, stages=stages, address=dial.endpoint, errno=errno.ETIMEDOUT) from error


class _Dial:
    """One call of :meth:`Dialler.dial`."""

    def __init__(
        self, dialler: Dialler, origin: Origin, watch: Stopwatch, limit: float, adopt: Callable[[Connection], None]
    ) -> None:
        self.dialler = dialler
        self.origin = origin
        self.watch = watch
        self.limit = limit
        self.adopt = adopt
        self.endpoint: str | None = None
        """The address that is being dialled."""

    async def run(self, loop: asyncio.AbstractEventLoop) -> Connection:
        addresses = await checked_addresses(
            self.origin, self.watch, policy=self.dialler.policy, resolver=self.dialler.resolver
        )
        self.watch.begin("connect")
        connection = await self.connect(loop, addresses)
        self.watch.end(connection.endpoint)
        if self.origin.scheme == "https":
            self.watch.begin("tls")
            self.watch.end(await self.secure(loop, connection))
        return connection

    async def connect(self, loop: asyncio.AbstractEventLoop, addresses: Sequence[IPAddress]) -> Connection:
        problems: list[tuple[str, OSError]] = []
        for position, address in enumerate(addresses):
            endpoint = self.endpoint = show_endpoint(str(address), self.origin.port)
            rest = self.limit - loop.time()
            left = len(addresses) - position
            try:
                if left == 1:  # it has all the time that is left, which is watched already
                    return await self.connect_to(loop, address, endpoint)
                async with asyncio.timeout(max(rest / left, min(_LEAST_SECONDS, rest))) as scope:
                    return await self.connect_to(loop, address, endpoint)
            except OSError as error:
                expired = left > 1 and scope.expired()
                problems.append((endpoint, TimeoutError(errno.ETIMEDOUT, "") if expired else error))
        # The first address is the one that was meant, as in Go; the others speak in the sentence only.
        first, cause = problems[0]
        detail = "; ".join(f"{endpoint} {connect_problem(error)}" for endpoint, error in problems[:_SHOWN])
        raise ConnectFailed(detail, stages=self.watch.stages(first), address=first, errno=cause.errno) from cause

    async def connect_to(self, loop: asyncio.AbstractEventLoop, address: IPAddress, endpoint: str) -> Connection:
        sock = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
            await loop.sock_connect(sock, (str(address), self.origin.port))
            if sock.getsockname() == sock.getpeername():
                # A free port of this machine can connect to itself, and would hand the request back as its answer.
                raise ConnectionRefusedError(errno.ECONNREFUSED, "")  # noqa: TRY301 - as if the kernel had
        except BaseException:
            sock.close()
            raise
        connection = Connection(sock, endpoint, self.dialler.limits)
        await loop.create_connection(lambda: connection, sock=sock)  # which owns the socket from here on
        self.adopt(connection)
        return connection

    async def secure(self, loop: asyncio.AbstractEventLoop, connection: Connection) -> str:
        context = self.dialler.ssl_context or default_context()
        host = self.origin.host.rstrip(
            "."
        )  # the root's dot is no part of a name in a certificate, nor in SNI (RFC 6066)
        try:
            return await connection.secure_with(loop, context, host)
        except OSError as error:
            if isinstance(context, ResumingContext):
                context.forget(host)  # so that no session can keep a receiver out of reach
            detail = f"no trusted connection to {self.origin.authority}: {handshake_problem(error)}"
            number = (
                None if isinstance(error, ssl.SSLError) else error.errno
            )  # OpenSSL's would be taken for the system's
            raise TLSFailed(detail, stages=self.watch.stages(), address=self.endpoint, errno=number) from error


async def checked_addresses(
    origin: Origin, watch: Stopwatch, *, policy: EgressPolicy, resolver: Resolver
) -> Sequence[IPAddress]:
    """The addresses of *origin*, each allowed by *policy*.

    Raises :class:`~.failures.NameNotFound` and :class:`~.failures.EgressRefused`.
    """
    host = origin.host

    def check(address: IPAddress, host: str = "") -> None:
        if reason := _refusal(policy, address, host):
            endpoint = show_endpoint(str(address), origin.port)
            prefix = f"the host name {host} leads where it may not: " if host else ""
            raise EgressRefused(prefix + reason, stages=watch.stages(), address=endpoint)

    literal = _read_address(host)
    if literal is not None:
        check(literal)
        return [literal]
    if reason := policy.refusal_of_host(host):
        raise EgressRefused(reason, stages=watch.stages())
    watch.begin("dns")
    try:
        found = await resolver(host, origin.port)
    except OSError as error:
        detail = f"the host name {host} could not be resolved: {lookup_problem(error)}"
        raise NameNotFound(detail, stages=watch.stages(), errno=error.errno) from error
    addresses = [address for text in found if (address := read_address(text)) is not None]
    if not addresses:
        detail = f"the host name {host} has no address"
        raise NameNotFound(detail, stages=watch.stages(), errno=socket.EAI_NONAME)
    watch.end(", ".join(map(str, addresses[:_SHOWN])) + (", …" if len(addresses) > _SHOWN else ""))
    for address in addresses:  # all of them, before the first is connected to
        check(address, host)
    return addresses
