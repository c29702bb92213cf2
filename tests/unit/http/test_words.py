"""What failures say: a person reads them."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from bellwire.core.http.connection import Fault, FaultKind
from bellwire.core.http.faults import connect_problem, fault_failure, lookup_problem
from bellwire.core.http.tls import handshake_problem
from bellwire.hookspecs import Stage


def certificate_error(code: int, message: str = "odd") -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (certificate_error(10), "its certificate has expired"),
        (certificate_error(9), "not valid yet"),
        (certificate_error(18), "self-signed"),
        (certificate_error(20), "a CA of your own must be installed"),
        (certificate_error(62), "not valid for this host name"),
        (certificate_error(64), "not valid for this IP address"),
        (certificate_error(999), "its certificate was refused: odd"),
        (ConnectionResetError(), "closed the connection during the handshake"),
        (ConnectionAbortedError("SSL handshake is taking longer"), "closed the connection during the handshake"),
        (ValueError("x"), "the handshake failed: x"),
    ],
)
def test_why_a_handshake_failed(error: Exception, said: str) -> None:
    assert said in handshake_problem(error)


def test_a_reason_of_openssl_that_has_no_words_here_is_spelt_out() -> None:
    error = ssl.SSLError(1, "x")
    error.reason = "NO_SHARED_CIPHER"
    assert handshake_problem(error) == "the handshake failed: no shared cipher"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ECONNREFUSED, "refused the connection"),
        (errno.EHOSTUNREACH, "no route to the host"),
        (errno.EMFILE, "too many open files"),
        (errno.EADDRNOTAVAIL, "no free port left"),
        (errno.ENOBUFS, "could not be connected to: no buffer space available"),
    ],
)
def test_why_a_connection_failed(number: int, said: str) -> None:
    assert said in connect_problem(OSError(number, "whatever"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), "there is no such host"),
        (socket.gaierror(socket.EAI_NODATA, "x"), "there is no such host"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "the name servers did not answer"),
        (socket.gaierror(socket.EAI_MEMORY, "Memory allocation failure"), "Memory allocation failure"),
        (OSError("RuntimeError: odd"), "RuntimeError: odd"),
    ],
)
def test_why_a_name_did_not_resolve(error: OSError, said: str) -> None:
    assert lookup_problem(error) == said


RESET = ConnectionResetError(errno.ECONNRESET, "x")
ALERT = ssl.SSLError(1, "x")
ALERT.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"


@pytest.mark.parametrize(
    ("kind", "more", "cls", "said"),
    [
        ("overdue", {}, "AnswerTimedOut", "h:80 did not answer within 15 s"),
        ("overdue", {"started": True}, "AnswerTimedOut", "h:80 did not finish its answer within 15 s"),
        ("overdue", {"unsent": True}, "AnswerTimedOut", "h:80 did not take the whole request within 15 s"),
        ("invalid", {"reason": "sent rubbish"}, "AnswerInvalid", "h:80 sent rubbish"),
        ("shut", {}, "TransportClosed", "the HTTP client was closed"),
        ("ended", {}, "AnswerInvalid", "h:80 closed the connection without an answer"),
        ("ended", {"status": 200}, "AnswerInvalid",
         "h:80 closed the connection in the middle of its answer (status 200)"),
        ("ended", {"unsent": True}, "SendFailed", "h:80 did not take the whole request: it closed the connection"),
        ("broken", {"error": RESET}, "AnswerLost",
         "the connection to h:80 broke before it answered: connection reset by peer"),
        ("broken", {"error": RESET, "unsent": True}, "SendFailed",
         "h:80 did not take the whole request: connection reset by peer"),
        ("broken", {"error": RESET, "status": 500}, "AnswerLost",
         "the connection to h:80 broke in the middle of its answer (status 500): connection reset by peer"),
        ("broken", {"error": ALERT}, "TLSFailed", "TLS with h:80 broke: it wants a client certificate"),
    ],
)  # fmt: skip
def test_what_became_of_an_exchange(kind: FaultKind, more: dict[str, object], cls: str, said: str) -> None:
    stages = (Stage("send", 0.1), Stage("response", 0.2))
    fault = Fault(kind=kind, **more)  # type: ignore[arg-type]  # from the table
    failure = fault_failure(fault, receiver="h:80", seconds=15.0, stages=stages, endpoint="10.0.0.1:80")
    assert (type(failure).__name__, str(failure)) == (cls, said)
    assert (failure.address, failure.failed.stages) == ("10.0.0.1:80", stages)
