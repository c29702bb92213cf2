"""The reference's words for failures, which its users search for: pure.

The reference is a Go program, so these are the words of Go's ``net``, ``net/http`` and ``crypto/x509``. What only its
process could know (the local port, the name server's address) is left out. Our own words, which say more, stand in the
outcome's stages.
"""

from __future__ import annotations

import errno as os_errors
import functools
import socket
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from bellwire.hookspecs import Failed, redact_url

if TYPE_CHECKING:
    from collections.abc import Mapping


@attrs.frozen(kw_only=True)
class NetworkFailure:
    """A request that got no answer, as far as the words for it depend on it."""

    method: str
    url: str
    failed: Failed
    """What the transport made of it."""
    address: str | None = None
    """``ip:port`` as it was dialled."""
    errno: int | None = None
    """The operating system's error number, or ``getaddrinfo``'s where a name was looked up."""
    verify_code: int | None = None
    """OpenSSL's number of what is wrong with the certificate (``X509_V_ERR_…``), as :mod:`ssl` tells it."""
    tls_reason: str | None = None
    """OpenSSL's name of any other failure of the handshake, as :mod:`ssl` tells it."""
    kinds: frozenset[str] = frozenset()
    """The names of the exception's classes, httpx's among them: they tell a lost answer from a malformed one."""


def network_error(failure: NetworkFailure) -> str:
    """The sentence of Go's ``url.Error``.

    >>> refused = Failed(stage="connect", detail="192.168.21.34:8000 refused the connection")
    >>> print(network_error(NetworkFailure(method="POST", url="http://192.168.21.34:8000", failed=refused,
    ...                                    address="192.168.21.34:8000", errno=os_errors.ECONNREFUSED)))
    Post "http://192.168.21.34:8000": dial tcp 192.168.21.34:8000: connect: connection refused
    """
    operation = failure.method[:1].upper() + failure.method[1:].lower()
    return f'{operation} "{_redacted(failure.url)}": {_reason(failure)}'


_redacted: Final = functools.lru_cache(maxsize=64)(redact_url)


def response_error(status: int, body: str, *, limit: int) -> str:
    """The reference's sentence for an answer that is no success; at most *limit* characters of *body*, in one line.

    >>> response_error(500, "boom", limit=512)
    'response status_code(500) body(boom)'
    """
    text = one_line(body.rstrip("\r\n"), limit=limit)
    return f"response status_code({status}) body({text})"


