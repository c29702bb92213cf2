"""The failure lab by itself: what it promises to those who test with it."""

from __future__ import annotations

import gzip
import re
import socket
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import httpx
import pytest

from bellwire.core.testing import fixtures
from bellwire.core.testing.lab import FAULTS, Lab, NeedsTrustme

lab = fixtures.lab  # as a conftest's pytest_plugins brings it


@attrs.frozen
class Answer:
    status: int
    headers: httpx.Headers
    body: bytes
    """As it came over the wire."""


def post(url: str, body: bytes = b"{}") -> Answer:
    with httpx.stream("POST", url, content=body, headers={"X-Test": "a  b"}, trust_env=False) as response:
        return Answer(response.status_code, response.headers, b"".join(response.iter_raw()))


def test_it_takes_down_every_request_with_its_fault_and_every_byte() -> None:
    with Lab() as lab:
        post(lab.url("500"), b"\x00\xff")
        (request,) = lab.requests
    assert (request.fault, request.method, request.target, request.body) == ("500", "POST", "/500", b"\x00\xff")
    assert request.header("x-test") == "a  b"
    assert request.raw.startswith(b"POST /500 HTTP/1.1\r\n")
    assert request.raw.endswith(b"\r\n\r\n\x00\xff")


def test_one_fault_may_be_asked_for_with_several_options() -> None:
    with Lab() as lab:
        one, two = lab.url("429", retry_after=3), lab.url("429", retry_after="Thu, 18 May 2023 00:00:07 GMT")
        assert post(one).headers["Retry-After"] == "3"
        assert post(two).headers["Retry-After"] == "Thu, 18 May 2023 00:00:07 GMT"
        assert lab.url("429", retry_after=3) == one


def test_a_redirect_leads_into_the_trap_which_tells_of_whoever_follows() -> None:
    with Lab() as lab:
        answer = post(lab.url("redirect"))
        assert answer.status == 302
        post(answer.headers["Location"])
        assert [request.fault for request in lab.requests] == ["redirect", "trap"]


def test_the_bomb_is_small_and_becomes_large() -> None:
    with Lab() as lab:
        answer = post(lab.url("gzip-bomb", megabytes=8))
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.body) < 20_000
    assert len(gzip.decompress(answer.body)) == 8 << 20


def test_half_a_response_ends_in_the_middle() -> None:
    with Lab() as lab, pytest.raises(httpx.RemoteProtocolError):
        post(lab.url("half"))


def test_a_reset_is_one() -> None:
    with Lab() as lab, pytest.raises(httpx.ReadError):
        post(lab.url("reset"))


def test_a_place_that_nobody_asked_for_says_so() -> None:
    with Lab() as lab:
        answer = post(f"{lab.url('ok')}-but-not-here")
        assert (answer.status, lab.requests[0].fault) == (404, "")


def test_every_fault_says_what_it_does_and_stands_in_the_guide_with_its_options(repository: Path) -> None:
    assert all(fault.description.endswith(".") for fault in FAULTS.values())
    rows = re.findall(
        r"^\| (`.*`) \| .* \| (.*?) ?\|$", (repository / "docs/guide/channels.md").read_text("utf-8"), re.MULTILINE
    )
    told = {name: re.findall(r"`(\w+)`", options) for names, options in rows for name in re.findall(r"`(.*?)`", names)}
    assert {name: told.get(name) for name in FAULTS} == {name: list(fault.options) for name, fault in FAULTS.items()}


@pytest.mark.parametrize(
    ("fault", "options", "error", "words"),
    [
        ("hangs", {}, ValueError, "the lab has no fault 'hangs', did you mean 'hang'?"),
        ("meteor", {}, ValueError, "there are: ok, status, 429, 500"),
        ("429", {"after": 3}, TypeError, "the fault '429' has no option 'after'; it has: retry_after, body"),
        ("hang", {"days": 3}, TypeError, "it has: none"),
    ],
)
def test_what_it_does_not_have_is_named(
    fault: str, options: dict[str, int], error: type[Exception], words: str
) -> None:
    with Lab() as lab, pytest.raises(error) as caught:
        lab.url(fault, **options)
    assert words in str(caught.value)


def test_without_trustme_only_the_certificates_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with Lab() as lab:
        assert post(lab.url("ok")).status == 200
        for fault in ("expired", "self-signed", "wrong-host", "untrusted", "https"):
            with pytest.raises(NeedsTrustme, match="pip install trustme"):
                lab.url(fault)


@pytest.mark.parametrize("fault", ["hang", "drip", "huge"])
def test_closing_ends_every_conversation_and_leaves_no_thread_and_no_port(fault: str) -> None:
    before = set(threading.enumerate())
    with Lab() as lab:
        place = urlsplit(lab.url(fault))
        sock = socket.create_connection((place.hostname, place.port))
        sock.sendall(f"POST {place.path} HTTP/1.1\r\n\r\n".encode())
        if fault != "hang":
            assert sock.recv(1)
        idle = socket.create_connection((place.hostname, place.port))
    assert set(threading.enumerate()) == before
    sock.close()
    idle.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.hostname, place.port))
    with pytest.raises(RuntimeError, match="closed"):
        lab.url("ok")


def test_closing_does_not_wait_for_a_handshake_that_never_comes() -> None:
    before = set(threading.enumerate())
    with Lab() as lab:
        place = urlsplit(lab.url("https"))
        silent = socket.create_connection((place.hostname, place.port))
    silent.close()
    assert set(threading.enumerate()) == before


def test_the_fixture_is_a_lab_of_the_tests_own(lab: Lab) -> None:
    assert post(lab.url("ok")).body == b"ok"
    assert len(lab.requests) == 1
