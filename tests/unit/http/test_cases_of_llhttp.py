"""What llhttp's published tests of responses tell, as far as it concerns a client that sends one POST at a time.

The facts are from https://github.com/nodejs/llhttp, test/response (MIT licence, copyright Fedor Indutny); the bytes are
our own. ``python -m tests.fuzz.published`` tries the published ones themselves.
"""

from __future__ import annotations

import pytest

from bellwire.core.http import Limits
from bellwire.core.http.answer import AnswerReader, InvalidAnswer

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
REFUSED = "refused"
CUT = "cut short"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n"

CASES: dict[str, dict[str, tuple[bytes, object]]] = {
    "sample": {
        "a tab before a value": (OK + b"A:\t b\r\nContent-Length: 0\r\n\r\n", b""),
        "RTSP": (b"RTSP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", REFUSED),
        "RTSP after an empty line": (b"\r\n\r\nRTSP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", REFUSED),
        "ICE": (b"ICE/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", REFUSED),
        "a name that only begins like HTTP": (b"HTTPS/1.1 200 OK\r\n\r\n", REFUSED),
        "a head and nothing else": (OK + b"\r\n", b""),
        "a $ in a name, blanks around a length": (OK + b"X-$: 1\r\nContent-Length:  3  \r\n\r\nabc", b"abc"),
        "a chunk that is a line feed": (CHUNKED + b"1\r\n\n\r\n0\r\n\r\n", b"\n"),
        "no reason": (b"HTTP/1.1 200\r\n\r\n", b""),
        "a blank and no reason": (b"HTTP/1.1 200 \r\n\r\n", b""),
        "bare line feeds": (b"HTTP/1.1 200 OK\nA: b\n\nabc", REFUSED),
        "an underscore in a name": (OK + b"a_b: c\r\nContent-Length: 1\r\n\r\nx", b"x"),
        "an empty value is not joined to the next line": (OK + b"A: \r\nContent-Length: 2\r\n\r\nab", b"ab"),
        "a name that begins with a dot": (OK + b".et-Cookie: a\r\n_b: c\r\nContent-Length: 0\r\n\r\n", b""),
        "a blank in a name": (OK + b"en US: b\r\nContent-Length: 0\r\n\r\n", REFUSED),
        "a reason beyond ASCII": (b"HTTP/1.1 200 \xc3\xa9t\xc3\xa9\r\nContent-Length: 0\r\n\r\n", b""),
        "version 0.9": (b"HTTP/0.9 200 OK\r\n\r\n", b""),
        "no framing: the connection's end": (OK + b"A: b\r\n\r\nall of it", b"all of it"),
        "an empty line before the answer": (b"\r\n" + OK + b"Content-Length: 0\r\n\r\n", b""),
    },
    "connection": {
        "Proxy-Connection": (OK + b"Proxy-Connection: close\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        "1.0, kept alive, without a length": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n" + OK, OK),
        "1.1 without a length": (OK + b"\r\n" + OK, OK),
        "204 has no body": (NO_CONTENT + b"\r\n" + OK, b""),
        "204 that closes": (NO_CONTENT + b"Connection: close\r\n\r\n" + OK, b""),
        "more after an answer that closes": (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nokmore", b"ok"),
        "101": (b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nabcd", REFUSED),
        "101 in chunks": (b"HTTP/1.1 101 X\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", REFUSED),
        "200 with Upgrade": (OK + b"Connection: upgrade\r\nUpgrade: x\r\n\r\nabc", b"abc"),
        "200 with Upgrade and a length": (OK + b"Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n", b""),
        "200 with Upgrade in chunks": (
            OK + b"Connection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            b"ab",
        ),
        "304 with a length": (b"HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n" + OK, b""),
        "304 with chunked": (b"HTTP/1.1 304 X\r\nTransfer-Encoding: chunked\r\n\r\n" + OK, b""),
        "100 first": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", b"ok"),
        "103 first": (b"HTTP/1.1 103 X\r\nLink: <a>\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", b"ok"),
    },
    "content-length": {
        "none, and the answer closes": (OK + b"Connection: close\r\n\r\n<a>\n</a>", b"<a>\n</a>"),
        "a name that begins like it": (OK + b"Content-Length-X: 0\r\n\r\nall of it", b"all of it"),
        "tabs around it": (OK + b"Content-Length:\t2\t\r\n\r\nok", b"ok"),
        "less than it comes": (OK + b"Content-Length: 3\r\n\r\nok", CUT),
    },
    "transfer-encoding": {
        "blanks behind a chunk's size": (CHUNKED + b"1  \r\na\r\n0\r\n\r\n", REFUSED),
        "chunked is not the last": (OK + b"Transfer-Encoding: chunked, deflate\r\n\r\nraw", b"raw"),
        "chunked is not the last, on two lines": (
            OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\nraw",
            b"raw",
        ),
        "chunked is the last, on two lines": (
            OK + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            b"a",
        ),
        "chunked is the last, on two lines, and the last chunk is missing": (
            OK + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
            CUT,
        ),
        "chunkedchunked is not chunked": (OK + b"Transfer-Encoding: chunkedchunked\r\n\r\n1\r\na", b"1\r\na"),
        "extensions": (CHUNKED + b"1;x;y=z\r\na\r\n1;w;v\r\nb\r\n0\r\n\r\n", b"ab"),
        "something behind a size without a semicolon": (CHUNKED + b"1 x\r\na\r\n0 y\r\n\r\n", REFUSED),
        "nothing behind the semicolon": (CHUNKED + b"1;\r\na\r\n0\r\n\r\n", REFUSED),
        "a quoted extension": (CHUNKED + b'1;x="y; z";w="v";u;t=s\r\na\r\n0\r\n\r\n', b"a"),
        "a quoted extension that does not end": (CHUNKED + b'1;x="y; z\r\na\r\n0\r\n\r\n', REFUSED),
        "chunked in two lines by folding": (OK + b"Transfer-Encoding: chunked\r\n x\r\n\r\n0\r\n\r\n", REFUSED),
        "the last chunk is missing": (CHUNKED + b"1\r\na\r\n", CUT),
    },
    "invalid": {
        "HTP": (b"HTP/1.1 200 OK\r\n\r\n", REFUSED),
        "a digit too many in the version": (b"HTTP/01.1 200 OK\r\n\r\n", REFUSED),
        "version 11.1": (b"HTTP/11.1 200 OK\r\n\r\n", REFUSED),
        "version 1.01": (b"HTTP/1.01 200 OK\r\n\r\n", REFUSED),
        "version 5.6": (b"HTTP/5.6 200 OK\r\n\r\n", REFUSED),
        "a tab behind the version": (b"HTTP/1.1\t200 OK\r\n\r\n", REFUSED),
        "a CR before, a tab behind the version": (b"\rHTTP/1.1\t200 OK\r\n\r\n", REFUSED),
        "headers apart by a CR": (OK + b"A: 1\rB: 2\r\n\r\n", REFUSED),
        "a CR behind the status line": (b"HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n", REFUSED),
        "two CRs behind the status line": (b"HTTP/1.1 200 OK\r\rContent-Length: 4\r\n\r\nEvil", REFUSED),
        "a blank before the first header": (OK + b" A: b\r\n\r\n", REFUSED),
        "two blanks before the status": (b"HTTP/1.1  200 OK\r\n\r\n", REFUSED),
        "two blanks behind the status": (b"HTTP/1.1 200  OK\r\n\r\n", b""),
        "a status of one digit": (b"HTTP/1.1 2 OK\r\n\r\n", REFUSED),
        "line feeds alone": (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", REFUSED),
    },
    "pipelining": {
        "more answers": ((OK + b"Content-Length: 2\r\n\r\nok") * 3, b"ok"),
    },
}  # fmt: skip


@pytest.mark.parametrize("at", ["once", "every byte"])
@pytest.mark.parametrize(
    ("stream", "meant"),
    [pytest.param(*case, id=f"{page}: {name}") for page, all_of in CASES.items() for name, case in all_of.items()],
)
def test_it_is_read_as_llhttp_reads_it(stream: bytes, meant: object, at: str) -> None:
    reader = AnswerReader(Limits())
    reader.begin()
    pieces = [stream] if at == "once" else [stream[index : index + 1] for index in range(len(stream))]
    read: object
    try:
        # a connection's buffer is no bytes
        complete = any(reader.feed(memoryview(bytearray(piece))) for piece in pieces) or reader.finish()
        read = reader.body if complete else CUT
    except InvalidAnswer:
        read = REFUSED
    assert read == meant
