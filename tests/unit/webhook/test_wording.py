from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.channels.webhook.wording import NetworkFailure, network_error, one_line, response_error
from bellwire.hookspecs import Failed, FailureStage, Stage

URL = "http://192.168.21.34:8000"
ADDRESS = "192.168.21.34:8000"
NAMED = "https://example.org/hook"


def worded(
    stage: FailureStage,
    *,
    url: str = URL,
    detail: str = "our own words",
    under_way: str = "",
    kinds: tuple[str, ...] = (),
    method: str = "POST",
    **known: Any,
) -> str:
    stages = (Stage(under_way, 1.0),) if under_way else ()
    failed = Failed(stage=stage, detail=detail, stages=stages)
    return network_error(NetworkFailure(method=method, url=url, failed=failed, kinds=frozenset(kinds), **known))


@pytest.mark.parametrize(
    ("stage", "known", "reason"),
    [
        # connect
        (
            "connect",
            {"address": ADDRESS, "errno": errno.ECONNREFUSED},
            f"dial tcp {ADDRESS}: connect: connection refused",
        ),
        ("connect", {"errno": errno.ECONNREFUSED}, f"dial tcp {ADDRESS}: connect: connection refused"),
        ("connect", {"errno": errno.EHOSTUNREACH}, f"dial tcp {ADDRESS}: connect: no route to host"),
        ("connect", {"errno": errno.ENETUNREACH}, f"dial tcp {ADDRESS}: connect: network is unreachable"),
        ("connect", {"errno": errno.ETIMEDOUT}, f"dial tcp {ADDRESS}: connect: connection timed out"),
        ("connect", {"errno": errno.EMFILE}, f"dial tcp {ADDRESS}: connect: too many open files"),
        ("connect", {"errno": 9999}, f"dial tcp {ADDRESS}: connect: errno 9999"),
        ("connect", {}, f"dial tcp {ADDRESS}: our own words"),
        ("connect", {"address": "[::1]:80", "errno": errno.ECONNREFUSED, "url": "http://localhost"},
         "dial tcp [::1]:80: connect: connection refused"),
        ("connect", {"errno": errno.ECONNREFUSED, "url": "http://[::1]"},
         "dial tcp [::1]:80: connect: connection refused"),
        ("connect", {"errno": errno.ECONNREFUSED, "url": NAMED},
         "dial tcp example.org:443: connect: connection refused"),
        # dns
        ("dns", {"url": NAMED, "errno": socket.EAI_NONAME}, "dial tcp: lookup example.org: no such host"),
        ("dns", {"url": NAMED}, "dial tcp: lookup example.org: no such host"),
        ("dns", {"url": NAMED, "errno": socket.EAI_AGAIN},
         "dial tcp: lookup example.org: Temporary failure in name resolution"),
        # time-outs
        ("timeout", {"under_way": "dns", "url": NAMED, "kinds": ("ConnectTimeout",)},
         "dial tcp: lookup example.org: i/o timeout"),
        ("timeout", {"under_way": "connect", "address": ADDRESS}, f"dial tcp {ADDRESS}: i/o timeout"),
        ("timeout", {"kinds": ("ConnectTimeout",)}, f"dial tcp {ADDRESS}: i/o timeout"),
        ("timeout", {"kinds": ("PoolTimeout",)}, f"dial tcp {ADDRESS}: i/o timeout"),
        ("timeout", {"under_way": "tls", "url": NAMED}, "net/http: TLS handshake timeout"),
        ("timeout", {"under_way": "response", "kinds": ("ReadTimeout",)}, f"read tcp {ADDRESS}: i/o timeout"),
        ("timeout", {}, f"read tcp {ADDRESS}: i/o timeout"),
        # send and response
        ("send", {"errno": errno.EPIPE}, f"write tcp {ADDRESS}: write: broken pipe"),
        ("send", {}, f"write tcp {ADDRESS}: our own words"),
        ("response", {"kinds": ("ReadError",)}, "EOF"),
        ("response", {}, "EOF"),
        ("response", {"kinds": ("RemoteProtocolError",), "detail": "h:1 closed the connection without an answer"},
         "EOF"),
        ("response", {"kinds": ("RemoteProtocolError",), "detail": "h:1 closed the connection in the middle of it"},
         "unexpected EOF"),
        ("response", {"errno": errno.ECONNRESET}, f"read tcp {ADDRESS}: read: connection reset by peer"),
        ("response", {"kinds": ("RemoteProtocolError",)},
         "net/http: HTTP/1.x transport connection broken: malformed HTTP response"),
        # tls
        ("tls", {"url": NAMED, "verify_code": 10},
         "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: it has expired"),
        ("tls", {"url": NAMED, "verify_code": 18},
         "tls: failed to verify certificate: x509: certificate signed by unknown authority"),
        ("tls", {"url": NAMED, "verify_code": 62},
         "tls: failed to verify certificate: x509: certificate is valid for other names, not example.org"),
        ("tls", {"url": NAMED, "verify_code": 99}, "tls: failed to verify certificate: x509: our own words"),
        ("tls", {"tls_reason": "WRONG_VERSION_NUMBER"}, "http: server gave HTTP response to HTTPS client"),
        ("tls", {"tls_reason": "SSLV3_ALERT_HANDSHAKE_FAILURE"}, "remote error: tls: handshake failure"),
        ("tls", {"tls_reason": "SOMETHING_NEW", "errno": 1}, "tls: our own words"),
        ("tls", {}, "tls: our own words"),
        ("tls", {"errno": errno.ECONNRESET}, f"read tcp {ADDRESS}: read: connection reset by peer"),
        # what Go knows nothing of
        ("policy", {}, "our own words"),
        ("config", {}, "our own words"),
        ("channel", {}, "our own words"),
        ("proxy", {}, "proxyconnect tcp: our own words"),
    ],
)  # fmt: skip
def test_failures_have_the_words_that_the_references_users_search_for(
    stage: FailureStage, known: dict[str, Any], reason: str
) -> None:
    url = known.get("url", URL)

    assert worded(stage, **known) == f'Post "{url}": {reason}'


def test_the_specifications_own_example() -> None:
    assert worded("connect", address=ADDRESS, errno=errno.ECONNREFUSED) == (
        'Post "http://192.168.21.34:8000": dial tcp 192.168.21.34:8000: connect: connection refused'
    )


def test_the_url_is_shown_without_what_it_keeps_secret() -> None:
    assert worded("policy", url="https://ops:pw@example.org/hook?key=1").startswith(
        'Post "https://***@example.org/hook?***": '
    )


def test_other_methods_are_named_as_go_names_them() -> None:
    assert worded("policy", method="PUT").startswith('Put "')


def test_an_answer_that_is_no_success_is_quoted() -> None:
    assert response_error(500, "boom", limit=512) == "response status_code(500) body(boom)"
    assert response_error(500, "boom\r\n", limit=512) == "response status_code(500) body(boom)"


@given(st.text(), st.integers(1, 50))
def test_one_line_is_one_line_and_no_longer_than_its_characters(text: str, limit: int) -> None:
    line = one_line(text, limit=limit)

    assert len(line.splitlines()) <= 1
    line.encode()  # no surrogate
    if text.isprintable() and len(text) <= limit:
        assert line == text


def test_ideographic_blanks_stay_and_invisible_controls_show() -> None:
    assert one_line("甲\u3000乙\u00a0\u200b\u2028\x07", limit=99) == "甲\u3000乙\u00a0" + r"\u200b\u2028\x07"
