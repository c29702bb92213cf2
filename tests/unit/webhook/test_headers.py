from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.answer import Answer, Rules, outcome_of
from bellwire.channels.webhook.request import RequestBuilder, user_agent
from bellwire.channels.webhook.scrub import scrub, secret_forms
from bellwire.core import ConfigError
from bellwire.core.config import known_secrets, load_settings
from bellwire.core.http.head import request_head
from bellwire.hookspecs import Failed, InvalidConfig, Problem, Secret

URL = "http://192.168.21.34:8000"
ID = "0190d0c4-0000-7000-8000-000000000001"
OURS = {"host", "accept-encoding", "content-length", "content-type", "user-agent", "webhook-id"}


def config_with(headers: dict[str, str] | None = None, **settings: Any) -> WebhookConfig:
    secrets = {name: Secret(value) for name, value in (headers or {}).items()}
    return WebhookConfig(url=settings.pop("url", URL), headers=secrets, **settings)


def sent(config: WebhookConfig) -> list[tuple[bytes, bytes]]:
    return list(RequestBuilder(config).build("{}", ID).headers.raw)


def problems_of(headers: dict[str, str] | None = None, **settings: Any) -> list[str]:
    with pytest.raises(InvalidConfig) as caught:
        config_with(headers, **settings)
    return [str(problem) for problem in caught.value.problems]


def made(headers: dict[str, str]) -> tuple[WebhookConfig | None, tuple[Problem, ...]]:
    try:
        return config_with(headers), ()
    except InvalidConfig as error:
        return None, error.problems


def warnings_of(config: WebhookConfig) -> list[str]:
    return [str(problem) for problem in config.problems() if problem.severity == "warning"]


# -- headers ---------------------------------------------------------------------------------------------------------


def test_headers_go_out_as_they_were_written_between_those_of_the_wire_and_the_id() -> None:
    assert sent(config_with({"X-Api-Key": "k3y", "x-Tenant": "Müller"})) == [
        (b"Host", b"192.168.21.34:8000"),
        (b"Accept-Encoding", b"identity"),
        (b"Content-Length", b"2"),
        (b"Content-Type", b"application/json"),
        (b"User-Agent", user_agent().encode()),
        (b"X-Api-Key", b"k3y"),
        (b"x-Tenant", "Müller".encode()),
        (b"webhook-id", ID.encode()),
    ]


def test_a_content_type_of_ones_own_takes_the_place_of_ours() -> None:
    fields = sent(config_with({"content-type": "application/json; charset=utf-8"}))

    assert [value for name, value in fields if name.lower() == b"content-type"] == [b"application/json; charset=utf-8"]


names = st.text(st.characters(max_codepoint=0x17F), max_size=12) | st.sampled_from(
    ["X-A", "x-a", "Host", "CONTENT-LENGTH", "Transfer-Encoding", "webhook-id", "Authorization", "User-Agent", "Cookie"]
)


