from __future__ import annotations

import random
from typing import TypeAlias

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bellwire.core.http import Limits
from bellwire.core.http.answer import AnswerReader, InvalidAnswer

Read: TypeAlias = "tuple[int, list[tuple[bytes, bytes]], bytes] | str"

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def read(*pieces: bytes, to_head: bool = False, limits: Limits | None = None) -> Read:
    """What the reader makes of *pieces* and the connection's end after them; its complaint, if it has one."""
    reader = AnswerReader(limits or Limits())
    reader.begin(to_head=to_head)
    try:
        if any(reader.feed(piece) for piece in pieces) or reader.finish():
            return reader.status, reader.headers, reader.body
    except InvalidAnswer as error:
        return str(error)
    return "incomplete"


def test_one_reader_reads_one_answer_after_another() -> None:
    reader = AnswerReader(Limits())
    for body in (b"a", b"bcd", b""):
        reader.begin()
        assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert (reader.status, reader.body, reader.keep_alive) == (200, body, True)


def test_an_empty_value_and_a_value_in_pieces() -> None:
    pieces = (b"HTTP/1.1 200 OK\r\nX-Empty:\r\nX-Lo", b"ng: ab", b"cd  \r\nContent-Length: 0\r\n\r", b"\n")
    assert read(*pieces) == (200, [(b"X-Empty", b""), (b"X-Long", b"abcd"), (b"Content-Length", b"0")], b"")


@pytest.mark.parametrize("rest", [b"HTTP/1.1 200 OK\r\n", b"x", OK])
def test_bytes_behind_an_answer_leave_it_valid_and_its_connection_unusable(rest: bytes) -> None:
    reader = AnswerReader(Limits())
    reader.begin()
    assert reader.feed(OK + rest)
    assert (reader.status, reader.body, reader.keep_alive) == (200, b"ok", False)


def test_a_body_of_exactly_the_limit_is_whole() -> None:
    reader = AnswerReader(Limits(body_bytes=5))
    reader.begin()
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    assert (reader.body, reader.truncated, reader.keep_alive) == (b"hello", False, True)


def test_a_body_beyond_the_limit_is_cut_and_complete_at_once() -> None:
    reader = AnswerReader(Limits(body_bytes=5))
    reader.begin()
    assert not reader.feed(b"HTTP/1.1 200 OK\r\n\r\nhel")
    assert reader.feed(b"lo!")
    assert (reader.body, reader.truncated, reader.keep_alive) == (b"hello", True, False)


def test_many_small_chunks_are_no_flood() -> None:
    reader = AnswerReader(Limits(head_bytes=100))
    reader.begin()
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        assert not reader.feed(b"1\r\nx\r\n")
    assert reader.feed(b"0\r\n\r\n")
    assert reader.body == b"x" * 1000


def test_an_interim_answer_leaves_no_headers_behind() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nContent-Encoding: gzip\r\nX: 1\r\n\r\n"
    reader = AnswerReader(Limits(header_fields=2))
    reader.begin()
    assert reader.feed(early * 2 + OK)
    assert (reader.headers, reader.coding) == ([(b"Content-Length", b"2")], b"")


def test_a_transfer_coding_that_is_not_chunked_ends_with_the_connection() -> None:
    assert read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc") == (
        200,
        [(b"Transfer-Encoding", b"gzip")],
        b"abc",
    )


@pytest.mark.parametrize("lines", [(b"gzip", b"chunked"), (b"gzip, chunked",), (b"gzip", b" , chunked,")])
def test_an_answer_that_ends_in_the_middle_of_its_chunks_is_not_complete(lines: tuple[bytes, ...]) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(b"Transfer-Encoding: %b\r\n" % line for line in lines) + b"\r\n"
    assert read(head) == "incomplete"
    assert read(head, b"5\r\nhel") in {"incomplete", "did not answer in HTTP/1.1: Invalid character in chunk size"}


@pytest.mark.parametrize("lines", [(b"chunked", b"gzip"), (b"chunked, gzip",), (b"xchunked",)])
def test_the_last_transfer_coding_counts(lines: tuple[bytes, ...]) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(b"Transfer-Encoding: %b\r\n" % line for line in lines) + b"\r\n"
    ours = read(head, b"abc")
    assert (ours[0], ours[2]) == (200, b"abc")


@pytest.mark.parametrize("name", [b"RTSP", b"ICE"])
@pytest.mark.parametrize("before", [b"", b"\r\n", b"\r\n\r\n"])
def test_an_answer_of_another_protocol_is_none(name: bytes, before: bytes) -> None:
    stream = before + name + b"/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    assert read(stream) == "did not answer in HTTP/1.1: Expected HTTP/"
    assert isinstance(read(*(bytes([byte]) for byte in stream)), str)


