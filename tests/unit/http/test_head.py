from __future__ import annotations

import h11
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.http import RequestRefused
from bellwire.core.http.head import Origin, outgoing, request_head, request_origin, request_place

URL = "http://example.org/hook"


def head_of(*headers: tuple[bytes, bytes]) -> bytes:
    return request_head(httpx.Request("GET", URL, headers=list(headers)), b"/hook", 0)[0]


def test_headers_keep_their_order_case_and_bytes() -> None:
    head = head_of((b"Host", b"h"), (b"b", b"\xff"), (b"A", b" x\ty "))
    assert head.startswith(b"GET /hook HTTP/1.1\r\nHost: h\r\nb: \xff\r\nA:  x\ty \r\n")


def test_a_length_is_added_only_where_there_is_a_body_and_no_length() -> None:
    assert b"Content-Length: 3\r\n\r\n" in request_head(httpx.Request("GET", URL), b"/hook", 3)[0]
    assert b"Content-Length" not in request_head(httpx.Request("GET", URL), b"/hook", 0)[0]
    assert request_head(httpx.Request("POST", URL, content=b"abc"), b"/hook", 3)[0].count(b"Content-Length") == 1


def test_a_length_that_is_wrong_is_refused() -> None:
    with pytest.raises(RequestRefused, match="Content-Length says something else than the body's 3 bytes"):
        request_head(httpx.Request("POST", URL, headers={"Content-Length": "4"}), b"/hook", 3)


@pytest.mark.parametrize("character", [*range(9), *range(10, 32), 127])
def test_a_control_character_in_a_value_is_refused_and_the_value_not_shown(character: int) -> None:
    with pytest.raises(RequestRefused) as caught:
        head_of((b"X-Token", b"s3cret" + bytes([character]) + b"s3cret"))
    assert f"X-Token must not hold control characters; there is a 0x{character:02X}" in str(caught.value)
    assert "s3cret" not in repr(caught.value)


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"a\r\nb", b"\xff", b"a\x00", b"(a)"])
def test_a_name_that_is_none_is_refused(name: bytes) -> None:
    with pytest.raises(RequestRefused, match="is not a header's name"):
        head_of((name, b"x"))


@pytest.mark.parametrize("name", [b"Expect", b"TE", b"Trailer", b"Upgrade"])
def test_a_header_that_promises_what_we_do_not_do_is_refused(name: bytes) -> None:
    with pytest.raises(RequestRefused, match=f"the header {name.decode().lower()} is not supported"):
        head_of((name, b"x"))


@pytest.mark.parametrize("method", ["GE T", "", "GET\r\n", "PÖST", "CONNECT", "a?b\u4e00"])
def test_a_method_that_is_none_is_refused(method: str) -> None:
    request = httpx.Request("POST", URL)
    request.method = method
    with pytest.raises(RequestRefused, match="is not a method that can be sent"):
        request_head(request, b"/hook", 0)


def test_a_request_without_a_host_is_refused() -> None:
    request = httpx.Request("POST", URL)
    del request.headers["host"]
    with pytest.raises(RequestRefused, match="no Host header"):
        request_head(request, b"/hook", 0)


@pytest.mark.parametrize(("value", "closing"), [("close", True), ("Keep-Alive, Close", True), ("keep-alive", False)])
def test_a_request_may_ask_for_the_connection_to_be_closed(value: str, closing: bool) -> None:
    assert request_head(httpx.Request("POST", URL, headers={"Connection": value}), b"/hook", 0)[1] is closing


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://example.org/", ("http", "example.org", 80)),
        ("https://EXAMPLE.org/", ("https", "example.org", 443)),
        ("http://user:pw@h:8080/", ("http", "h", 8080)),
        ("http://[::1]/", ("http", "::1", 80)),
        ("http://bücher.example/", ("http", "xn--bcher-kva.example", 80)),
        ("http://ex_ample/", ("http", "ex_ample", 80)),
    ],
)
def test_the_origin_is_scheme_host_and_port(url: str, origin: tuple[str, str, int]) -> None:
    assert request_origin(httpx.URL(url)) == origin
    assert "pw" not in Origin(*origin).authority


def test_credentials_and_query_of_the_url_are_in_no_message() -> None:
    for url in ("ftp://user:s3cret@h/s3cret?s3cret", "http://user:s3cret@h:0/s3cret", "http://u:s3cret@%31/?s3cret"):
        with pytest.raises((RequestRefused, httpx.UnsupportedProtocol)) as caught:
            request_place(httpx.URL(url))
        assert "s3cret" not in repr(caught.value)


_TEXT = st.binary(max_size=20)


@given(
    headers=st.lists(st.tuples(st.one_of(st.sampled_from([b"X-A", b"Host", b"x-b"]), _TEXT), _TEXT), max_size=5),
    body=st.binary(max_size=20),
)
def test_what_is_not_refused_is_read_by_another_parser_as_it_was_meant(
    headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    request = httpx.Request("POST", URL, headers=[(b"Host", b"h"), *headers], content=body)
    try:
        message = outgoing(request, request_place(request.url), body)
    except RequestRefused:
        return
    server = h11.Connection(h11.SERVER)
    server.receive_data(message.head + message.body)
    try:
        read = server.next_event()
    except h11.RemoteProtocolError as error:
        assert "Host" in str(error)  # noqa: PT017 - two hosts: h11 is stricter, and right
        return
    assert isinstance(read, h11.Request)
    meant = [(name.lower(), value.strip(b" \t")) for name, value in request.headers.raw]
    assert [header for header in read.headers if header != (b"content-length", b"%d" % len(body))] == [
        header for header in meant if header[0] not in {b"content-length", b"transfer-encoding"}
    ]
    event = server.next_event()
    if body:
        assert isinstance(event, h11.Data)
        assert event.data == body
        event = server.next_event()
    assert isinstance(event, h11.EndOfMessage)
    assert server.trailing_data == (b"", False)
