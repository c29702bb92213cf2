from __future__ import annotations

import subprocess
import sys
from typing import Any, cast

import attrs
import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.hookspecs import InvalidConfig, Problem, Secret, SettingInfo

URL = "http://192.168.21.34:8000"


def problems_of(**settings: Any) -> list[str]:
    with pytest.raises(InvalidConfig) as caught:
        WebhookConfig(**settings)
    return [str(problem) for problem in caught.value.problems]


def warnings_of(**settings: Any) -> list[Problem]:
    return [problem for problem in WebhookConfig(**settings).problems() if problem.severity == "warning"]


def test_the_defaults_are_those_of_the_specification() -> None:
    config = WebhookConfig()

    assert not config.enable
    assert (config.url, config.token) == ("", None)
    assert (config.max_retry_times, config.retry_interval_seconds) == (3, 1)
    assert (config.connect_timeout_seconds, config.timeout_seconds) == (5, 15)
    assert (config.accept_status, config.test_payload) == ("200", "message")


@pytest.mark.parametrize("times", range(6))
@pytest.mark.parametrize("interval", range(1, 6))
def test_every_value_in_range_is_taken(times: int, interval: int) -> None:
    WebhookConfig(enable=True, url=URL, max_retry_times=times, retry_interval_seconds=interval)


def test_all_that_is_out_of_range_is_told_at_once_even_while_disabled() -> None:
    assert problems_of(
        url="example.org",
        token=Secret("a\r\nb"),
        max_retry_times=6,
        retry_interval_seconds=0,
        connect_timeout_seconds=0,
        timeout_seconds=301,
    ) == [
        "max_retry_times: must be between 0 and 5, got 6",
        "retry_interval_seconds: must be between 1 and 5, got 0",
        "timeout_seconds: must be between 0.1 and 300, got 301",
        "url: must start with http:// or https://, got 'example.org'",
        "token: must not hold control characters; there is a U+000D at position 2",
        "connect_timeout_seconds: must be between 0.1 and 60, got 0",
    ]


def test_a_url_is_needed_only_while_enabled() -> None:
    WebhookConfig(enable=False)
    assert problems_of(enable=True) == ["url: is required while the channel is enabled"]


@pytest.mark.parametrize(
    "url",
    [
        "http://a",
        "https://a.b:8443/c?d=e#f",
        "http://192.168.21.34:8000",
        "http://[::1]:80",
        "http://例子.cn/路径",
        "http://xn--fsqu00a.cn",
        "http://under_score.example",
        "http://u:p@h",
        "http://127.1",
    ],
)
def test_urls_over_http_and_https_are_taken(url: str) -> None:
    assert WebhookConfig(enable=True, url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "a",
        "//a",
        "http:a",
        "http://",
        "http:///path",
        "ftp://a",
        "http://a:0",
        "http://a:65536",
        "http://a:b",
        "http://[::1",
        "http://a b",
        "http://a\r\nX: 1",
        "http://999.1.1.1",
        "http://xn--a",
        "http://" + "a" * 65536,
    ],
)
def test_other_urls_are_refused_in_one_sentence_about_the_url(url: str) -> None:
    (problem,) = problems_of(url=url)

    assert problem.startswith("url: ")
    assert len(problem) < 500
    assert "\n" not in problem


@pytest.mark.parametrize("token", ["t", "密钥", "with blank", '"', "é" * 5000, "\U0001f514"])
def test_any_text_without_control_characters_is_a_token(token: str) -> None:
    assert WebhookConfig(token=Secret(token)).problems() == []


@pytest.mark.parametrize("token", ["a\r\nX: 1", "a\n", "\t", "\0", "\x7f", "\x85", "\ud800"])
def test_a_token_that_would_break_the_header_is_refused_and_not_shown(token: str) -> None:
    (problem,) = problems_of(token=Secret(token))

    assert problem.startswith("token: must ")
    assert token not in problem


@pytest.mark.parametrize("token", [" t", "t ", "t\u00a0"])
def test_blanks_around_a_token_are_warned_of(token: str) -> None:
    assert [problem.path for problem in warnings_of(token=Secret(token))] == ["token"]


@pytest.mark.parametrize(
    ("url", "whose"),
    [
        ("https://oapi.dingtalk.com/robot/send?access_token=k", "DingTalk"),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/k", "Feishu"),
        ("https://open.larksuite.com/open-apis/bot/v2/hook/k", "Lark"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", "WeCom"),
    ],
)
def test_the_url_of_a_robot_is_taken_with_a_warning(url: str, whose: str) -> None:
    (warning,) = warnings_of(enable=True, url=url)

    assert warning.path == "url"
    assert f"belongs to {whose}, whose robots read their own format only" in warning.message
    assert "docs/" in warning.message


def test_a_token_beside_a_user_name_is_warned_of() -> None:
    (warning,) = warnings_of(url="http://ops:pw@example.org", token=Secret("t"))

    assert warning == Problem("url", "its user name and password are not sent, because a token is set", "warning")


def test_no_secret_is_shown_by_the_config() -> None:
    assert "s3cret" not in repr(WebhookConfig(token=Secret("s3cret")))


@pytest.mark.parametrize("field", attrs.fields(cast("type[attrs.AttrsInstance]", WebhookConfig)), ids=lambda f: f.name)
def test_every_setting_has_a_title_and_a_help(field: attrs.Attribute[Any]) -> None:
    info = SettingInfo.of(field)

    assert info.title
    assert info.help.endswith(".")


def test_importing_and_configuring_it_loads_neither_httpx_nor_click() -> None:
    code = (
        "import sys; from bellwire.channels.webhook import WebhookConfig\n"
        "WebhookConfig(enable=True, url='http://192.168.21.34:8000')\n"
        "WebhookConfig(enable=True, url='https://example.org:8443/hook?key=1')\n"
        "print([name for name in ('httpx', 'click', 'ssl', 'asyncio', 'http.server') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert shown == "[]\n"
