"""Any exception that ends a delivery, as a :class:`~bellwire.hookspecs.Failed`."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime

import httpx

from bellwire.hookspecs import DeliveryError, Failed, FailureStage, InvalidConfig

from .faults import connect_problem, lookup_problem
from .retry_after import retry_after
from .tls import handshake_problem

_DETAIL_CHARACTERS = 500

_STAGES: tuple[tuple[type[Exception], FailureStage], ...] = (  # the narrower first
    (httpx.TimeoutException, "timeout"),
    (httpx.ProxyError, "proxy"),
    (httpx.ConnectError, "connect"),
    (httpx.WriteError, "send"),
    (httpx.LocalProtocolError, "config"),
    (httpx.UnsupportedProtocol, "config"),
    (httpx.InvalidURL, "config"),
    (httpx.RequestError, "response"),
)
_GONE = 410


def failure_of(error: BaseException, *, now: datetime | None = None) -> Failed:
    """What *error* means for the delivery that it ended.

    A :class:`DeliveryError` says so itself; ``raise_for_status()`` becomes ``status``, with its ``Retry-After``
    (a date counts from *now*); errors of httpx, of TLS and of the system are sorted by their category, and anything
    else is the channel's own. All but ``config`` and status 410 are worth a retry: a wrong one costs little, a missed
    one the message.
    """
    match error:
        case DeliveryError():
            return error.failed
        case InvalidConfig():
            return Failed(stage="config", detail="; ".join(map(str, error.problems)), retryable=False)
        case httpx.HTTPStatusError():
            return _status_failure(error, now or datetime.now(UTC))
        case httpx.RequestError() | httpx.InvalidURL():
            stage: FailureStage = next(stage for kind, stage in _STAGES if isinstance(error, kind))
            return Failed(stage=stage, detail=_detail(error), retryable=stage != "config")
        case ssl.SSLError():
            return Failed(stage="tls", detail=f"no trusted connection: {handshake_problem(error)}")
        case TimeoutError():
            return Failed(stage="timeout", detail=_detail(error) if str(error) else "it took too long")
        case socket.gaierror():
            return Failed(stage="dns", detail=f"the host name could not be resolved: {lookup_problem(error)}")
        case ConnectionError():
            return Failed(stage="connect", detail=f"the receiver {connect_problem(error)}")
    return Failed(stage="channel", detail=_detail(error))


def _status_failure(error: httpx.HTTPStatusError, now: datetime) -> Failed:
    response = error.response
    try:
        body = response.text
    except httpx.StreamError:
        body = None
    return Failed(
        stage="status",
        detail=f"the receiver answered with status {response.status_code}",
        retryable=response.status_code != _GONE,
        retry_after=retry_after(response.headers.get("retry-after"), now),
        status_code=response.status_code,
        response=body,
    )


def _detail(error: BaseException) -> str:
    text = str(error)
    name = type(error).__name__
    return (f"{name}: {text}" if text else name)[:_DETAIL_CHARACTERS]
