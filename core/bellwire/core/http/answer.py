"""Reads one answer after another from bytes as they come. Pure: it never touches a socket.

On httptools (llhttp, Node's parser), with what that leaves to its users: limits, interim answers, the end of a body
that only the connection's end tells, trailing blanks of values, and what is left over after an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

if TYPE_CHECKING:
    from .limits import Limits

Headers = list[tuple[bytes, bytes]]


class InvalidAnswer(Exception):
    """What came is not an HTTP/1.1 answer, or one beyond the limits. Its text follows ``the receiver …``."""


class AnswerReader:
    """The state of one answer on one connection: :meth:`begin`, then :meth:`feed` until it says that all is there."""

    __slots__ = (
        "_body_size",
        "_fields",
        "_interim",
        "_limits",
        "_named",
        "_overhead",
        "_parser",
        "_pieces",
        "_problem",
        "_to_head",
        "coding",
        "complete",
        "headers",
        "keep_alive",
        "started",
        "status",
        "truncated",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits: Final = limits
        self._parser: Final = HttpResponseParser(self)
        self.begin()

    def begin(self, *, to_head: bool = False) -> None:
        """Readies for the answer to the next request; the one to a ``HEAD`` has no body, whatever its head says."""
        self.status = 0
        """Of the answer itself; 0 until its head is there."""
        self.headers: Headers = []
        self.coding = b""
        """The value of ``content-encoding``."""
        self.started = self.complete = self.keep_alive = self.truncated = self._named = False
        self._to_head = to_head
        self._pieces: list[bytes] = []
        self._body_size = self._fields = self._interim = self._overhead = 0
        self._problem = ""

    @property
    def body(self) -> bytes:
        """As it came over the wire, without its chunks' framing, cut at the limit."""
        return b"".join(self._pieces)

    def feed(self, data: memoryview | bytes) -> bool:
        """Takes what was received; true once the answer is complete. Raises :class:`InvalidAnswer`."""
        self.started = True
        if not self._named:
            self._look_for_name(data)
        size = self._body_size
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.keep_alive = False  # complete or not, nobody knows what the next bytes mean
            if not self.complete:
                raise InvalidAnswer(self._problem or _described(error)) from None
        if not self.complete:
            # Endless heads, trailers and chunk extensions never reach a callback, yet grow in the parser.
            self._overhead = self._overhead + len(data) if self._body_size == size else 0
            if self._overhead > self._limits.head_bytes:
                msg = f"sent more than {self._limits.head_bytes} bytes of header"
                raise InvalidAnswer(msg)
        return self.complete

    def _look_for_name(self, data: memoryview | bytes) -> None:
        # llhttp reads answers of RTSP and ICE, too; a status of theirs says nothing about a message sent over HTTP.
        first = bytes(data[:1])
        if first in b"\r\n":
            first = bytes(data).lstrip(b"\r\n")[:1]
        self._named = first == b"H"
        if first and not self._named:
            msg = "did not answer in HTTP/1.1: Expected HTTP/"
            raise InvalidAnswer(msg)

    def finish(self) -> bool:
        """Takes the connection's end; true when that completes the answer (RFC 9112, 6.3: no length, no chunks)."""
        if self.status and not self.complete and not self._is_framed():
            self.complete = True
            self.keep_alive = False
        return self.complete

    def _is_framed(self) -> bool:
        codings: list[bytes] = []
        for name, value in self.headers:
            match name.lower():
                case b"content-length":
                    return True
                case b"transfer-encoding":  # several lines are one list (RFC 9110, 5.2), and its last member counts
                    codings += [coding for each in value.lower().split(b",") if (coding := each.strip(b" \t"))]
        return codings[-1:] == [b"chunked"]

    # What follows is called by the parser; what it raises stops the parser.

    def on_message_begin(self) -> None:
        """The first byte of a message."""
        if self.complete:
            self._refuse("sent more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of a head or a trailer."""
        self._fields += 1
        if self._fields > self._limits.header_fields:
            self._refuse(f"sent more than {self._limits.header_fields} header fields")
        if self.status:
            return  # a trailer: nobody asked for it
        value = value.rstrip(b" \t")  # RFC 9112, 5.1; llhttp leaves them there
        self.headers.append((name, value))
        if len(name) == 16 and name.lower() == b"content-encoding":
            self.coding = value

    def on_headers_complete(self) -> None:
        """The blank line after a head."""
        status = self._parser.get_status_code()
        if status >= 200:
            self.status = status
            self.complete = self._to_head  # llhttp waits for the body of an answer to HEAD: keep_alive stays false
        elif status < 100:
            self._refuse(f"sent the status {status}")
        elif status == 101:
            self._refuse("switched protocols (101) without being asked")
        elif self._interim >= self._limits.interim_answers:
            self._refuse(f"sent more than {self._limits.interim_answers} interim answers")
        else:
            self._interim += 1
            self._fields = 0
            self.headers = []
            self.coding = b""

    def on_body(self, data: bytes) -> None:
        """Some of the body."""
        if self.complete:
            return
        room = self._limits.body_bytes - self._body_size
        self._body_size += len(data)
        if len(data) <= room:
            self._pieces.append(data)
        else:
            self._pieces.append(data[:room])
            self.truncated = self.complete = True  # keep_alive stays false: the rest is not waited for

    def on_message_complete(self) -> None:
        """The last byte of a message."""
        if self.status and not self.complete:
            self.complete = True
            self.keep_alive = self._parser.should_keep_alive()

    def _refuse(self, problem: str) -> None:
        self._problem = problem
        raise ValueError(problem)


def _described(error: Exception) -> str:
    reason = str(error).strip()
    return f"did not answer in HTTP/1.1: {reason}" if reason else "did not answer in HTTP/1.1"
