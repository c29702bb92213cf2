"""Two readers of the same bytes: ours, and h11's, which shares no line with it."""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs
import h11
from tests.fuzz.inputs import Input

from bellwire.core.http.answer import AnswerReader, InvalidAnswer
from bellwire.core.http.limits import Limits

Headers: TypeAlias = "tuple[tuple[bytes, bytes], ...]"


@attrs.frozen
class Read:
    """A complete answer."""

    status: int
    headers: Headers
    """The names in lower case."""
    body: bytes
    reusable: bool
    """Whether the connection may carry another request."""


@attrs.frozen
class Refused:
    """No answer, or none that is complete when the connection ends."""

    reason: str


Reading: TypeAlias = "Read | Refused"

_LIMITS: Final = Limits()


def by_ours(given: Input, *, whole: bool = False) -> Reading:
    """As a connection of ours reads it, piece by piece or as a *whole*.

    Each has a new reader, as each connection has one: that of an answer that was refused is of no further use.
    """
    reader = AnswerReader(_LIMITS)
    reader.begin(to_head=given.to_head)
    pieces = [piece for piece in ((given.stream,) if whole else given.pieces()) if piece]
    try:
        complete = any(map(reader.feed, unread := iter(pieces)))
        if not (complete or reader.finish()):
            return Refused("incomplete")
    except InvalidAnswer as error:
        return Refused(str(error))
    headers = tuple((name.lower(), value) for name, value in reader.headers)
    # Bytes that come when nobody asks close the connection, whatever they are.
    return Read(reader.status, headers, reader.body, reader.keep_alive and not any(unread))


_POST: Final = h11.Request(method="POST", target="/", headers=[("Host", "h"), ("Content-Length", "0")])
_HEAD: Final = h11.Request(method="HEAD", target="/", headers=[("Host", "h")])


def by_h11(given: Input) -> Reading:
    """As h11 reads it."""
    client = h11.Connection(h11.CLIENT)
    client.send(_HEAD if given.to_head else _POST)
    client.send(h11.EndOfMessage())
    status, body = 0, bytearray()
    headers: Headers = ()
    try:
        client.receive_data(given.stream)
        event = client.next_event()
        if event is h11.NEED_DATA:
            client.receive_data(b"")
            event = client.next_event()
        while True:
            match event:
                case h11.Response():
                    status = event.status_code
                    headers = tuple((bytes(name), bytes(value)) for name, value in event.headers)
                case h11.Data():
                    body += event.data
                case h11.EndOfMessage():
                    reusable = client.their_state is h11.DONE and not client.trailing_data[0]
                    return Read(status, headers, bytes(body), reusable)
                case h11.NEED_DATA:
                    client.receive_data(b"")
                case h11.InformationalResponse():
                    pass
                case _:
                    return Refused(f"{event!r}"[:80])
            event = client.next_event()
    except h11.RemoteProtocolError as error:
        return Refused(str(error))
