"""The answer as channels get it: complete, decoded and bounded, whichever transport brought it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx

from .decoding import inflate

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
