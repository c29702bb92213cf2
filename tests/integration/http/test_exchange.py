from __future__ import annotations

import gzip
import threading
import time
import zlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bellwire.core.http import AnswerInvalid, AnswerLost, GuardedTransport, Limits, RequestRefused, SendFailed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.http.conftest import Answering, Peer, Runner, Serve

HEAD = b"HTTP/1.1 200 OK\r\n"


# --- what goes out -------------------------------------------------------------------------------------------------


def test_the_request_goes_out_byte_for_byte_as_it_was_built(run: Runner, serve: Serve) -> None:
    seen: list[Any] = []

    def script(peer: Peer) -> None:
        seen.append(peer.read_request())
        peer.send(HEAD + b"Content-Length: 0\r\n\r\n")

    receiver = serve(script)
    run.send(receiver.url + "?a=1", content=b'{"a":"\xe5\xb7\xa5"}', headers={"X-One": "1", "x-two": "2"})
    head = (
        f"POST /hook?a=1 HTTP/1.1\r\nHost: {receiver.authority}\r\nX-One: 1\r\nx-two: 2\r\nContent-Length: 11"
    ).encode()
    assert seen == [(head, b'{"a":"\xe5\xb7\xa5"}')]


def test_a_large_body_arrives_whole(run: Runner, serve: Serve) -> None:
    body = bytes(range(256)) * 16384  # 4 MiB
    seen: list[Any] = []

    def script(peer: Peer) -> None:
        seen.append(peer.read_request())
        peer.send(HEAD + b"Content-Length: 0\r\n\r\n")

    assert run.send(serve(script).url, content=body).status_code == 200
    assert seen[0][1] == body


def test_a_body_from_an_asynchronous_iterator_is_sent_with_its_length(run: Runner, serve: Serve) -> None:
    seen: list[Any] = []

    def script(peer: Peer) -> None:
        seen.append(peer.read_request())
        peer.send(HEAD + b"Content-Length: 0\r\n\r\n")

    receiver = serve(script)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    async def use(transport: GuardedTransport) -> None:
        await transport.handle_async_request(httpx.Request("POST", receiver.url, content=pieces()))

    run(use)
    head, body = seen[0]
    assert body == b"onetwo"
    assert b"transfer-encoding" not in head.lower()


def test_a_body_from_a_plain_iterator_is_refused(run: Runner) -> None:
    async def use(transport: GuardedTransport) -> None:
        await transport.handle_async_request(httpx.Request("POST", "http://127.0.0.1:9/", content=iter([b"x"])))

    with pytest.raises(RequestRefused, match="asynchronous iterator"):
        run(use)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b", "\r\n\r\nGET /"])
def test_a_header_that_would_break_the_line_never_reaches_the_wire(run: Runner, serve: Serve, value: str) -> None:
    receiver = serve(lambda peer: peer.wait_for_close())
    with pytest.raises(RequestRefused, match="X-Token") as caught:
        run.send(receiver.url, headers={"X-Token": value})
    assert caught.value.failed.stage == "config"
    assert not caught.value.failed.retryable
    assert "Evil" not in str(caught.value)
    assert receiver.connections == 0


def test_bytes_beyond_ascii_in_a_header_go_out_as_they_are(run: Runner, serve: Serve) -> None:
    seen: list[Any] = []

    def script(peer: Peer) -> None:
        seen.append(peer.read_head())
        peer.send(HEAD + b"Content-Length: 0\r\n\r\n")

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> None:
        headers = [(b"Host", b"h"), (b"Authorization", "Bearer 令牌".encode()), (b"Content-Length", b"0")]
        await transport.handle_async_request(httpx.Request("POST", receiver.url, headers=headers))

    run(use)
    assert "Authorization: Bearer 令牌".encode() in seen[0]


# --- what comes back -----------------------------------------------------------------------------------------------


