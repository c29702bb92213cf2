from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bellwire.channels.webhook import WebhookConfig, request
from bellwire.channels.webhook.request import RequestBuilder, url_problem, user_agent
from bellwire.channels.webhook.verify import verify, verify_github
from bellwire.hookspecs import InvalidConfig, Secret, WorkflowEvent

ID = "0190d0c4-0000-7000-8000-000000000001"
SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def built(*, url: str = "http://192.168.21.34:8000", token: str | None = None, body: str = "{}") -> httpx.Request:
    config = WebhookConfig(url=url, token=None if token is None else Secret(token))
    return RequestBuilder(config).build(body, ID)


def test_the_sample_event_is_the_239_bytes_of_the_specification(sample_event: WorkflowEvent, sample_json: str) -> None:
    request = built(body=sample_event.to_json())

    assert request.read() == sample_json.encode()
    assert len(request.read()) == 239


def test_the_request_has_exactly_these_headers(sample_json: str) -> None:
    request = built(token="test123", body=sample_json)

    assert request.method == "POST"
    assert request.headers.raw == [
        (b"Host", b"192.168.21.34:8000"),
        (b"Accept-Encoding", b"identity"),
        (b"Authorization", b"Bearer test123"),
        (b"Content-Length", b"239"),
        (b"Content-Type", b"application/json"),
        (b"User-Agent", user_agent().encode()),
        (b"webhook-id", ID.encode()),
    ]


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_there_is_no_authorization(token: str | None) -> None:
    assert "authorization" not in built(token=token).headers


def test_a_token_that_is_not_ascii_goes_out_as_utf_8() -> None:
    assert dict(built(token="密钥é").headers.raw)[b"Authorization"] == b"Bearer \xe5\xaf\x86\xe9\x92\xa5\xc3\xa9"


@given(st.text())
@example("a\r\nX-Injected: 1")
@example("\x85")
@example("\ud800")
def test_any_token_that_can_be_saved_goes_out_as_its_own_bytes_and_no_other_breaks_a_line(token: str) -> None:
    unsafe = any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in token)
    if unsafe or any("\ud800" <= character <= "\udfff" for character in token):
        with pytest.raises(InvalidConfig, match=r"^token: must "):
            built(token=token)
        return
    value = dict(built(token=token).headers.raw).get(b"Authorization")

    assert value == (b"Bearer " + token.encode() if token else None)
    assert value is None or not any(byte < 0x20 or byte == 0x7F for byte in value)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_body_goes_out_as_utf_8_with_its_length_in_bytes(body: str) -> None:
    request = built(body=body)

    assert request.read() == body.encode()
    assert request.headers["content-length"] == str(len(body.encode()))


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("http://example.org", b"example.org", b"/"),
        ("http://example.org:80/a", b"example.org", b"/a"),
        ("https://example.org:443/a?b=c d", b"example.org", None),
        ("https://example.org:8443/a?b=c", b"example.org:8443", b"/a?b=c"),
        ("http://[::1]:8000/", b"[::1]:8000", b"/"),
        ("http://例子.cn/路径", b"xn--fsqu00a.cn", b"/%E8%B7%AF%E5%BE%84"),
        ("http://ops:pw@example.org/#part", b"example.org", b"/"),
        ("HTTP://EXAMPLE.org", b"example.org", b"/"),
    ],
)
def test_the_host_header_names_the_host_and_any_unusual_port(url: str, host: bytes, target: bytes | None) -> None:
    if target is None:
        with pytest.raises(InvalidConfig, match="blanks"):
            built(url=url)
        return
    request = built(url=url)

    assert dict(request.headers.raw)[b"Host"] == host
    assert request.url.raw_path == target


def test_a_url_with_a_user_name_sends_basic_authorization_as_other_clients_do() -> None:
    request = built(url="http://ops:p%40ss@example.org/hook#part")

    assert request.headers["authorization"] == "Basic b3BzOnBAc3M="
    assert str(request.url) == "http://example.org/hook"


