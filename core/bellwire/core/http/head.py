"""The head of a request as it goes over the wire. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from .addresses import show_endpoint
from .failures import RequestRefused, SchemeRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

_token: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch  # RFC 9110, 5.6.2
_target: Final = re.compile(rb"[\x21-\x7e]+").fullmatch
_host: Final = re.compile(r"[\x21-\x24\x26-\x7e]+").fullmatch  # without %: httpx leaves escapes in a host as they are
_HARMLESS: Final = bytes(each for each in range(256) if each == 0x09 or (each >= 0x20 and each != 0x7F))
_PORTS: Final = {"http": 80, "https": 443}

_PLAIN, _HOST, _LENGTH, _FRAMING, _CONNECTION = 0, 1, 2, 3, 4
_KINDS: Final = {
    b"host": _HOST,
    b"content-length": _LENGTH,
    b"transfer-encoding": _FRAMING,
    b"connection": _CONNECTION,
}
# They promise the receiver a conversation that this transport does not hold.
_UNSUPPORTED: Final = frozenset({b"expect", b"te", b"trailer", b"upgrade"})


class Origin(NamedTuple):
    """Where a request goes: connections are shared by requests of one origin."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """``host:port``, as messages show it."""
        return show_endpoint(self.host, self.port)


class Outgoing(NamedTuple):
    """A request, ready for the wire."""

    origin: Origin
    head: bytes
    body: bytes
    to_head: bool
    """Whether the answer has no body, whatever its head says."""
    closing: bool
    """Whether it asks for the connection to be closed afterwards."""


class Place(NamedTuple):
    """What a URL says of a request: where it goes, and for what it asks there."""

    origin: Origin
    target: bytes


def outgoing(request: httpx.Request, place: Place, body: bytes) -> Outgoing:
    """*request* with *body*, to the *place* of its URL; raises as :func:`request_head` does."""
    head, closing = request_head(request, place.target, len(body))
    return Outgoing(place.origin, head, body, request.method == "HEAD", closing)


def request_place(url: httpx.URL) -> Place:
    """The place of *url*; raises as :func:`request_origin` does, and for a target that no request line can hold."""
    origin, target = request_origin(url), url.raw_path
    if not _target(target):
        msg = "the URL's path and query must not hold blanks or control characters"
        raise RequestRefused(msg)
    return Place(origin, target)


def request_fields(request: httpx.Request) -> Sequence[tuple[bytes, bytes]]:
    """The headers of *request* as they go out.

    A request may bring them as ``raw_headers``, and then :class:`httpx.Headers` need not be made of them, nor they of
    that again: 3 µs, a twentieth of a delivery.
    """
    fields: Sequence[tuple[bytes, bytes]] | None = getattr(request, "raw_headers", None)
    return request.headers.raw if fields is None else fields


def request_origin(url: httpx.URL) -> Origin:
    """The origin of *url*.

    Raises :class:`SchemeRefused` and :class:`RequestRefused`, without the parts of the URL that may be secret.
    """
    return _origin(url.scheme, url.raw_host, url.port)


@lru_cache(maxsize=256)
def _origin(scheme: str, raw_host: bytes, port: int | None) -> Origin:
    host = raw_host.decode("ascii")
    if scheme not in _PORTS:
        msg = f"the URL must start with http:// or https://, not with {scheme + ':'!a}"
        raise SchemeRefused(msg)
    if not (_host(host) or ":" in host):
        msg = f"the URL names no usable host: {host!a}" if host else "the URL names no host"
        raise RequestRefused(msg)
    if port is None:
        port = _PORTS[scheme]
    if not 1 <= port <= 65535:
        msg = f"the URL's port must be between 1 and 65535, not {port}"
        raise RequestRefused(msg)
    return Origin(scheme, host, port)


def request_head(request: httpx.Request, target: bytes, length: int) -> tuple[bytes, bool]:
    """The head for a body of *length* bytes, and whether it asks for the connection to be closed afterwards.

    Headers go out as they were given, in their order; framing is the transport's own. Raises
    :class:`RequestRefused` for what could be read as anything else than what it is (RFC 9112, 11.1): a message holds
    the name of a header, never its value.
    """
    lines = [b"%b %b HTTP/1.1" % (_method(request.method), target)]
    host = sized = closing = False
    for name, value in request_fields(request):
        kind, start = _field(name)
        if kind:
            if kind == _FRAMING:
                continue
            if kind == _HOST:
                host = True
            elif kind == _LENGTH:
                sized = True
                if value != b"%d" % length:
                    msg = f"the header Content-Length says something else than the body's {length} bytes"
                    raise RequestRefused(msg)
            elif b"close" in value.lower():
                closing = True
        lines.append(start + value)
    if not host:
        msg = "the request has no Host header"
        raise RequestRefused(msg)
    if length and not sized:
        lines.append(b"Content-Length: %d" % length)
    lines.append(b"\r\n")
    head = b"\r\n".join(lines)
    # Of all control characters exactly our own line ends may be there: one look at the whole, not one at each value.
    if head.translate(None, _HARMLESS) != b"\r\n" * len(lines):
        raise RequestRefused(_culprit(request))
    return head, closing


@lru_cache(maxsize=64)
def _method(method: str) -> bytes:
    name = method.encode("ascii", "replace")
    if not _token(name) or "?" in method or name == b"CONNECT":
        msg = f"{ascii(method)[:40]} is not a method that can be sent"
        raise RequestRefused(msg)
    return name


@lru_cache(maxsize=1024)
def _field(name: bytes) -> tuple[int, bytes]:
    """What a header of this *name* means for the framing, and how its line begins."""
    lower = name.lower()
    if not _token(name):
        msg = f"{ascii(name.decode('latin-1'))[:80]} is not a header's name"
        raise RequestRefused(msg)
    if lower in _UNSUPPORTED:
        msg = f"the header {lower.decode('ascii')} is not supported"
        raise RequestRefused(msg)
    return _KINDS.get(lower, _PLAIN), name + b": "


def _culprit(request: httpx.Request) -> str:
    for name, value in request_fields(request):
        rest = value.translate(None, _HARMLESS)
        if rest:
            return f"the header {name.decode('ascii')} must not hold control characters; there is a 0x{rest[0]:02X}"
    return "the request's head must not hold control characters"
