"""One channel's table: strictly typed, bounds checked, and everything told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bellwire.core.config import structure_channel
from bellwire.core.errors import ConfigError
from bellwire.hookspecs import Secret

if TYPE_CHECKING:
    from tests.unit.config.conftest import Loader, PagerConfig


def test_each_value_is_taken_as_its_type_has_it(load: Loader) -> None:
    config = load.channel(
        """
        enable = true
        url = "https://example.org"
        urgency = 2
        pause = 3
        tone = "high"
        level = 2
        groups = ["a", "b"]
        ports = [80]
        headers = { X-Team = "ops" }
        """
    )

    assert (config.enable, config.urgency, config.tone, config.level) == (True, 2, "high", 2)
    assert config.pause == 3.0
    assert isinstance(config.pause, float)
    assert (config.groups, config.ports, config.headers) == (("a", "b"), (80,), {"X-Team": "ops"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("urgency = '2'", "urgency: must be a whole number, got text '2'"),
        ("urgency = 2.0", "urgency: must be a whole number, got 2.0"),
        ("urgency = true", "urgency: must be a whole number, got true"),
        ("urgency = 0x" + "f" * 6000, "urgency: must be a whole number of at most 64 bits"),
        ("urgency = 18446744073709551615", "urgency: must be between 1 and 3, got 18446744073709551615"),
        ("pause = 0x" + "f" * 6000, "pause: must be a number of at most 64 bits"),
        ("pause = nan", "pause: must be a number, got nan"),
        ("pause = inf", "pause: must be a number, got inf"),
        ("pause = '1s'", "pause: must be a number, got text '1s'"),
        ("pause = 1e300", "pause: must be between 0 and 10, got 1e+300"),
        ("enable = 1", "enable: must be true or false, got 1"),
        ("enable = 'yes'", "enable: must be true or false, got text 'yes'"),
        ("url = 5", "url: must be text, got 5"),
        ("url = ['a']", "url: must be text, got an array"),
        ("url = 2023-05-18", "url: must be text, got a date or time; put quotes around 2023-05-18"),
        ("url = 'a\\u0000'", "url: must start with http:// or https://, got 'a\\\\u0000'"),
        ('signature = "a\\u0000"', "signature: must be text, and U+0000 is none"),
        ("tone = 'Low'", "tone: must be one of 'low', 'high', got text 'Low'"),
        ("level = '1'", "level: must be one of 1, 2, got text '1'"),
        ("level = true", "level: must be one of 1, 2, got true"),
        ("level = 1.0", "level: must be one of 1, 2, got 1.0"),
        ("groups = 'a'", "groups: must be an array, each item text, got text 'a'"),
        ("groups = ['a', 1, false]", "groups[1]: must be text, got 1\ngroups[2]: must be text, got false"),
        ("groups = ['a', 'b', 'c', 'd']", "groups: must have at most 3 items, has 4"),
        ("ports = [0, 80]", "ports: must be between 1 and 65535, got 0"),
        ("ports = [[1]]", "ports[0]: must be a whole number, got an array"),
        ("headers = ['a']", "headers: must be a table, each value text, got an array"),
        ("headers = { a = 1, b = 'x' }", "headers.a: must be text, got 1"),
        (
            "retry_schedule = ['5s', 'soon']",
            "retry_schedule: must be a duration such as '30s', '5m', '2h' or '7d', got 'soon'",
        ),
        ("signature = 'more than twenty characters'", "signature: must have at most 20 characters, has 27"),
    ],
)
def test_nothing_is_guessed(load: Loader, text: str, problem: str) -> None:
    assert "\n".join(load.channel_problems(text)) == problem


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("example.org", "must start with http:// or https://, got 'example.org'"),
        ("ftp://example.org", "must start with http:// or https://, got 'ftp://example.org'"),
        ("http://", "must name a host after http://, got 'http://'"),
        ("http:///path", "must name a host after http://, got 'http:///path'"),
        ("http://a b", "must not hold blanks or control characters, got 'http://a b'"),
        ("http://example.org:0", "must have a port between 1 and 65535, got 'http://example.org:0'"),
        ("http://example.org:99999", "is not a valid URL, got 'http://***'"),
        ("http://u:s3cret@", "must name a host after http://, got 'http://***@'"),
        ("http://u:s3cret/x@h", "is not a valid URL, got 'http://***'"),
        ("ftp://u:s3cret@h/?k=s3cret", "must start with http:// or https://, got 'ftp://***@h/?***'"),
        ("u:s3cret@h", "must start with http:// or https://, got '***@h'"),
    ],
)
def test_a_url_that_cannot_be_one_is_told_without_its_password(load: Loader, url: str, sentence: str) -> None:
    assert load.channel_problems(f"url = '{url}'") == [f"url: {sentence}"]


def test_an_unknown_setting_is_told_with_the_one_that_was_meant_and_without_its_value(load: Loader) -> None:
    assert load.channel_problems("urgenci = 's3cret'\nenabled = true\ntyp = 1") == [
        "enabled: unknown setting, did you mean 'enable'?",
        "typ: unknown setting, did you mean 'type'?",
        "urgenci: unknown setting, did you mean 'urgency'?",
    ]


def test_an_unknown_setting_like_no_other_is_told_with_all_that_there_are(load: Loader) -> None:
    (problem,) = load.channel_problems("xyz = 1")
    assert problem.startswith("xyz: unknown setting; there are actions, ")
    assert problem.endswith("url")


def test_an_unknown_setting_with_an_odd_name_is_quoted(load: Loader) -> None:
    (problem,) = load.channel_problems('"a\\u001b[31mb" = 1')
    assert problem.startswith("'a\\x1b[31mb': unknown setting")


def test_a_setting_of_the_bus_below_a_channels_heading_is_told_where_it_belongs(load: Loader) -> None:
    assert load.channel_problems("database = 'sqlite:///x.db'") == [
        "database: is a setting of the bus, not of a channel: write it above the first [table]"
    ]


def test_all_problems_are_told_at_once(load: Loader) -> None:
    assert load.channel_problems("enable = true\nurgency = 9\npause = 'x'\nmax_retry_times = 6\nurgenci = 1") == [
        "max_retry_times: must be between 0 and 5, got 6",
        "urgency: must be between 1 and 3, got 9",
        "pause: must be a number, got text 'x'",
        "urgenci: unknown setting, did you mean 'urgency'?",
        "url: is required while the channel is enabled",
    ]


def test_what_is_needed_only_when_enabled_is_missed_only_then(load: Loader) -> None:
    assert load.channel("enable = false").url == ""
    assert load.channel_problems("enable = true") == ["url: is required while the channel is enabled"]
    assert load.channel_problems("enable = true\nurl = ''") == ["url: is required while the channel is enabled"]


def test_values_that_are_present_are_checked_even_while_disabled(load: Loader) -> None:
    assert load.channel_problems("enable = false\nurgency = 9") == ["urgency: must be between 1 and 3, got 9"]


def test_a_setting_without_a_default_must_be_set_and_not_be_empty(load: Loader) -> None:
    assert load.problems('[channels.ops]\ntype = "strict"\npin = ""') == [
        "channels.ops.address: is required",
        "channels.ops.pin: must not be empty",
    ]


def test_a_combination_that_cannot_work_is_told_by_the_class_once_each_value_is_right(load: Loader) -> None:
    assert load.channel_problems("tone = 'high'") == ["tone: high needs an urgency of 2 or more"]
    assert load.channel_problems("tone = 'high'\npause = 99") == ["pause: must be between 0 and 10, got 99"]


def test_a_warning_of_the_class_keeps_nothing_from_starting(load: Loader) -> None:
    assert load.warnings('[channels.ops]\ntype = "pager"\nurl = "http://example.org"') == [
        "channels.ops.url: is not encrypted"
    ]


def test_a_table_that_no_file_holds_is_structured_for_pages_and_apis(pager: type[PagerConfig]) -> None:
    config = structure_channel(pager, {"url": "https://x", "level": None, "token": "t"}, path="channels.ops")

    assert (config.url, config.level, config.token) == ("https://x", None, Secret("t"))


@pytest.mark.parametrize("raw", [{"env": "HOME"}, {"file": "/etc/passwd"}, {}])
def test_pages_and_apis_cannot_refer_to_files_or_the_environment(pager: type[PagerConfig], raw: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        structure_channel(pager, {"enable": False, "token": raw, "keys": [raw]}, path="channels.ops")

    sentence = "must be text; only a configuration file may refer to the environment or to a file"
    assert [str(problem) for problem in caught.value.problems] == [
        f"channels.ops.token: {sentence}",
        f"channels.ops.keys: {sentence}",
    ]
    assert [problem.severity for problem in caught.value.problems] == ["error", "error"]


def test_a_lone_surrogate_from_an_api_is_refused(pager: type[PagerConfig]) -> None:
    with pytest.raises(ConfigError, match=r"signature: must be text, and the lone surrogate U\+D800 is none"):
        structure_channel(pager, {"signature": "a\ud800"})


def test_keys_that_are_no_text_are_refused_like_any_other_unknown_setting(pager: type[PagerConfig]) -> None:
    with pytest.raises(ConfigError, match="1: unknown setting"):
        structure_channel(pager, {1: 2, None: 3})  # type: ignore[dict-item]  # the misuse