@given(st.dictionaries(names, st.text(max_size=20), max_size=4))
@example({"X-A": "a\r\nX-Injected: 1"})
@example({"X-A\r\nX-Injected": "1"})
@example({"X A": "1"})
@example({"X-A:": "1"})
@example({"X-A": "a\0b"})
@example({"X-A": "\x85"})
@example({"X-A": "\ud800"})
@example({"X-A": "1", "x-a": "2"})
@example({"": "1"})
@example({"X-A": ""})
def test_any_headers_are_refused_by_name_or_go_out_as_exactly_one_line_each(headers: dict[str, str]) -> None:
    config, problems = made(headers)
    if config is None:
        assert problems
        assert all(problem.path.startswith("headers.") for problem in problems)
        return
    request = RequestBuilder(config).build("{}", ID)
    head, _ = request_head(request, b"/", 2)
    first, *lines, end, rest = head.split(b"\r\n")
    parted = [line.partition(b": ") for line in lines]

    assert (first, end, rest) == (b"POST / HTTP/1.1", b"", b"")
    assert sorted(name.lower() for name, _, _ in parted) == sorted(
        {name.encode() for name in OURS} | {name.lower().encode() for name in headers}
    )
    for name, value in headers.items():
        assert (name.encode(), b": ", value.encode()) in parted or name.lower() == "content-type"
    assert not any(b"\n" in line or b"\r" in line or b"\0" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Host", "names the host of url"),
        ("content-length", "says where the request ends"),
        ("Transfer-Encoding", "says where the request ends"),
        ("Connection", "is about the connection"),
        ("Accept-Encoding", "is the transport's"),
        ("Content-Encoding", "would say that the body is compressed"),
        ("Proxy-Authorization", "is for a proxy"),
        ("User-Agent", "has a setting of its own: user_agent"),
        ("Webhook-Id", "begins with webhook-"),
        ("webhook-anything", "begins with webhook-"),
        ("X-Hub-Signature-256", "is the signature's"),
        ("X-Hub-Signature-256-Also", "is the signature's"),
        ("X Y", "is no header's name"),
        ("X" * 101, "is no header's name"),
        ("Ключ", "is no header's name"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_its_reason(name: str, reason: str) -> None:
    (problem,) = problems_of({name: "s3cret"})

    assert problem.startswith("headers.")
    assert f": {reason}" in problem
    assert "s3cret" not in problem


def test_all_bad_headers_are_told_at_once_each_by_its_name_and_without_its_value() -> None:
    assert problems_of({"Host": "h", "X-A": "s3\ncret", "X-B": "", "X-C": "s3cret", "x-c": "s3cret"}) == [
        "headers.Host: names the host of url",
        "headers.X-A: must not hold control characters; there is a U+000A at position 3",
        "headers.X-B: is empty: leave the header out, or give it a value",
        "headers.x-c: is there twice, as X-C too: to HTTP, capitals make no difference",
    ]


def test_blanks_at_the_ends_of_a_value_are_warned_of() -> None:
    assert warnings_of(config_with({"X-A": " a"})) == [
        "headers.X-A: begins or ends with blanks, which receivers cut off (RFC 9110, 5.5)"
    ]


@pytest.mark.parametrize(
    ("settings", "setter"),
    [
        ({"token": Secret("t")}, "token"),
        ({"username": "ops"}, "username and password"),
        ({"url": "http://ops:pw@example.org"}, "user name in url"),
    ],
)
def test_authorization_is_a_header_like_any_unless_another_setting_makes_it(
    settings: dict[str, Any], setter: str
) -> None:
    assert (b"Authorization", b"ApiKey k3y") in sent(config_with({"Authorization": "ApiKey k3y"}))
    assert problems_of({"Authorization": "ApiKey k3y"}, **settings) == [
        f"headers.Authorization: is made of {setter} already: keep one of the two"
    ]


def test_file_and_environment_set_them_and_a_problem_names_header_and_channel(tmp_path: Path) -> None:
    file = tmp_path / "bellwire.toml"
    file.write_text(
        f'[channels.ops]\ntype = "webhook"\nenable = true\nurl = "{URL}"\n'
        'headers = { X-Api-Key = { env = "KEY" }, X-Tenant = "acme" }\n'
    )
    variable = "BELLWIRE_CHANNELS__OPS__HEADERS"
    by_file = load_settings(file, environ={"KEY": "k3y"}).channels["ops"].config
    by_environment = load_settings(file, environ={"KEY": "k3y", variable: '{"X-A": "1"}'}).channels["ops"].config

    assert isinstance(by_file, WebhookConfig)
    assert isinstance(by_environment, WebhookConfig)
    assert by_file.headers == {"X-Api-Key": Secret("k3y"), "X-Tenant": Secret("acme")}
    assert by_environment.headers == {"X-A": Secret("1")}
    with pytest.raises(ConfigError) as caught:
        load_settings(file, environ={"KEY": "k3y", variable: '{"Host": "s3cret"}'})
    assert f"channels.ops.headers.Host: names the host of url (from {variable})" in str(caught.value)
    assert "s3cret" not in str(caught.value)


# -- user name and password --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "password", "value"),
    [
        ("Aladdin", "open sesame", b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),  # RFC 7617, 2
        ("test", "123£", b"Basic dGVzdDoxMjPCow=="),  # RFC 7617, 2.1
        ("key", None, b"Basic a2V5Og=="),
        ("", "pat", b"Basic OnBhdA=="),
        ("a", "b:c", b"Basic YTpiOmM="),
    ],
)
def test_user_name_and_password_go_out_as_basic_authorization(
    username: str, password: str | None, value: bytes
) -> None:
    config = config_with(username=username, password=None if password is None else Secret(password))

    assert dict(sent(config))[b"Authorization"] == value


def test_what_the_rules_of_basic_authorization_forbid_is_refused() -> None:
    assert problems_of(username="a:b") == ["username: must not hold a colon, which ends it on the wire (RFC 7617, 2)"]
    assert problems_of(username="a\n", password=Secret("b\0")) == [
        "username: must not hold control characters; there is a U+000A at position 2",
        "password: must not hold control characters; there is a U+0000 at position 2",
    ]


@pytest.mark.parametrize(
    ("settings", "path"), [({"username": "a"}, "username"), ({"password": Secret("b")}, "password")]
)
def test_a_token_and_a_user_name_cannot_both_be_sent(settings: dict[str, Any], path: str) -> None:
    assert problems_of(token=Secret("t"), **settings) == [f"{path}: cannot be sent beside a token: keep one of the two"]


def test_the_settings_go_before_the_urls_user_name_which_is_warned_of() -> None:
    config = config_with(url="http://old:pw@example.org", username="new", password=Secret("s3cret"))

    assert dict(sent(config))[b"Authorization"] == b"Basic bmV3OnMzY3JldA=="
    assert warnings_of(config) == [
        "url: its user name and password are not sent, because username and password are set"
    ]


# -- user agent --------------------------------------------------------------------------------------------------------


def test_a_user_agent_takes_the_place_of_ours() -> None:
    assert dict(sent(config_with(user_agent="ops-notifier/1.0 (+mailto:ops@example.org)")))[b"User-Agent"] == (
        b"ops-notifier/1.0 (+mailto:ops@example.org)"
    )


@pytest.mark.parametrize("agent", [" a", "a ", "a\r\nX: 1", "bell\u00e9", "a" * 201])
def test_a_user_agent_is_a_line_of_plain_ascii(agent: str) -> None:
    (problem,) = problems_of(user_agent=agent)

    assert problem.startswith("user_agent: must match")


# -- what is secret stays so -------------------------------------------------------------------------------------------

SECRETIVE = {"X-Api-Key": "k3y-of-ops", "X-Version": "2", "Authorization": "ApiKey apikey-s3cret"}


def test_no_value_of_a_header_is_shown_by_the_config() -> None:
    shown = repr(config_with(SECRETIVE))

    assert "X-Api-Key" in shown
    assert not any(value in shown for value in ("k3y-of-ops", "s3cret"))


@pytest.mark.parametrize(
    ("config", "echo"),
    [
        (config_with(SECRETIVE), "you sent k3y-of-ops"),
        (config_with(SECRETIVE), "no key apikey-s3cret"),
        (config_with(username="ops", password=Secret("pässword")), "pässword is wrong"),
        (config_with(username="ops", password=Secret("s3cret")), "Basic b3BzOnMzY3JldA=="),
        (config_with(username="key-of-ops"), "no user key-of-ops"),
    ],
)
def test_what_a_receiver_echoes_of_them_is_masked(config: WebhookConfig, echo: str) -> None:
    assert "********" in scrub(echo, secret_forms(config))


def test_a_value_that_is_too_short_to_be_a_secret_leaves_answers_readable() -> None:
    config = config_with(SECRETIVE)

    assert scrub("HTTP 2", secret_forms(config)) == "HTTP 2"
    assert set(known_secrets(config)) == {"k3y-of-ops", "ApiKey apikey-s3cret"}


@pytest.mark.parametrize(
    ("settings", "meaning"),
    [
        ({}, "the receiver wants a token, and none is set"),
        ({"token": Secret("t")}, "the receiver does not accept the token"),
        ({"username": "u"}, "the receiver does not accept the username and password"),
        ({"headers": {"X-Api-Key": "k"}}, "the receiver does not accept the headers"),
    ],
)
def test_a_refusal_names_what_was_refused(settings: dict[str, Any], meaning: str) -> None:
    rules = Rules.of(config_with(settings.pop("headers", None), **settings))
    outcome = outcome_of(Answer(status=401, headers={}, body=b""), rules, lambda: pytest.fail("not asked"))

    assert isinstance(outcome, Failed)
    assert outcome.stages[-1].detail == f"401: {meaning}"
