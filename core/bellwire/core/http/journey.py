"""How far a request through a proxy has come, and so whose fault it is where it goes no further."""

from __future__ import annotations

import errno
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

import httpx

from .addresses import read_address
from .failures import (
    AnswerInvalid,
    AnswerLost,
    AnswerTimedOut,
    ConnectTimedOut,
    ProxyFailed,
    SendFailed,
    TLSFailed,
    TransportFailure,
    WaitTimedOut,
)
from .faults import dial_problem, root_of, system_reason, tunnel_problem
from .stopwatch import Stopwatch
from .tls import handshake_problem

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from bellwire.hookspecs import Stage

    from .conversations import Conversation
    from .head import Origin

Step: TypeAlias = Literal["wait", "name", "connect", "proxy-tls", "ask", "tls", "send", "response"]
_BY_PROXY: Final = frozenset({"name", "connect", "proxy-tls", "ask"})
_UNTIMED: Final = dict.fromkeys(("connect", "read", "write", "pool"))
_SILENT: Final = "without sending a response"  # httpcore's words for a connection that was closed before any byte


@final
class Journey:
    """One request's way; httpx's ``trace`` extension tells it where it is."""

    def __init__(
        self,
        proxy: Origin,
        origin: Origin,
        clock: Callable[[], float],
        *,
        identified: bool,
        connect: float,
        total: float,
        deadline: float,
    ) -> None:
        self.origin: Final = origin
        self.watch = Stopwatch(clock)
        self.step: Step = "wait"
        self.fresh = False
        """Whether the connection was made for this request."""
        self.answered = False
        """Whether the head of an answer came."""
        self.endpoint: str | None = None
        self.scope: asyncio.Timeout
        self._proxy: Final = proxy
        self._identified: Final = identified
        self._clock: Final = clock
        self._connect: Final = connect
        self._total: Final = total
        self._deadline: Final = deadline
        self._connect_by = deadline
        self._reused = ""

    def begin(self) -> None:
        """Sets out for the proxy: the connect time-out counts from here."""
        self.watch = Stopwatch(self._clock)
        self.step, self.fresh = "name", True
        self._connect_by = self._clock() + self._connect
        self._allow(min(self._connect_by, self._deadline))

    def travel_by(self, conversation: Conversation) -> None:
        """Takes *conversation*, a new one or one that stands already."""
        self.endpoint = conversation.endpoint
        if self.fresh:
            self.watch.begin("proxy")
            self.step = "connect"
        else:
            self._reused = f"on the open connection by the proxy {conversation.endpoint}"
            self.step = "send"

    def request(self, request: httpx.Request, body: bytes) -> httpx.Request:
        """*request* as httpx's transport gets it."""
        literal = read_address(self.origin.host)
        # An address however it is spelt goes as it was judged; the root's dot is in no certificate
        url = request.url.copy_with(host=self.origin.host.rstrip(".") if literal is None else str(literal))
        extensions: dict[str, Any] = {"trace": self._trace, "timeout": _UNTIMED}
        if read_address(self._proxy.host) is None:  # httpx connects to its address, and must look for its name
            extensions["sni_hostname"] = self._proxy.host.rstrip(".")
        headers = [field for field in request.headers.raw if field[0].lower() != b"transfer-encoding"]
        return httpx.Request(request.method, url, headers=headers, content=body, extensions=extensions)

    async def _trace(self, event: str, info: dict[str, Any]) -> None:
        match event:
            case "connection.connect_tcp.started" if self.step == "send":  # httpx found an idle connection closed
                self.begin()
                self.watch.begin("proxy")
                self.step = "connect"
            case "connection.connect_tcp.complete":
                self.step = "ask"
            case "connection.start_tls.started":
                self.step = "proxy-tls"
            case "connection.start_tls.complete":
                self.step = "ask"
            case "proxy.start_tls.started":
                self.watch.end(self.endpoint or "")
                self.watch.begin("tls")
                self.step = "tls"
            case "proxy.start_tls.complete":
                secured: ssl.SSLObject = info["return_value"].get_extra_info("ssl_object")
                self.watch.end(f"{secured.version()}{', resumed' if secured.session_reused else ''}")
                self.step = "send"
            case "http11.send_request_headers.started" if self._hands_over:
                if self.step == "ask":
                    self.watch.end(self.endpoint or "")
                self.watch.begin("send")
                self.step = "send"
                self._allow(self._deadline)
            case "http11.receive_response_headers.started" if self.step == "send":
                self.watch.end(self._reused)
                self.watch.begin("response")
                self.step = "response"
            case "http11.receive_response_headers.complete" if self.step == "response":
                self.answered = True

    @property
    def _hands_over(self) -> bool:
        """Whether what is sent now is the request itself, and no ``CONNECT``."""
        return self.step == "send" or (self.step == "ask" and self.origin.scheme == "http")

    def _allow(self, until: float) -> None:
        with suppress(RuntimeError):  # it ran out at this very moment
            self.scope.reschedule(until)

    def stages(self) -> tuple[Stage, ...]:
        """The stages so far."""
        return self.watch.stages()

    def finish(self) -> tuple[Stage, ...]:
        """All stages of a request that was answered."""
        self.watch.end()
        return self.watch.stages()

    def was_stale(self, error: httpx.TransportError) -> bool:
        """Whether an idle connection was dead already, as far as can be seen from here."""
        broken = isinstance(error, httpx.ReadError | httpx.WriteError) or _SILENT in str(error)
        return broken and not self.fresh and not self.answered

    @property
    def _receiver(self) -> str:
        return f"{self.origin.authority} through the proxy {self._proxy.authority}"

    def unauthorized(self) -> ProxyFailed:
        """The proxy wants to know who we are, or does not like what it was told."""
        refused = "does not accept the user name and password"
        what = refused if self._identified else "wants a user name and a password"
        return self._proxy_failed(f"{what} (status 407)")

    def unreachable(self, problems: Sequence[tuple[str, Exception]]) -> ProxyFailed:
        """No address of the proxy accepted a connection."""
        causes = [(endpoint, root_of(error)) for endpoint, error in problems]
        told = "; ".join(f"{endpoint} {dial_problem(cause)}" for endpoint, cause in causes)
        return self._proxy_failed(f"cannot be reached: {told}", causes[0][1], address=causes[0][0])

    def overdue(self) -> TransportFailure:
        """It took longer than it may."""
        connecting = self.step in _BY_PROXY or self.step == "tls"
        own = connecting and self._connect_by <= self._deadline
        waited = f"within {self._connect if own else self._total:g} s"
        number = errno.ETIMEDOUT
        match self.step:
            case "wait":
                return WaitTimedOut(f"all connections by the proxy stayed in use {waited}", errno=number)
            case "name" | "connect":
                return self._proxy_failed(f"could not be reached {waited}", TimeoutError(number, ""))
            case "proxy-tls":
                return self._proxy_failed(f"did not finish the TLS handshake {waited}", TimeoutError(number, ""))
            case "ask":
                return self._proxy_failed(
                    f"did not open a tunnel to {self.origin.authority} {waited}", TimeoutError(number, "")
                )
            case "tls":
                kind = ConnectTimedOut if own else AnswerTimedOut
                detail = f"{self._receiver} did not finish the TLS handshake {waited}"
                return kind(detail, stages=self.stages(), address=self.endpoint, errno=number)
        what = "did not finish its answer" if self.answered else "did not answer"
        detail = f"{self._receiver} {what} {waited}"
        return AnswerTimedOut(detail, stages=self.stages(), address=self.endpoint, errno=number)

    def failure(self, error: httpx.TransportError) -> TransportFailure:
        """What *error* of httpx means, at the step that was reached."""
        cause = root_of(error)
        tunnelled = self.origin.scheme == "https"
        match self.step:
            case "connect":
                return self._proxy_failed(f"cannot be reached: {dial_problem(cause)}", cause)
            case "proxy-tls":
                return self._proxy_failed(f"is not trusted: {handshake_problem(cause)}", cause)
            case "ask":
                return self._refused(error, cause)
            case "tls":
                detail = f"no trusted connection to {self._receiver}: {tunnel_problem(cause)}"
                number = None if isinstance(cause, ssl.SSLError) else getattr(cause, "errno", None)
                return TLSFailed(detail, stages=self.stages(), address=self.endpoint, errno=number)
        if isinstance(cause, ssl.SSLError):
            detail = f"TLS with {self._receiver} broke: {handshake_problem(cause)}"
            return TLSFailed(detail, stages=self.stages(), address=self.endpoint)
        if not tunnelled and not self.answered and self.step != "send" and _SILENT in str(error):
            return self._proxy_failed(f"closed the connection without an answer from {self.origin.authority}", cause)
        return self._broken(error, cause)

    def _refused(self, error: httpx.TransportError, cause: Exception) -> ProxyFailed:
        status = str(error)[:3]
        if isinstance(error, httpx.ProxyError) and status == "407":
            return self.unauthorized()
        if isinstance(error, httpx.ProxyError):
            return self._proxy_failed(f"refused a tunnel to {self.origin.authority} (status {status})")
        if isinstance(error, httpx.RemoteProtocolError) and _SILENT not in str(error):
            return self._proxy_failed("does not speak HTTP on this port, or it is https:// and not http://")
        if _SILENT in str(error):
            return self._proxy_failed(f"closed the connection when asked for {self.origin.authority}")
        return self._proxy_failed(f"broke the connection when asked for a tunnel: {system_reason(cause)}", cause)

    def _broken(self, error: httpx.TransportError, cause: Exception) -> TransportFailure:
        number = cause.errno if isinstance(cause, OSError) else None
        where = " in the middle of its answer" if self.answered else ""
        if isinstance(error, httpx.RemoteProtocolError):
            silent = _SILENT in str(error) or "closed connection" in str(error)
            what = (
                f"closed the connection{where or ' without an answer'}" if silent else f"sent no valid answer: {error}"
            )
            return AnswerInvalid(f"{self._receiver} {what}", stages=self.stages(), address=self.endpoint)
        reason = system_reason(cause)
        if self.step == "send" or isinstance(error, httpx.WriteError):
            detail = f"{self._receiver} did not take the whole request: {reason}"
            return SendFailed(detail, stages=self.stages(), address=self.endpoint, errno=number)
        detail = f"the connection to {self._receiver} broke{where or ' before it answered'}: {reason}"
        return AnswerLost(detail, stages=self.stages(), address=self.endpoint, errno=number)

    def _proxy_failed(self, what: str, cause: Exception | None = None, address: str | None = None) -> ProxyFailed:
        number = cause.errno if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError) else None
        detail = f"the proxy {self._proxy.authority} {what}"
        return ProxyFailed(detail, stages=self.stages(), address=address or self.endpoint, errno=number)
