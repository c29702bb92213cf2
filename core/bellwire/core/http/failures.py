"""What the transport raises: each is a :class:`~bellwire.hookspecs.DeliveryError` and the matching httpx exception.

::

    TransportFailure            stage       retryable  is also
    ├── RequestRefused          config      no         httpx.LocalProtocolError
    ├── SchemeRefused           config      no         httpx.UnsupportedProtocol
    ├── EgressRefused           policy      no         httpx.ConnectError
    ├── NameNotFound            dns         yes        httpx.ConnectError
    ├── ConnectFailed           connect     yes        httpx.ConnectError
    ├── ProxyFailed            proxy       yes        httpx.ProxyError
    ├── TLSFailed               tls         yes        httpx.ConnectError
    ├── SendFailed              send        yes        httpx.WriteError
    ├── AnswerLost              response    yes        httpx.ReadError
    ├── AnswerInvalid           response    yes        httpx.RemoteProtocolError
    ├── ConnectTimedOut         timeout     yes        httpx.ConnectTimeout
    ├── WaitTimedOut            timeout     yes        httpx.PoolTimeout
    ├── AnswerTimedOut          timeout     yes        httpx.ReadTimeout
    └── TransportClosed         channel     yes        httpx.TransportError

So a channel may let them pass, or catch ``httpx.ConnectError`` as it would anywhere else. Which step a time-out cut
short is the last of ``failed.stages``. Names that do not resolve and certificates that are not trusted are worth a
retry, because people mend them; what is refused for its form or address stays refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import httpx

from bellwire.hookspecs import DeliveryError, Failed, FailureStage, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable


class TransportFailure(DeliveryError, httpx.TransportError):
    """The base of all. ``errno`` is the system's, or getaddrinfo's (``EAI_…``) where the stage is ``dns``."""

    stage: ClassVar[FailureStage]
    retryable: ClassVar[bool] = True

    def __init__(
        self, detail: str, *, stages: Iterable[Stage] = (), address: str | None = None, errno: int | None = None
    ) -> None:
        failed = Failed(stage=self.stage, detail=detail, retryable=self.retryable, stages=tuple(stages))
        super().__init__(failed, address=address, errno=errno)


class RequestRefused(TransportFailure, httpx.LocalProtocolError):
    """The request cannot be put on the wire as it is: a header with a line break, a method that is none."""

    stage = "config"
    retryable = False


class SchemeRefused(TransportFailure, httpx.UnsupportedProtocol):
    """The URL is neither http nor https."""

    stage = "config"
    retryable = False


class EgressRefused(TransportFailure, httpx.ConnectError):
    """The egress policy does not allow the URL's host, or an address that it leads to. Nothing was connected to."""

    stage = "policy"
    retryable = False


class NameNotFound(TransportFailure, httpx.ConnectError):
    """The host's name did not resolve."""

    stage = "dns"


class ConnectFailed(TransportFailure, httpx.ConnectError):
    """No address accepted a connection."""

    stage = "connect"


class ProxyFailed(TransportFailure, httpx.ProxyError):
    """The proxy could not be reached, refused us, or could not hand the request on."""

    stage = "proxy"


class TLSFailed(TransportFailure, httpx.ConnectError):
    """No trusted TLS connection came about."""

    stage = "tls"


class SendFailed(TransportFailure, httpx.WriteError):
    """The connection broke before the request was written."""

    stage = "send"


class AnswerLost(TransportFailure, httpx.ReadError):
    """The connection broke before the answer was complete. The receiver may have the message."""

    stage = "response"


class AnswerInvalid(TransportFailure, httpx.RemoteProtocolError):
    """What came back is not an HTTP/1.1 answer, or ends early. The receiver may have the message."""

    stage = "response"


class ConnectTimedOut(TransportFailure, httpx.ConnectTimeout):
    """Name, connection and TLS took longer than they may."""

    stage = "timeout"


class WaitTimedOut(TransportFailure, httpx.PoolTimeout):
    """All connections to the origin stayed in use for as long as the request may take."""

    stage = "timeout"


class AnswerTimedOut(TransportFailure, httpx.ReadTimeout):
    """The request as a whole took longer than it may. The receiver may have the message."""

    stage = "timeout"


class TransportClosed(TransportFailure):
    """The transport was closed before or while the request was under way."""

    stage = "channel"