def test_an_answer_with_a_length(run: Runner, serve: Serve, answering: Answering) -> None:
    response = run.send(serve(answering(HEAD + b"Content-Length: 5\r\nX-A:  b \t\r\n\r\nhello")).url)
    assert (response.status_code, response.content, response.headers["x-a"]) == (200, b"hello", "b")
    assert response.extensions["truncated"] is False


def test_an_answer_byte_by_byte(run: Runner, serve: Serve, answering: Answering) -> None:
    text = HEAD + b"Content-Length: 5\r\n\r\nhello"
    response = run.send(serve(answering(*(bytes([byte]) for byte in text))).url)
    assert response.content == b"hello"


def test_an_answer_in_chunks_with_extensions_and_trailers(run: Runner, serve: Serve, answering: Answering) -> None:
    pieces = (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        b"3;x=y\r\nhel\r\n",
        b"2\r\nlo\r\n",
        b"0\r\nX-Sum: 1\r\n\r\n",
    )
    response = run.send(serve(answering(*pieces)).url)
    assert response.content == b"hello"
    assert "x-sum" not in response.headers


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_an_answer_that_only_the_end_of_the_connection_ends(
    run: Runner, serve: Serve, answering_once: Answering, version: bytes
) -> None:
    response = run.send(serve(answering_once(b"HTTP/" + version + b" 500 No\r\n\r\n", b"hel", b"lo")).url)
    assert (response.status_code, response.content) == (500, b"hello")


def test_a_receiver_that_shuts_only_its_own_side_after_answering(run: Runner, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD + b"\r\nhello")
        peer.sock.shutdown(1)
        peer.wait_for_close()

    assert run.send(serve(script).url).content == b"hello"


def test_interim_answers_are_skipped(run: Runner, serve: Serve, answering: Answering) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    response = run.send(serve(answering(interim, HEAD + b"Content-Length: 2\r\n\r\nok")).url)
    assert (response.status_code, response.content) == (200, b"ok")
    assert "link" not in response.headers


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_by_its_status(run: Runner, serve: Serve, answering: Answering, status: int) -> None:
    response = run.send(serve(answering(b"HTTP/1.1 %d X\r\n\r\n" % status)).url)
    assert (response.status_code, response.content) == (status, b"")


def test_the_answer_to_head_has_no_body_whatever_its_head_says(run: Runner, serve: Serve, answering: Answering) -> None:
    response = run.send(serve(answering(HEAD + b"Content-Length: 5\r\n\r\n")).url, method="HEAD", content=b"")
    assert response.content == b""


def test_a_redirect_is_handed_back_and_not_followed(run: Runner, serve: Serve, answering: Answering) -> None:
    trap = serve(answering(HEAD + b"Content-Length: 0\r\n\r\n"))
    location = b"Location: " + trap.url.encode()
    response = run.send(serve(answering(b"HTTP/1.1 302 Found\r\n" + location + b"\r\nContent-Length: 0\r\n\r\n")).url)
    assert response.status_code == 302
    assert trap.connections == 0


def test_a_500_with_megabytes_of_body_is_cut_and_counts(run: Runner, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 500 Oops\r\nContent-Length: 8000000\r\n\r\n")
        peer.send(b"x" * 8_000_000)

    response = run.send(serve(script).url)
    assert (response.status_code, len(response.content)) == (500, 65536)
    assert response.extensions["truncated"] is True


def test_an_endless_body_is_cut_and_its_connection_closed(run: Runner, serve: Serve) -> None:
    closed = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD + b"\r\n")
        try:
            while True:
                peer.sock.sendall(b"x" * 65536)
        except OSError:
            closed.set()

    response = run.send(serve(script).url, limits=Limits(body_bytes=1000))
    assert response.content == b"x" * 1000
    assert closed.wait(10)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "x-gzip", "GZIP", "bare deflate"])