def test_a_token_goes_before_the_urls_user_name() -> None:
    assert built(url="http://ops:pw@example.org", token="t").headers["authorization"] == "Bearer t"


def test_each_request_stands_for_itself() -> None:
    builder = RequestBuilder(WebhookConfig(url="http://example.org"))
    first, second = builder.build('{"a":1}', "one"), builder.build('{"b":22}', "two")
    first.headers["X-Changed"] = "1"
    first.extensions["changed"] = True

    assert (second.headers["webhook-id"], second.headers["content-length"]) == ("two", "8")
    assert "x-changed" not in second.headers
    assert "changed" not in second.extensions


def test_the_time_outs_reach_transports_that_are_not_ours() -> None:
    config = WebhookConfig(url="http://example.org", connect_timeout_seconds=5, timeout_seconds=3)

    assert RequestBuilder(config).build("{}", ID).extensions["timeout"] == {
        "connect": 3,
        "read": 3,
        "write": 3,
        "pool": 3,
    }


def test_a_builder_refuses_a_url_that_the_client_cannot_use() -> None:
    with pytest.raises(ValueError, match=r"^url: must start with http:// or https://"):
        RequestBuilder(WebhookConfig())


@pytest.mark.parametrize("url", ["http://999.1.1.1", "http://xn--a", "ftp://example.org", "http://", "http://[::1"])
def test_the_client_says_what_is_wrong_with_a_url(url: str) -> None:
    assert url_problem(url)


def at(seconds: float) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(seconds, UTC)


def test_a_signature_follows_the_id_and_changes_nothing_else(sample_json: str) -> None:
    plain = RequestBuilder(WebhookConfig(url="http://example.org")).build(sample_json, ID)
    config = WebhookConfig(url="http://example.org", signature="standard", signing_secret=(Secret(SIGNING_SECRET),))
    signed = RequestBuilder(config, at(1614265330.9)).build(sample_json, ID)

    assert signed.headers.raw[: len(plain.headers.raw)] == plain.headers.raw
    assert [name for name, _ in signed.headers.raw[len(plain.headers.raw) :]] == [
        b"webhook-timestamp",
        b"webhook-signature",
    ]
    assert signed.read() == plain.read()
    assert verify(signed.read(), signed.headers, SIGNING_SECRET, now=1614265330).timestamp == 1614265330


def test_each_sending_bears_its_own_time() -> None:
    clock = iter([at(100)(), at(200)()])
    config = WebhookConfig(url="http://example.org", signature="standard", signing_secret=(Secret(SIGNING_SECRET),))
    builder = RequestBuilder(config, lambda: next(clock))
    first, second = builder.build("{}", ID), builder.build("{}", ID)

    assert (first.headers["webhook-timestamp"], second.headers["webhook-timestamp"]) == ("100", "200")
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_without_being_told_the_time_it_is_that_of_this_machine() -> None:
    config = WebhookConfig(url="http://example.org", signature="standard", signing_secret=(Secret(SIGNING_SECRET),))
    request = RequestBuilder(config).build("{}", ID)

    assert verify(b"{}", request.headers, SIGNING_SECRET, tolerance=10).webhook_id == ID


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_signed_are_the_bytes_that_are_sent(body: str) -> None:
    config = WebhookConfig(url="http://example.org", signature="github", signing_secret=(Secret("密"),))
    request = RequestBuilder(config).build(body, ID)

    assert verify_github(request.read(), request.headers, "密") == 0


def test_a_disabled_channel_without_its_secret_is_told_when_it_is_tested() -> None:
    config = WebhookConfig(url="http://example.org", signature="standard")

    with pytest.raises(ValueError, match=r'^signing_secret: is required while signature is "standard"$'):
        RequestBuilder(config)


def test_the_user_agent_names_bellwire_and_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(_: str) -> str:
        raise PackageNotFoundError

    assert user_agent().startswith("bellwire/")
    monkeypatch.setattr(request, "version", not_installed)
    assert user_agent.__wrapped__() == "bellwire/0"
