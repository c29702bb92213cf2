"""Requests as they come and answers as channels get them: complete, decoded, bounded, whichever transport serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import httpx

from .decoding import inflate
from .failures import RequestRefused

if TYPE_CHECKING:
    from bellwire.hookspecs import Stage

    from .answer import Headers

_OF_THE_CODED_BODY: Final = (b"content-encoding", b"content-length")


class Body(NamedTuple):
    """A body as it came over the wire, without its chunks' framing."""

    content: bytes
    truncated: bool
    """Whether there was more."""
    coding: bytes
    """The value of ``content-encoding``."""


def whole_response(
    request: httpx.Request, status: int, headers: Headers, body: Body, *, stages: tuple[Stage, ...], cap: int
) -> httpx.Response:
    """The response, its body decoded and cut at *cap* bytes; ``extensions`` as the guarded transport says."""
    content, truncated, coding = body
    extensions: dict[str, Any] = {"bellwire_stages": stages}
    if coding and content and coding.lower() != b"identity":
        # Never left to httpx, which inflates without bound, and raises where it cannot.
        inflated = inflate(content, coding, cap)
        if inflated is None:
            extensions["undecoded"] = coding.decode("latin-1")
        else:
            content, more = inflated
            truncated = truncated or more
        headers = [field for field in headers if field[0].lower() not in _OF_THE_CODED_BODY]
    extensions["truncated"] = truncated
    return httpx.Response(
        status, headers=headers, stream=httpx.ByteStream(content), request=request, extensions=extensions
    )


async def body_of(request: httpx.Request) -> bytes:
    """The whole body of *request*."""
    if not isinstance(request.stream, httpx.AsyncByteStream):
        msg = "the request's body must be bytes or an asynchronous iterator"
        raise RequestRefused(msg)
    return await request.aread()


def request_timeouts(request: httpx.Request, total: float) -> tuple[float | None, float]:
    """Seconds that *request* allows for the connection, and for all of it: at most *total*."""
    asked = request.extensions.get("timeout")
    if not asked:
        return None, total
    whole = asked.get("read")
    return asked.get("connect"), total if whole is None else min(whole, total)


async def bounded(response: httpx.Response, cap: int) -> tuple[bytes, bool]:
    """The body of *response* as it came over the wire, at most *cap* bytes, and whether there was more."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in cast("httpx.AsyncByteStream", response.stream):
            parts.append(part)
            size += len(part)
            if size > cap:
                break
    finally:
        await response.aclose()
    return b"".join(parts)[:cap], size > cap