def test_a_compressed_body_is_decoded(run: Runner, serve: Serve, answering: Answering, coding: str) -> None:
    plain = b"hello " * 100
    bare = zlib.compressobj(wbits=-15)
    body = {
        "deflate": zlib.compress(plain),
        "bare deflate": bare.compress(plain) + bare.flush(),
    }.get(coding, gzip.compress(plain))
    name = coding.removeprefix("bare ").encode()
    head = HEAD + b"Content-Encoding: " + name + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    response = run.send(serve(answering(head + body)).url)
    assert response.content == plain
    assert "content-encoding" not in response.headers
    assert response.extensions["truncated"] is False


def test_a_gzip_bomb_is_inflated_up_to_the_cap_only(run: Runner, serve: Serve, answering_once: Answering) -> None:
    bomb = gzip.compress(bytes(40_000_000))  # 39 KB
    head = b"HTTP/1.1 500 X\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    response = run.send(serve(answering_once(head + bomb)).url)
    assert (response.status_code, response.content) == (500, bytes(65536))
    assert response.extensions["truncated"] is True


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"gzip, gzip", b"deflate", b"\xff"])
def test_a_body_that_cannot_be_decoded_is_handed_out_raw(
    run: Runner, serve: Serve, answering: Answering, coding: bytes
) -> None:
    head = b"HTTP/1.1 500 X\r\nContent-Encoding: " + coding + b"\r\nContent-Length: 5\r\n\r\n"
    response = run.send(serve(answering(head + b"\x00\xff!!!")).url)
    assert (response.status_code, response.content) == (500, b"\x00\xff!!!")
    assert response.extensions["undecoded"] == coding.decode("latin-1")


def test_a_body_of_invalid_utf8_is_handed_out_as_it_is(run: Runner, serve: Serve, answering: Answering) -> None:
    head = b"HTTP/1.1 500 X\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\n"
    response = run.send(serve(answering(head + b"\xff\xfe\x80")).url)
    assert response.content == b"\xff\xfe\x80"
    assert response.text


# --- what comes back and is no answer ------------------------------------------------------------------------------


