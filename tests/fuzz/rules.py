"""Where our reader differs from h11 on purpose, and why; any other difference is a fault of one of them.

A difference is of one of three kinds, and each kind is held to something:

- *stricter*: we refuse what h11 reads. The reason that is given must be one of the rule's, and the bytes must show it.
- *laxer*: we read what h11 refuses. Once the bytes are mended as the rule says, h11 must read them as we read them
  unmended: the same status, headers (but for those that were mended) and body.
- *reuse*: we keep a connection that h11 would not keep.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import attrs

_END: Final = b"\r\n\r\n"


@attrs.frozen
class Stricter:
    """We refuse it; h11 reads it."""

    name: str
    section: str
    why: str
    reasons: tuple[str, ...]
    """How the reasons begin that the reader may give for it."""
    evidence: re.Pattern[bytes]
    """What the bytes must hold."""


@attrs.frozen
class Laxer:
    """We read it; h11 refuses it."""

    name: str
    section: str
    why: str
    mend: Callable[[bytes], bytes]
    """Makes it into what h11 reads."""
    changes: frozenset[bytes] = frozenset()
    """The headers that mending changes."""


@attrs.frozen
class Reuse:
    """We keep the connection; h11 does not."""

    name: str
    section: str
    why: str
    evidence: re.Pattern[bytes]


STRICTER: Final = (
    Stricter(
        "a line ends in LF alone, or holds a CR alone",
        "RFC 9112, 2.2",
        "a recipient may take a single LF for a line's end, and need not; a bare CR makes a line invalid",
        ("Missing expected CR after", "Invalid response status", "Invalid header field char", "Expected LF after",
         "Missing expected LF after", "Invalid header value char", "Invalid character in chunk"),
        re.compile(rb"(?<!\r)\n|\r(?!\n)"),
    ),
    Stricter(
        "a chunk's extension is not of the form name=value",
        "RFC 9112, 7.1.1",
        "h11 skips whatever stands behind the size, an empty extension and control characters too",
        ("Invalid character in chunk extensions",),
        re.compile(rb"[0-9A-Fa-f][ \t]*;"),
    ),
    Stricter(
        "blanks stand behind a chunk's size",
        "RFC 9112, 7.1",
        "the grammar has none there",
        ("Invalid character in chunk size",),
        re.compile(rb"\n[0-9A-Fa-f]+[ \t]"),
    ),
    Stricter(
        "Transfer-Encoding and Content-Length come together, in the head or with the trailer",
        "RFC 9112, 6.3, item 3",
        "it ought to be handled as an error; h11 drops the length, and does not look for one in a trailer",
        ("Content-Length can't be present with", "Transfer-Encoding can't be present with"),
        re.compile(rb"(?is)content-length.*transfer-encoding|transfer-encoding.*content-length"),
    ),
    Stricter(
        "Content-Length comes more than once, or as a list, or with something that is no digit",
        "RFC 9112, 6.3, item 5",
        "equal lengths may be taken for one, and need not be",
        ("Duplicate Content-Length", "Invalid character in Content-Length", "Empty Content-Length"),
        re.compile(rb"(?is)content-length"),
    ),
    Stricter(
        "Content-Length is 2^64 or more",
        "RFC 9110, 8.6",
        "a recipient must expect large numbers and not overflow; h11's integers have no bound",
        ("Content-Length overflow",),
        re.compile(rb"(?i)content-length:[ \t]*[0-9]{20}"),
    ),
    Stricter(
        "a line goes on in the next one (obs-fold)",
        "RFC 9112, 5.2",
        "a user agent has to replace it by blanks; nobody who answers a webhook folds lines, and it hides headers",
        ("Unexpected whitespace after header value", "Unexpected space after start line", "Invalid header value char"),
        re.compile(rb"\r\n[ \t]"),
    ),
    Stricter(
        "a header's value holds a control character",
        "RFC 9110, 5.5",
        "they are invalid and dangerous; h11 refuses NUL, CR and LF alone, and we could not hand them on safely",
        ("Invalid header value char",),
        re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"),
    ),
    Stricter(
        "a tab or a comma stands behind Transfer-Encoding: chunked",
        "RFC 9110, 5.5 and 5.6.1.2",
        "both mean chunked, but llhttp waits for the connection's end: its chunks' framing must not pass for a body",
        ("incomplete",),
        re.compile(rb"(?i)chunked[ ]*[\t,]"),
    ),
    Stricter(
        "the version is none that exists",
        "RFC 9112, 2.3",
        "a receiver that says HTTP/9.1 has not been understood; h11 takes any digits",
        ("Invalid HTTP version",),
        re.compile(rb"HTTP/(?!1\.[01]|2\.0|0\.9)[0-9]\.[0-9]"),
    ),
    Stricter(
        "an interim answer says that the connection closes, and another answer follows",
        "RFC 9112, 9.6",
        "nothing may follow on a connection that was said to close",
        ("Data after `Connection: close`",),
        re.compile(rb"HTTP/[0-9]\.[0-9] 1[0-9][0-9]"),
    ),
)  # fmt: skip


def _heads(stream: bytes) -> tuple[bytes, bytes, bytes]:
    """The heads of the interim answers, that of the answer itself, and the rest."""
    start = 0
    while True:
        line = _blanks_and_version.match(stream, start)
        end = stream.find(_END, line.start("version")) if line else -1
        if line is None or end < 0:
            return stream[:start], stream[start:], b""
        end += len(_END)
        if not line["status"].startswith(b"1"):
            return stream[:start], stream[start:end], stream[end:]
        start = end


_blanks_and_version: Final = re.compile(rb"[\r\n]*(?P<version>HTTP/[0-9]\.[0-9]) (?P<status>[0-9]{3})")
_leading: Final = re.compile(rb"(\A|\r\n\r\n)[\r\n]+(?=HTTP/)")
_status_line: Final = re.compile(rb"(?m)^HTTP/[0-9]\.[0-9] [0-9]{3} [^\r\n]*")
_reason_controls: Final = bytes(each for each in range(0x20) if each not in b"\t\r\n") + b"\x7f"
_coding: Final = re.compile(rb"(?im)^transfer-encoding:([^\r\n]*)\r\n")
_trailing_framing: Final = re.compile(rb"(?im)^(transfer-encoding|content-length):[^\r\n]*\r\n")


def _without_empty_lines(stream: bytes) -> bytes:
    interim, head, rest = _heads(stream)
    return _leading.sub(rb"\1", interim + head) + rest


def _with_plain_reasons(stream: bytes) -> bytes:
    interim, head, rest = _heads(stream)
    return _status_line.sub(lambda found: found[0].translate(None, _reason_controls), interim + head) + rest


def _with_one_coding(stream: bytes) -> bytes:
    interim, head, rest = _heads(stream)
    codings = [each.strip(b" \t") for line in _coding.findall(head) for each in line.lower().split(b",")]
    head = _coding.sub(b"", head)
    if [each for each in codings if each][-1:] == [b"chunked"]:
        head = head[: -len(b"\r\n")] + b"Transfer-Encoding: chunked\r\n\r\n"
    return _coding.sub(b"", interim) + head + rest


def _with_a_plain_trailer(stream: bytes) -> bytes:
    interim, head, rest = _heads(stream)
    return interim + head + _trailing_framing.sub(b"", rest)


LAXER: Final = (
    Laxer(
        "empty lines, or a CR, stand before the status line",
        "RFC 9112, 2.2",
        "some send an empty line too many behind a body; llhttp skips it, as servers should before a request",
        _without_empty_lines,
    ),
    Laxer(
        "the reason phrase holds a control character",
        "RFC 9112, 4",
        "a client should ignore the phrase; ours throws it away unread",
        _with_plain_reasons,
    ),
    Laxer(
        "Transfer-Encoding is something else than chunked, comes more than once, or with an interim answer",
        "RFC 9112, 6.3, item 4",
        "where chunked is the last coding the chunks end the body, else the connection's end does, and an interim "
        "answer has no body; h11 knows chunked only",
        _with_one_coding,
        frozenset({b"transfer-encoding"}),
    ),
    Laxer(
        "the trailer holds a Transfer-Encoding or Content-Length that would not do in a head",
        "RFC 9110, 6.5.1",
        "a trailer's fields may be ignored, and are; framing never comes from there",
        _with_a_plain_trailer,
    ),
)

REUSE: Final = (
    Reuse(
        "HTTP/1.0 with Connection: keep-alive",
        "RFC 9112, 9.3",
        "such a connection persists; h11 closes it",
        re.compile(rb"(?is)HTTP/1\.0 .*keep-alive"),
    ),
    Reuse(
        "an empty line follows the answer",
        "RFC 9112, 2.2",
        "llhttp skips it before the next answer, as above",
        re.compile(rb"[\r\n]\Z"),
    ),
)
