from __future__ import annotations

import errno
import socket
import ssl
from datetime import UTC, datetime

import httpx
import pytest

from bellwire.core.http import ConnectFailed, failure_of
from bellwire.hookspecs import DeliveryError, Failed

REQUEST = httpx.Request("POST", "https://u:s3cret@example.org/s3cret?s3cret")


def certificate_error() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = 10, "certificate has expired"
    return error


@pytest.mark.parametrize(
    ("error", "stage", "retryable", "said"),
    [
        (httpx.ConnectTimeout("x"), "timeout", True, "ConnectTimeout: x"),
        (httpx.PoolTimeout(""), "timeout", True, "PoolTimeout"),
        (httpx.ConnectError("x"), "connect", True, "ConnectError"),
        (httpx.ProxyError("x"), "proxy", True, "ProxyError"),
        (httpx.WriteError("x"), "send", True, "WriteError"),
        (httpx.ReadError("x"), "response", True, "ReadError"),
        (httpx.RemoteProtocolError("x"), "response", True, "RemoteProtocolError"),
        (httpx.LocalProtocolError("x"), "config", False, "LocalProtocolError"),
        (httpx.UnsupportedProtocol("x"), "config", False, "UnsupportedProtocol"),
        (httpx.InvalidURL("x"), "config", False, "InvalidURL"),
        (httpx.DecodingError("x"), "response", True, "DecodingError"),
        (httpx.TooManyRedirects("x"), "response", True, "TooManyRedirects"),
        (certificate_error(), "tls", True, "no trusted connection: its certificate has expired"),
        (ssl.SSLError(1, "x"), "tls", True, "the handshake failed"),
        (TimeoutError(), "timeout", True, "it took too long"),
        (TimeoutError("the pager slept"), "timeout", True, "the pager slept"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "dns", True, "there is no such host"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connect", True, "the receiver refused the connection"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "connect", True, "reset the connection"),
        (KeyError("endpoint"), "channel", True, "KeyError: 'endpoint'"),
        (RuntimeError(), "channel", True, "RuntimeError"),
        (OSError(errno.ENOSPC, "No space left on device"), "channel", True, "No space left"),
    ],
)
def test_every_exception_has_its_stage(error: BaseException, stage: str, retryable: bool, said: str) -> None:
    failed = failure_of(error)
    assert (failed.stage, failed.retryable) == (stage, retryable)
    assert said in failed.detail


def test_a_delivery_error_speaks_for_itself() -> None:
    failed = Failed(stage="channel", detail="x", retryable=False, retry_after=3)
    assert failure_of(DeliveryError(failed)) is failed
    assert failure_of(ConnectFailed("y")).stage == "connect"


def test_a_bad_status_keeps_the_answer_and_when_to_come_back() -> None:
    response = httpx.Response(
        503, headers={"Retry-After": "Thu, 18 May 2023 07:46:25 GMT"}, text="busy", request=REQUEST
    )
    with pytest.raises(httpx.HTTPStatusError) as caught:
        response.raise_for_status()
    failed = failure_of(caught.value, now=datetime(2023, 5, 18, 7, 45, 25, tzinfo=UTC))
    assert failed == Failed(
        stage="status",
        detail="the receiver answered with status 503",
        retry_after=60.0,
        status_code=503,
        response="busy",
    )


@pytest.mark.parametrize(("status", "retryable"), [(302, True), (400, True), (404, True), (410, False), (500, True)])
def test_only_gone_for_good_is_not_worth_a_retry(status: int, retryable: bool) -> None:
    response = httpx.Response(status, request=REQUEST)
    with pytest.raises(httpx.HTTPStatusError) as caught:
        response.raise_for_status()
    failed = failure_of(caught.value)
    assert failed.retryable is retryable
    assert "s3cret" not in failed.detail


def test_a_status_whose_body_was_not_read_has_none() -> None:
    response = httpx.Response(500, stream=httpx.ByteStream(b"x"), request=REQUEST)
    assert failure_of(httpx.HTTPStatusError("x", request=REQUEST, response=response)).response is None


def test_a_long_message_is_cut() -> None:
    assert len(failure_of(ValueError("x" * 100_000)).detail) == 500