def chunked(*pieces: bytes) -> tuple[bytes, ...]:
    return (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *pieces)


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ((), "closed the connection without an answer"),
        ((b"HTTP/1.1 20",), "closed the connection without an answer"),
        ((HEAD + b"Content-Le",), "closed the connection without an answer"),
        ((HEAD + b"Content-Length: 5\r\n\r\nhel",), r"in the middle of its answer \(status 200\)"),
        (chunked(b"5\r\nhel"), r"in the middle of its answer \(status 200\)"),
        (chunked(b"3\r\nhel\r\n"), r"in the middle of its answer \(status 200\)"),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), "did not answer in HTTP/1.1"),
        ((b"garbage\r\n\r\n",), "did not answer in HTTP/1.1"),
        ((b"HTTP/1.1 abc OK\r\n\r\n",), "did not answer in HTTP/1.1"),
        ((b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",), "did not answer in HTTP/1.1"),
        ((b"\x15\x03\x01\x00\x02\x02\x50",), "speaks TLS on this port"),
        (
            (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",),
            r"switched protocols \(101\)",
        ),
        ((b"HTTP/1.1 100 Continue\r\n\r\n" * 9,), "more than 8 interim answers"),
        ((HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",), "did not answer in HTTP/1.1"),
        ((HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",), "did not answer in HTTP/1.1"),
        ((HEAD + b"Content-Length: -5\r\n\r\n",), "did not answer in HTTP/1.1"),
        ((HEAD + b"X: 1\r\n" * 129 + b"\r\n",), "more than 128 header fields"),
        ((HEAD + b"X: " + b"x" * 200_000 + b"\r\n\r\n",), "more than 65536 bytes of header"),
        ((b"HTTP/1.1 200 " + b"x" * 200_000,), "more than 65536 bytes of header"),
        (chunked(b"0\r\n" + b"X: 1\r\n" * 129 + b"\r\n"), "more than 128 header fields"),
        (chunked(b"0\r\nX: " + b"x" * 200_000), "more than 65536 bytes of header"),
        (chunked(b"1;" + b"x" * 200_000), "more than 65536 bytes of header"),
        (chunked(b"zz\r\n"), "did not answer in HTTP/1.1"),
    ],
)
def test_what_is_no_answer_fails_and_says_why(
    run: Runner, serve: Serve, answering_once: Answering, pieces: tuple[bytes, ...], said: str
) -> None:
    receiver = serve(answering_once(*pieces))
    with pytest.raises(AnswerInvalid, match=said) as caught:
        run.send(receiver.url)
    failed = caught.value.failed
    assert (failed.stage, failed.retryable) == ("response", True)
    assert failed.detail.startswith(f"{receiver.authority} ")
    assert [stage.name for stage in failed.stages] == ["connect", "send", "response"]
    assert caught.value.address == receiver.authority
    assert isinstance(caught.value, httpx.RemoteProtocolError)
    assert caught.value.request.method == "POST"
    assert receiver.connections == 1  # a new connection that dies is not tried again


def test_a_reset_instead_of_an_answer(run: Runner, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.reset()

    receiver = serve(script)
    with pytest.raises(AnswerLost, match="broke before it answered: connection reset by peer") as caught:
        run.send(receiver.url)
    assert caught.value.errno == 104
    assert receiver.connections == 1


# --- answers that overtake their request ---------------------------------------------------------------------------


def test_an_early_answer_is_returned_and_the_connection_not_used_again(run: Runner, serve: Serve) -> None:
    answered = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        answered.acquire(timeout=10)  # until then nothing is read, so that a part of the body must stay unsent
        peer.wait_for_close()

    receiver = serve(script)

    async def use(transport: GuardedTransport) -> list[tuple[int, bytes]]:
        answers = []
        for _ in range(2):
            response = await transport.handle_async_request(
                httpx.Request("POST", receiver.url, content=b"x" * 30_000_000)
            )
            answers.append((response.status_code, await response.aread()))
            answered.release()
        return answers

    assert run(use) == [(413, b"big")] * 2
    assert receiver.connections == 2


def test_an_early_answer_is_returned_even_when_the_receiver_resets_right_after_it(run: Runner, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        # closing with the body unread makes the kernel send a reset

    receiver = serve(script)
    for _ in range(20):
        response = run.send(receiver.url, content=b"x" * 3_000_000)
        assert (response.status_code, response.content) == (413, b"big")


def test_a_receiver_that_closes_while_the_request_is_being_written(run: Runner, serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.read_head()
        time.sleep(0.05)  # until the buffers of both kernels are full
        peer.reset()

    with pytest.raises(SendFailed, match="did not take the whole request") as caught:
        run.send(serve(script).url, content=b"x" * 30_000_000)
    failed = caught.value.failed
    assert failed.stage == "send"
    assert [stage.name for stage in failed.stages] == ["connect", "send"]
    assert caught.value.errno in {32, 104}
    assert isinstance(caught.value, httpx.WriteError)


# --- the stages ----------------------------------------------------------------------------------------------------


def test_the_stages_tell_what_a_new_and_what_a_kept_connection_did(
    run: Runner, serve: Serve, answering: Answering
) -> None:
    receiver = serve(answering(HEAD + b"Content-Length: 0\r\n\r\n"))

    async def use(transport: GuardedTransport) -> list[tuple[str, str]]:
        request = httpx.Request("POST", receiver.url, content=b"{}")
        first = await transport.handle_async_request(request)
        second = await transport.handle_async_request(request)
        stages = (*first.extensions["bellwire_stages"], *second.extensions["bellwire_stages"])
        assert all(0 <= stage.seconds < 5 for stage in stages)
        return [(stage.name, stage.detail) for stage in stages]

    assert run(use) == [
        ("connect", receiver.authority),
        ("send", ""),
        ("response", ""),
        ("send", f"on the open connection to {receiver.authority}"),
        ("response", ""),
    ]