@pytest.mark.parametrize("status", [b"000", b"099", b"99", b"1000", b"-20"])
def test_a_status_that_is_none_is_refused(status: bytes) -> None:
    assert isinstance(read(b"HTTP/1.1 " + status + b" X\r\nContent-Length: 0\r\n\r\n"), str)


_LINES = st.sampled_from(
    [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 500\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"Content-Length: 5\r\n",
     b"Transfer-Encoding: chunked\r\n", b"\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"X: y\r\n", b"hello", b"\n", b"\r",
     b"Connection: close\r\n", b"Content-Encoding: gzip\r\n", b"HTTP/1.1 101 X\r\nUpgrade: y\r\n\r\n"]
)  # fmt: skip
_PIECES = st.lists(st.one_of(_LINES, st.binary(max_size=8)), max_size=12)
_STREAMS = st.one_of(_PIECES, _PIECES.map(lambda pieces: [b"HTTP/1.1 200 OK\r\n", *pieces]))


@given(_STREAMS)
@example([b"HTTP/1.1 200 OK\r\n", b"\r\n"])
@settings(max_examples=1000, deadline=None)
def test_any_bytes_are_an_answer_or_a_complaint(pieces: list[bytes]) -> None:
    read(*pieces)


@given(_STREAMS, st.randoms())
@settings(max_examples=500, deadline=None)
def test_how_the_bytes_are_cut_makes_no_difference(pieces: list[bytes], chance: random.Random) -> None:
    stream = b"".join(pieces)
    cuts = sorted(chance.sample(range(len(stream) + 1), min(len(stream), 5)))
    otherwise = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole, cut = read(stream), read(*otherwise)
    assert isinstance(whole, str) == isinstance(cut, str)
    if not isinstance(whole, str):
        assert whole == cut


# --- against h11 ---------------------------------------------------------------------------------------------------

_NAMES = st.from_regex(rb"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True).filter(
    lambda name: name.lower() not in {b"content-length", b"transfer-encoding", b"connection", b"upgrade"}
)
_VALUES = st.from_regex(rb"[\x21-\x7e\x80-\xff]?[\x20-\x7e\x80-\xff\t]{0,20}", fullmatch=True)


def _by_h11(stream: bytes, *, to_head: bool) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    client.send(h11.Request(method="HEAD" if to_head else "POST", target="/", headers=[("Host", "h")]))
    client.send(h11.EndOfMessage())
    client.receive_data(stream)
    client.receive_data(b"")
    status, headers, body = 0, [], b""
    while True:
        event = client.next_event()
        if isinstance(event, h11.Response):
            status, headers = event.status_code, [(bytes(name), bytes(value)) for name, value in event.headers]
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return status, headers, body
        else:
            assert isinstance(event, h11.InformationalResponse)


@given(
    status=st.integers(200, 599),
    headers=st.lists(st.tuples(_NAMES, _VALUES), max_size=6),
    body=st.binary(max_size=300),
    framing=st.sampled_from(["length", "chunked", "close"]),
    interim=st.integers(0, 2),
    to_head=st.booleans(),
    chance=st.randoms(),
)
@settings(max_examples=600, deadline=None)
def test_well_formed_answers_are_read_as_h11_reads_them(  # noqa: PLR0917 - all drawn
    status: int,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    framing: str,
    interim: int,
    to_head: bool,
    chance: random.Random,
) -> None:
    fields = [name + b": " + value + chance.choice([b"", b" ", b"\t "]) for name, value in headers]
    if status in {204, 304} or to_head:
        body = b""
    stream = body
    if framing == "length" and status not in {204, 304}:
        fields.insert(chance.randint(0, len(fields)), b"Content-Length: %d" % len(body))
    elif framing == "chunked" and status not in {204, 304}:
        fields.append(b"Transfer-Encoding: chunked")
        stream = b""
        while body:
            size = chance.randint(1, len(body))
            stream += b"%x\r\n%s\r\n" % (size, body[:size])
            body = body[size:]
        stream += b"" if to_head else b"0\r\n\r\n"
    head = b"\r\n".join([b"HTTP/1.1 %d Some Reason" % status, *fields, b"", b""])
    stream = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * interim + head + stream

    cuts = sorted(chance.sample(range(len(stream) + 1), min(len(stream), 6)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    ours = read(*pieces, to_head=to_head)
    assert not isinstance(ours, str), ours
    lowered = [(name.lower(), value) for name, value in ours[1]]
    assert (ours[0], lowered, ours[2]) == _by_h11(stream, to_head=to_head)
