"""From what went wrong on a connection to the failure that says so. Pure."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import TYPE_CHECKING

from .connection import Fault
from .failures import (
    AnswerInvalid,
    AnswerLost,
    AnswerTimedOut,
    SendFailed,
    TLSFailed,
    TransportClosed,
    TransportFailure,
)
from .tls import handshake_problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bellwire.hookspecs import Stage

_CONNECT_PROBLEMS = {
    errno.ECONNREFUSED: "refused the connection",
    errno.ECONNRESET: "reset the connection while it was being made",
    errno.EHOSTUNREACH: "cannot be reached: there is no route to the host",
    errno.ENETUNREACH: "cannot be reached: there is no route to its network",
    errno.ETIMEDOUT: "did not answer to the attempt to connect",
    errno.EACCES: "may not be connected to from this machine",
    errno.EPERM: "may not be connected to from this machine",
    errno.EADDRNOTAVAIL: "could not be connected to: this machine has no free port left",
    errno.EAFNOSUPPORT: "could not be connected to: this machine has no such network protocol",
    errno.EMFILE: "could not be connected to: this process has too many open files",
    errno.ENFILE: "could not be connected to: this machine has too many open files",
}

_LOOKUP_PROBLEMS = {
    socket.EAI_NONAME: "there is no such host",
    socket.EAI_NODATA: "there is no such host",
    socket.EAI_AGAIN: "the name servers did not answer",
    socket.EAI_FAIL: "the name servers failed",
}


def connect_problem(error: OSError) -> str:
    """Why no connection came about, to follow the address."""
    if error.errno in _CONNECT_PROBLEMS:
        return _CONNECT_PROBLEMS[error.errno]
    return f"could not be connected to: {system_reason(error)}"


def lookup_problem(error: OSError) -> str:
    """Why a name did not resolve."""
    if not isinstance(error, socket.gaierror):
        return system_reason(error)
    return _LOOKUP_PROBLEMS.get(error.errno or 0) or error.strerror or "unknown reason"


def system_reason(error: BaseException) -> str:
    """What the operating system says of *error*, without what Python adds to it (addresses, calls)."""
    number = getattr(error, "errno", None)
    if isinstance(error, OSError) and isinstance(number, int) and number > 0:
        return os.strerror(number).lower()
    return str(error) or type(error).__name__


def fault_failure(
    fault: Fault, *, receiver: str, seconds: float, stages: Iterable[Stage], endpoint: str
) -> TransportFailure:
    """The failure of an exchange with *receiver* (``host:port``) that could take *seconds* at most."""
    where = f" in the middle of its answer (status {fault.status})" if fault.status else ""
    number = fault.error.errno if isinstance(fault.error, OSError) else None
    match fault:
        case Fault(kind="overdue"):
            what = "did not take the whole request" if fault.unsent else "did not answer"
            what = "did not finish its answer" if fault.started else what
            detail = f"{receiver} {what} within {seconds:g} s"
            return AnswerTimedOut(detail, stages=stages, address=endpoint, errno=errno.ETIMEDOUT)
        case Fault(kind="invalid"):
            return AnswerInvalid(f"{receiver} {fault.reason}", stages=stages, address=endpoint)
        case Fault(kind="shut"):
            return TransportClosed("the HTTP client was closed", stages=stages, address=endpoint)
        case Fault(error=ssl.SSLError() as error):
            detail = f"TLS with {receiver} broke: {handshake_problem(error)}"
            return TLSFailed(detail, stages=stages, address=endpoint, errno=None)
        case Fault(unsent=True):
            reason = system_reason(fault.error) if fault.error else "it closed the connection"
            detail = f"{receiver} did not take the whole request: {reason}"
            return SendFailed(detail, stages=stages, address=endpoint, errno=number)
        case Fault(kind="ended"):
            detail = f"{receiver} closed the connection{where or ' without an answer'}"
            return AnswerInvalid(detail, stages=stages, address=endpoint)
    reason = system_reason(fault.error) if fault.error else "unknown reason"
    detail = f"the connection to {receiver} broke{where or ' before it answered'}: {reason}"
    return AnswerLost(detail, stages=stages, address=endpoint, errno=number)


def root_of(error: BaseException) -> Exception:
    """What *error* came from in the end: what TLS or the system said, where that is known."""
    found: BaseException = error
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            found = cause
        cause = cause.__cause__ or cause.__context__
    return found if isinstance(found, Exception) else Exception(str(found))


def dial_problem(cause: Exception) -> str:
    """Why httpx made no connection, to follow the address; *cause* is the root of its error."""
    return connect_problem(cause) if isinstance(cause, OSError) else f"could not be connected to: {cause}"


def tunnel_problem(cause: Exception) -> str:
    """Why a handshake within a tunnel failed."""
    return handshake_problem(cause) if isinstance(cause, OSError) else "it closed the connection during the handshake"
