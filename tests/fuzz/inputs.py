"""Answers that are right, and what becomes of them when somebody meddles with the bytes. Pure but for the dice."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final

import attrs

_REASONS: Final = (b" OK", b" ", b"", b" Not Found", b" \xe4\xb8\xad\xe6\x96\x87", b" a\tb")
_STATUSES: Final = (200, 200, 200, 201, 202, 204, 205, 206, 299, 301, 304, 400, 404, 410, 413, 429, 500, 503, 599, 999)
_FIELDS: Final = (
    b"Date: Sat, 18 Nov 2023 08:00:00 GMT",
    b"Server: nginx",
    b"Content-Type: text/plain; charset=utf-8",
    b"X-Empty:",
    b"X-Blanks: \t both sides \t ",
    b"X-Bytes: \xe4\xb8\xad\xff",
    b"x!#$%&'*+-.^_`|~: 1",
    b"Connection: keep-alive",
    b"Connection: close",
    b"Connection: x, Close",
    b"Keep-Alive: timeout=5",
    b"Content-Length-X: 7",
    b"Set-Cookie: a=b",
    b"Set-Cookie: c=d",
    b"Trailer: X-Sum",
    b"Upgrade: h2c",
    b"Retry-After: 120",
)
_EXTENSIONS: Final = (b"",) * 8 + (b";a", b";a=b", b";a=b;c", b';a="b;c"', b" ; a = b", b";")
_TRAILERS: Final = (b"",) * 4 + (b"X-Sum: 1\r\n", b"X-Sum: 1\r\nContent-Length: 3\r\n", b"Transfer-Encoding: gzip\r\n")
_INTERIM: Final = (
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
)
_WORDS: Final = (
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\x00", b" ", b"\t", b":", b";", b",", b"0", b"00", b"+1", b"-1", b"0x1",
    b"\x7f", b"\x80", b"\xff", b'"', b"\x0b", b"\x0c", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9", b" 101 ",
    b" 99 ", b"Content-Length: 5\r\n", b"Content-Length: 6\r\n", b"Content-Length: 5, 5\r\n",
    b"Content-Length : 5\r\n", b"Content-Length: \r\n", b"Content-Length: 18446744073709551616\r\n",
    b"content-length:+5\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding: chunked, gzip\r\n", b"Transfer-Encoding: \x0bchunked\r\n",
    b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: identity\r\n", b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: x\r\n", b"\r\n folded", b"\r\n\tfolded", b"5\r\nhello\r\n", b"0\r\n\r\n",
    b"ffffffffffffffff\r\n", b"10000000000000000\r\n", b"X: y\r\n", b": y\r\n", b"no colon\r\n",
)  # fmt: skip


@attrs.frozen
class Input:
    """What a receiver sends, then closing its side, and how the bytes arrive."""

    stream: bytes
    cuts: tuple[int, ...]
    """Where the stream is cut into the pieces that arrive one by one."""
    to_head: bool
    """Whether it answers a ``HEAD``."""

    def pieces(self) -> Iterator[bytes]:
        """The stream as it arrives."""
        start = 0
        for end in (*self.cuts, len(self.stream)):
            yield self.stream[start:end]
            start = end


def inputs(seed: int, count: int) -> Iterator[Input]:
    """*count* inputs; the same for the same *seed*."""
    chance = random.Random(seed)
    for _ in range(count):
        to_head = chance.random() < 0.05
        stream = answer(chance, to_head=to_head)
        stream = mutated(stream, chance)
        cuts = sorted(chance.randrange(len(stream) + 1) for _ in range(chance.choice((0, 1, 2, 4))))
        yield Input(stream, tuple(cuts), to_head)


def mutated(stream: bytes, chance: random.Random) -> bytes:
    """*stream* after some meddling, or none."""
    for _ in range(chance.choice((0, 1, 1, 1, 1, 2, 2, 3))):
        stream = chance.choice(_MUTATIONS)(stream, chance)
    return stream


def answer(chance: random.Random, *, to_head: bool = False) -> bytes:
    """An answer as RFC 9112 has it, perhaps after interim ones, perhaps with more behind it."""
    status = chance.choice(_STATUSES)
    fields = chance.sample(_FIELDS, chance.randrange(5))
    body = chance.randbytes(chance.choice((0, 1, 5, 5, 16, 40)))
    framing = chance.choice(("length", "length", "chunked", "chunked", "close"))
    if framing == "length":
        fields.insert(chance.randint(0, len(fields)), b"Content-Length: %d" % len(body))
    elif framing == "chunked":
        fields.insert(chance.randint(0, len(fields)), b"Transfer-Encoding: chunked")
        body = _in_chunks(body, chance)
    if status in {204, 304} or to_head:
        body = b""
    version = b"1.0" if framing != "chunked" and chance.random() < 0.1 else b"1.1"
    head = b"\r\n".join((b"HTTP/%b %d%b" % (version, status, chance.choice(_REASONS)), *fields, b"", b""))
    interim = b"".join(chance.choices(_INTERIM, k=chance.choice((0, 0, 0, 0, 1, 2))))
    behind = chance.choice((b"",) * 12 + (b"HTTP/1.1 200 OK\r\n", b"\r\n", b"garbage", b"\0"))
    return interim + head + body + (behind if framing != "close" else b"")


def _in_chunks(body: bytes, chance: random.Random) -> bytes:
    chunks = []
    while body:
        size = chance.randint(1, len(body))
        form = chance.choice((b"%x", b"%X", b"0%x"))
        chunks.append(b"%b%b\r\n%b\r\n" % (form % size, chance.choice(_EXTENSIONS), body[:size]))
        body = body[size:]
    return b"".join(chunks) + b"0" + chance.choice(_EXTENSIONS) + b"\r\n" + chance.choice(_TRAILERS) + b"\r\n"


Mutation = Callable[[bytes, random.Random], bytes]


def _span(stream: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(stream) + 1)
    return start, min(len(stream), start + chance.choice((1, 1, 2, 4, 12)))


def _replace(stream: bytes, chance: random.Random) -> bytes:
    start, end = _span(stream, chance)
    return stream[:start] + chance.randbytes(1) + stream[end:]


def _flip(stream: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(stream) or 1)
    return stream[:at] + bytes(byte ^ (1 << chance.randrange(8)) for byte in stream[at : at + 1]) + stream[at + 1 :]


def _insert(stream: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(stream) + 1)
    return stream[:at] + chance.choice(_WORDS) + stream[at:]


def _overwrite(stream: bytes, chance: random.Random) -> bytes:
    start, end = _span(stream, chance)
    return stream[:start] + chance.choice(_WORDS) + stream[end:]


def _insert_line(stream: bytes, chance: random.Random) -> bytes:
    # Where a line begins: elsewhere most words are no more than a broken value.
    starts = [at + 2 for at in range(len(stream) - 1) if stream[at : at + 2] == b"\r\n"] or [0]
    at = chance.choice(starts)
    return stream[:at] + chance.choice(_WORDS) + stream[at:]


def _delete(stream: bytes, chance: random.Random) -> bytes:
    start, end = _span(stream, chance)
    return stream[:start] + stream[end:]


def _repeat(stream: bytes, chance: random.Random) -> bytes:
    start, end = _span(stream, chance)
    return stream[:end] + stream[start:]


def _lines_otherwise(stream: bytes, chance: random.Random) -> bytes:
    lines = stream.split(b"\r\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    if chance.random() < 0.5:
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines.insert(one, lines[other])
    return b"\r\n".join(lines)


def _end_early(stream: bytes, chance: random.Random) -> bytes:
    return stream[: chance.randrange(len(stream) + 1)]


def _splice(stream: bytes, chance: random.Random) -> bytes:
    other = answer(chance)
    return stream[: chance.randrange(len(stream) + 1)] + other[chance.randrange(len(other)) :]


def _other_line_end(stream: bytes, chance: random.Random) -> bytes:
    new = chance.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n"))
    return stream.replace(b"\r\n", new) if chance.random() < 0.2 else stream.replace(b"\r\n", new, 1)


_MUTATIONS: Final[tuple[Mutation, ...]] = (
    _replace, _flip, _insert, _insert, _insert_line, _insert_line, _overwrite, _delete, _repeat, _lines_otherwise,
    _end_early, _splice, _other_line_end,
)  # fmt: skip