def one_line(text: str, *, limit: int) -> str:
    r"""At most *limit* characters of *text*; what would move a cursor or break a log line is escaped.

    >>> print(one_line("a\x1b[2J\r\nb", limit=20))
    a\x1b[2J\r\nb
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():
        return text
    return "".join(
        character if unicodedata.category(character) not in _UNSAFE else ascii(character)[1:-1] for character in text
    )


_UNSAFE: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def _reason(failure: NetworkFailure) -> str:
    match failure.failed.stage:
        case "dns":
            return f"dial tcp: lookup {_host(failure.url)}: {_lookup_error(failure)}"
        case "connect":
            return f"dial tcp {_address(failure)}: {_system_error('connect', failure.errno) or failure.failed.detail}"
        case "timeout":
            return _timeout_error(failure)
        case "tls":
            return _tls_error(failure)
        case "send":
            error = _system_error("write", failure.errno) or failure.failed.detail
            return f"write tcp {_address(failure)}: {error}"
        case "response":
            return _response_error(failure)
        case "proxy":
            return f"proxyconnect tcp: {failure.failed.detail}"
        case _:  # a policy's refusal, for one: Go knows nothing like it
            return failure.failed.detail


def _lookup_error(failure: NetworkFailure) -> str:
    if failure.errno == socket.EAI_AGAIN:
        return "Temporary failure in name resolution"  # the name server does not answer; it may exist all the same
    return "no such host"


def _timeout_error(failure: NetworkFailure) -> str:
    under_way = failure.failed.stages[-1].name if failure.failed.stages else ""
    if under_way == "dns":
        return f"dial tcp: lookup {_host(failure.url)}: i/o timeout"
    if under_way == "tls":
        return "net/http: TLS handshake timeout"
    dialling = under_way == "connect" or not failure.kinds.isdisjoint(("ConnectTimeout", "PoolTimeout"))
    return f"{'dial' if dialling else 'read'} tcp {_address(failure)}: i/o timeout"


def _response_error(failure: NetworkFailure) -> str:
    if error := _system_error("read", failure.errno):
        return f"read tcp {_address(failure)}: {error}"
    if "RemoteProtocolError" not in failure.kinds or "closed the connection" in failure.failed.detail:
        return "unexpected EOF" if "in the middle" in failure.failed.detail else "EOF"
    return "net/http: HTTP/1.x transport connection broken: malformed HTTP response"


_CERTIFICATE: Final = "tls: failed to verify certificate: x509: "
# OpenSSL's X509_V_ERR_* by number: Python's ssl module has no names for them
_VERIFY_ERRORS: Final[Mapping[int, str]] = {
    9: "certificate has expired or is not yet valid: it is not yet valid",
    10: "certificate has expired or is not yet valid: it has expired",
    18: "certificate signed by unknown authority",
    19: "certificate signed by unknown authority",
    20: "certificate signed by unknown authority",
    21: "certificate signed by unknown authority",
    62: "certificate is valid for other names, not {host}",
    64: "certificate is valid for other addresses, not {host}",
}

_NO_TLS: Final = "http: server gave HTTP response to HTTPS client"
_HANDSHAKE_ERRORS: Final[Mapping[str, str]] = {
    "HTTP_REQUEST": _NO_TLS,
    "RECORD_LAYER_FAILURE": _NO_TLS,
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "remote error: tls: handshake failure",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "remote error: tls: certificate required",
    "TLSV1_ALERT_PROTOCOL_VERSION": "remote error: tls: protocol version not supported",
    "TLSV1_ALERT_UNKNOWN_CA": "remote error: tls: unknown certificate authority",
    "TLSV1_UNRECOGNIZED_NAME": "remote error: tls: unrecognized name",
    "UNEXPECTED_EOF_WHILE_READING": "EOF",
    "UNSUPPORTED_PROTOCOL": "tls: server selected unsupported protocol version",
}


def _tls_error(failure: NetworkFailure) -> str:
    if failure.verify_code is not None:
        known = _VERIFY_ERRORS.get(failure.verify_code)
        return _CERTIFICATE + (known.format(host=_host(failure.url)) if known else failure.failed.detail)
    if failure.tls_reason is not None:  # errno is then one of OpenSSL's
        return _HANDSHAKE_ERRORS.get(failure.tls_reason) or f"tls: {failure.failed.detail}"
    if failure.errno in _ERRORS:
        return f"read tcp {_address(failure)}: {_system_error('read', failure.errno)}"
    return f"tls: {failure.failed.detail}"


# Go's own texts (syscall, linux): os.strerror's depend on the platform and its locale
_ERRORS: Final[Mapping[int, str]] = {
    os_errors.EACCES: "permission denied",
    os_errors.EADDRINUSE: "address already in use",
    os_errors.EADDRNOTAVAIL: "cannot assign requested address",
    os_errors.EAFNOSUPPORT: "address family not supported by protocol",
    os_errors.ECONNABORTED: "software caused connection abort",
    os_errors.ECONNREFUSED: "connection refused",
    os_errors.ECONNRESET: "connection reset by peer",
    os_errors.EHOSTDOWN: "host is down",
    os_errors.EHOSTUNREACH: "no route to host",
    os_errors.EINVAL: "invalid argument",
    os_errors.EMFILE: "too many open files",
    os_errors.ENETDOWN: "network is down",
    os_errors.ENETUNREACH: "network is unreachable",
    os_errors.ENFILE: "too many open files in system",
    os_errors.ENOBUFS: "no buffer space available",
    os_errors.EPERM: "operation not permitted",
    os_errors.EPIPE: "broken pipe",
    os_errors.ETIMEDOUT: "connection timed out",
}


def _system_error(call: str, number: int | None) -> str | None:
    if number is None:
        return None
    return f"{call}: {_ERRORS.get(number) or f'errno {number}'}"


def _address(failure: NetworkFailure) -> str:
    if failure.address:
        return failure.address
    parts = urlsplit(failure.url)
    host = _host(failure.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
