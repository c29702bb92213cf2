"""A transport that takes down what goes through it: for who asks what was sent, where, and how far it came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import attrs
import httpx

from .failures import RequestRefused, TransportFailure
from .head import request_fields

if TYPE_CHECKING:
    from bellwire.hookspecs import Stage


@attrs.frozen(kw_only=True)
class SentRequest:
    """One request, as it stood when it was handed to the transport."""

    method: str
    url: str
    """The whole of it, with whatever it keeps secret."""
    host: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@final
class Notebook:
    """What one or several :class:`Witness` have seen, in order."""

    def __init__(self, *, sends: bool = True) -> None:
        self.sends: Final = sends
        """Whether requests go out; where not, each ends in :class:`NotSent`."""
        self.requests: Final[list[SentRequest]] = []
        self.stages: tuple[Stage, ...] = ()
        """Of the latest request, as far as it came."""


class NotSent(RequestRefused):
    """The request was only to be seen."""


@final
class Witness(httpx.AsyncBaseTransport):
    """Hands each request to *transport* untouched, and its answer back, and writes both into *notebook*."""

    def __init__(self, transport: httpx.AsyncBaseTransport, notebook: Notebook) -> None:
        self._transport: Final = transport
        self._notebook: Final = notebook

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the transport behind it."""
        stream = request.stream
        if isinstance(stream, httpx.AsyncByteStream) and not isinstance(stream, httpx.ByteStream):
            await request.aread()
        body = b"".join(request.stream) if isinstance(request.stream, httpx.ByteStream) else b""
        seen = SentRequest(
            method=request.method,
            url=str(request.url.copy_with(userinfo=b"", fragment=None)),
            host=request.url.raw_host.decode("ascii"),
            headers=tuple(request_fields(request)),
            body=body,
        )
        self._notebook.requests.append(seen)
        if not self._notebook.sends:
            msg = "the request was not sent, because it was only to be shown"
            raise NotSent(msg)
        try:
            response = await self._transport.handle_async_request(request)
        except TransportFailure as failure:
            self._notebook.stages = failure.failed.stages
            raise
        self._notebook.stages = response.extensions.get("bellwire_stages", ())
        return response

    async def aclose(self) -> None:
        """Closes the transport behind it."""
        await self._transport.aclose()
