"""One connection, and the one exchange that may be under way on it."""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import attrs

from .answer import AnswerReader, InvalidAnswer
from .trust import keep_session

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from .head import Outgoing
    from .limits import Limits

_BUFFER_BYTES: Final = 16 * 1024
_JOIN_BYTES: Final = 64 * 1024

FaultKind: TypeAlias = Literal["ended", "broken", "invalid", "overdue", "shut"]


@attrs.frozen(kw_only=True)
class Fault:
    """Why an exchange came to nothing."""

    kind: FaultKind
    """``ended``: the receiver closed the connection; ``broken``: ``error`` has the reason; ``invalid``: what came is
    no answer; ``overdue``: it took too long; ``shut``: the connection was closed from this side."""
    reason: str = ""
    error: Exception | None = None
    status: int = 0
    """Of the answer whose head had come."""
    started: bool = False
    """Whether any byte of an answer had come."""
    unsent: bool = False
    """Whether a part of the request was still waiting to be written."""

    @property
    def was_stale(self) -> bool:
        """Whether a connection that had been idle was dead already, as far as can be seen from here."""
        return self.kind in {"ended", "broken"} and not self.started


class Connection(asyncio.BufferedProtocol):
    """A connection to one address of an origin; becomes usable when the dialler is done with it.

    A :class:`asyncio.BufferedProtocol` with a buffer of its own: for a plain Protocol asyncio allocates and frees
    256 KiB at each receive, 8 to 10 µs.
    """

    __slots__ = (
        "_buffer",
        "_keep",
        "_poll",
        "_raw",
        "_secured",
        "_sock",
        "_transport",
        "_unsent",
        "_waiter",
        "alive",
        "endpoint",
        "idle_since",
        "lost",
        "on_lost",
        "reader",
        "reused_detail",
        "secure",
    )

    def __init__(self, sock: socket.socket, endpoint: str, limits: Limits) -> None:
        self.endpoint: Final = endpoint
        """The address and port that were dialled."""
        self.reused_detail: Final = f"on the open connection to {endpoint}"
        self.reader: Final = AnswerReader(limits)
        self.alive = False
        """Whether a request may be written."""
        self.lost = False
        """Whether the socket is closed."""
        self.secure = False
        self.idle_since = 0.0
        self.on_lost: Callable[[Connection], None] | None = None
        """Called once, when the socket is closed."""
        self._sock: Final = sock
        self._poll: Final = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)
        self._buffer: Final = memoryview(bytearray(_BUFFER_BYTES))
        self._keep = True
        self._secured: ssl.SSLObject | None = None
        self._unsent = False
        self._waiter: asyncio.Future[Fault | None] | None = None
        self._transport: asyncio.Transport
        self._raw: asyncio.Transport

    @property
    def reusable(self) -> bool:
        """Whether another request may follow; false while one is under way."""
        return self.alive and self._keep and self._waiter is None

    def is_quiet(self) -> bool:
        """Whether an idle connection is still open and has nothing to say, as far as the kernel knows by now.

        Looked at in the socket itself: the loop has told of an end of file only after it ran twice more, and bytes
        that nobody asked for (a 408, TLS's close_notify) mean that the receiver is leaving.
        """
        return self.alive and not self._poll.poll(0)

    def start(self, loop: asyncio.AbstractEventLoop, request: Outgoing) -> asyncio.Future[Fault | None]:
        """Writes *request*. The future gets ``None`` when :attr:`reader` holds the answer, else the fault."""
        self.reader.begin(to_head=request.to_head)
        self._keep = not request.closing
        waiter = self._waiter = loop.create_future()
        if not self.alive:
            self._fail("ended")
        elif len(request.body) <= _JOIN_BYTES:
            self._transport.write(request.head + request.body)
        else:
            self._transport.writelines((request.head, request.body))
        return waiter

    def expire(self, waiter: asyncio.Future[Fault | None]) -> None:
        """Ends the exchange that *waiter* waits for as overdue; any other on this connection goes on."""
        if self._waiter is waiter:
            self._fail("overdue")

    def abandon(self, waiter: asyncio.Future[Fault | None]) -> None:
        """Closes the connection if *waiter*'s exchange is still under way: nobody waits for it any more."""
        if self._waiter is waiter:
            self._waiter = None
            self.close()

    def shut(self) -> None:
        """Closes the connection because the transport closes."""
        self._fail("shut")

    def close(self) -> None:
        """Closes the connection at once, unsent bytes and all. Harmless when it is closed."""
        if self.alive:
            self.alive = False
            self._transport.abort()

    # What follows is called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected."""
        stream = cast("asyncio.Transport", transport)  # uvloop's has that type in name only
        self._transport = self._raw = stream
        # The transport clears its buffer before it tells of a loss. So it is made to tell of each byte that waits.
        stream.set_write_buffer_limits(high=0)
        self.alive = True

    async def secure_with(self, loop: asyncio.AbstractEventLoop, context: ssl.SSLContext, host: str) -> str:
        """Speaks TLS with *host* from here on; returns the protocol's version.

        Raises ``OSError`` (``ssl.SSLError``), and then the connection is closed.
        """
        transport: asyncio.Transport | None = None
        try:
            if self.alive:  # asked for here: on a closed transport start_tls waits for its own time-out, of a minute
                transport = await loop.start_tls(self._raw, self, context, server_hostname=host)
        finally:
            if transport is None:
                self.close()
                loop.call_soon(self._lose)  # during the handshake asyncio does not tell of a loss
        if transport is None:
            raise ConnectionResetError
        self._transport = transport
        self.secure = True
        secured = self._secured = cast("ssl.SSLObject", transport.get_extra_info("ssl_object"))
        return f"{secured.version()}{', resumed' if secured.session_reused else ''}"

    def keep_session(self) -> None:
        """Lets the next connection to the same host resume this one's TLS session."""
        if self._secured is not None:
            keep_session(self._secured)

    def pause_writing(self) -> None:
        """Some of the request waits for the socket."""
        self._unsent = True

    def resume_writing(self) -> None:
        """All of the request is in the kernel's hands."""
        self._unsent = False

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the loop's guess
        """Where to put what comes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Some bytes came."""
        self._received(self._buffer[:nbytes])

    def eof_received(self) -> None:
        """The receiver will send no more; with that it has closed, for us."""
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is about to be closed."""
        if exc is not None and self._waiter is not None and not self.secure:
            self._drain()
        self._ended(exc)
        self._lose()

    def _lose(self) -> None:
        if not self.lost:
            self.lost = True
            self.alive = False
            if self.on_lost is not None:
                self.on_lost(self)

    def _received(self, data: memoryview | bytes) -> None:
        if self._waiter is None:  # nobody asked: the peer is out of step
            self.close()
            return
        try:
            complete = self.reader.feed(data)
        except InvalidAnswer as error:
            hint = "speaks TLS on this port; is it https:// and not http://?" if data[:2] == b"\x15\x03" else ""
            self._fail("invalid", hint or str(error))
        else:
            if complete:
                self._succeed()

    def _drain(self) -> None:
        # A receiver that answers early and closes resets what is still being written, and the loop then tells of the
        # failed write without reading what lies in the socket: the very answer that says why.
        try:
            while self._waiter is not None and (data := self._sock.recv(_BUFFER_BYTES)):
                self._received(data)
        except OSError:
            pass

    def _ended(self, error: Exception | None) -> None:
        if self._waiter is None:
            self.close()
        elif error is None and self.reader.finish():
            self._succeed()
        elif error is None:
            self._fail("ended")
        else:
            self._fail("broken", error=error)

    def _succeed(self) -> None:
        waiter, self._waiter = self._waiter, None
        # An answer that overtook its request leaves unsent bytes behind it: what follows would be read as their rest.
        self._keep = self._keep and self.reader.keep_alive and not self._has_unsent()
        if not self._keep:
            self.close()
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _fail(self, kind: FaultKind, reason: str = "", error: Exception | None = None) -> None:
        waiter, self._waiter = self._waiter, None
        unsent = self._has_unsent()
        self.close()
        if waiter is not None and not waiter.done():
            reader = self.reader
            waiter.set_result(
                Fault(
                    kind=kind, reason=reason, error=error, status=reader.status, started=reader.started, unsent=unsent
                )
            )

    def _has_unsent(self) -> bool:
        # TLS hands all it has to the socket's transport at once, and never says that this one waits
        return self._unsent or (self.secure and self._raw.get_write_buffer_size() > 0)
