"""What the environment sets, and what it must not be taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bellwire.core.config import variable_name
from bellwire.hookspecs import Secret

if TYPE_CHECKING:
    from tests.unit.config.conftest import Loader


@pytest.mark.parametrize(
    ("channel", "setting", "name"),
    [
        (None, "platform_name", "BELLWIRE_PLATFORM_NAME"),
        ("ops", "url", "BELLWIRE_CHANNELS__OPS__URL"),
        ("ops-webhook", "max_retry_times", "BELLWIRE_CHANNELS__OPS_WEBHOOK__MAX_RETRY_TIMES"),
        ("a--b-", "url", "BELLWIRE_CHANNELS__A__B___URL"),
    ],
)
def test_every_setting_has_one_variable(channel: str | None, setting: str, name: str) -> None:
    assert variable_name(setting, channel) == name


@pytest.mark.parametrize("channel", ["ops", "ops-webhook", "a--b", "a-", "a--", "a--b--c", "x9-8"])
def test_whatever_a_channel_is_called_its_variable_reaches_it(load: Loader, channel: str) -> None:
    settings = load(f'[channels.{channel}]\ntype = "pager"', **{variable_name("urgency", channel): "2"})

    config = settings.channels[channel].config
    assert getattr(config, "urgency", None) == 2


def test_the_environment_goes_before_the_file(load: Loader) -> None:
    settings = load(
        'platform_name = "file"\n[channels.ops]\ntype = "pager"\nurgency = 1\ntone = "high"',
        BELLWIRE_PLATFORM_NAME="environment",
        BELLWIRE_CHANNELS__OPS__URGENCY="3",
    )

    config = settings.channels["ops"].config
    assert settings.platform_name == "environment"
    assert (getattr(config, "urgency", 0), getattr(config, "tone", 0)) == (3, "high")


def test_each_text_is_read_as_the_settings_type_has_it(load: Loader) -> None:
    config = load.channel(
        BELLWIRE_CHANNELS__OPS__ENABLE="Yes",
        BELLWIRE_CHANNELS__OPS__URL="https://example.org/a,b",
        BELLWIRE_CHANNELS__OPS__TOKEN="s3cret, with a comma",
        BELLWIRE_CHANNELS__OPS__KEYS='["a,1", "b"]',
        BELLWIRE_CHANNELS__OPS__URGENCY=" 2 ",
        BELLWIRE_CHANNELS__OPS__PAUSE="1e0",
        BELLWIRE_CHANNELS__OPS__TONE="high",
        BELLWIRE_CHANNELS__OPS__LEVEL="2",
        BELLWIRE_CHANNELS__OPS__GROUPS="night, day,",
        BELLWIRE_CHANNELS__OPS__PORTS="80,443",
        BELLWIRE_CHANNELS__OPS__HEADERS='{"X-Team": "ops"}',
        BELLWIRE_CHANNELS__OPS__SIGNATURE="",
    )

    assert config.enable
    assert config.url == "https://example.org/a,b"
    assert config.token == Secret("s3cret, with a comma")
    assert config.keys == (Secret("a,1"), Secret("b"))
    assert (config.urgency, config.pause, config.tone, config.level) == (2, 1.0, "high", 2)
    assert (config.groups, config.ports, config.headers) == (("night", "day"), (80, 443), {"X-Team": "ops"})
    assert config.signature == ""


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "yes", "on", " true "])
def test_yes_has_many_names(load: Loader, text: str) -> None:
    assert load.channel("url = 'https://x'", BELLWIRE_CHANNELS__OPS__ENABLE=text).enable


@pytest.mark.parametrize("text", ["false", "False", "0", "no", "off"])
def test_no_has_many_names(load: Loader, text: str) -> None:
    assert not load.channel("enable = true", BELLWIRE_CHANNELS__OPS__ENABLE=text).enable


@pytest.mark.parametrize("name", ["LEVEL", "GROUPS", "PORTS"])
def test_an_empty_text_takes_away_what_the_file_set(load: Loader, name: str) -> None:
    text = 'level = 1\ngroups = ["night"]\nports = [1]'
    config = load.channel(text, **{f"BELLWIRE_CHANNELS__OPS__{name}": ""})

    assert not getattr(config, name.lower())


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("ENABLE", "maybe", "must be true or false, got 'maybe'"),
        ("ENABLE", "", "must be true or false, got ''"),
        ("URGENCY", "two", "must be a whole number, got 'two'"),
        ("URGENCY", "1_0", "must be a whole number, got '1_0'"),
        ("URGENCY", "2.0", "must be a whole number, got '2.0'"),
        ("PAUSE", "nan", "must be a number, got 'nan'"),
        ("PORTS", "80,x", "must be a whole number, got 'x'"),
        ("HEADERS", "X-Team: ops", 'must be a JSON object, such as {"key": "value"}'),
        ("GROUPS", '["a"', 'must be items with commas between, or a JSON array such as ["a", "b"]'),
    ],
)
def test_a_text_that_is_no_such_thing_is_told_by_the_variables_name(
    load: Loader, name: str, text: str, sentence: str
) -> None:
    variable = f"BELLWIRE_CHANNELS__OPS__{name}"

    assert load.problems('[channels.ops]\ntype = "pager"', **{variable: text}) == [f"{variable}: {sentence}"]


def test_a_value_that_is_not_allowed_is_told_with_where_it_came_from(load: Loader) -> None:
    assert load.problems(
        '[channels.ops]\ntype = "pager"\npause = 11',
        BELLWIRE_CHANNELS__OPS__URGENCY="9",
        BELLWIRE_CHANNELS__OPS__PORTS="80,70000",
        BELLWIRE_CHANNELS__OPS__TONE="loud",
        BELLWIRE_MAX_EVENT_BYTES="1",
    ) == [
        "max_event_bytes: must be between 1024 and 16777216, got 1 (from BELLWIRE_MAX_EVENT_BYTES)",
        "channels.ops.urgency: must be between 1 and 3, got 9 (from BELLWIRE_CHANNELS__OPS__URGENCY)",
        "channels.ops.pause: must be between 0 and 10, got 11",
        "channels.ops.tone: must be one of 'low', 'high', got text 'loud' (from BELLWIRE_CHANNELS__OPS__TONE)",
        "channels.ops.ports: must be between 1 and 65535, got 70000 (from BELLWIRE_CHANNELS__OPS__PORTS)",
    ]


def test_no_message_shows_the_value_of_a_secret_or_of_an_unknown_name(load: Loader) -> None:
    problems = load.problems(
        '[channels.ops]\ntype = "pager"',
        BELLWIRE_CHANNELS__OPS__TOKEN="s3cret\r\n",
        BELLWIRE_CHANNELS__OPS__KEYS='["s3cret",',
        BELLWIRE_CHANNELS__OPS__TOKN="s3cret",
        BELLWIRE_PASSWORD="s3cret",
        BELLWIRE_CHANNELS__OPS="s3cret",
        BELLWIRE_CHANNELS__FAX__TOKEN="s3cret",
    )

    assert len(problems) == 6
    assert "s3cret" not in "\n".join(problems)


def test_an_unknown_name_is_told_with_the_one_that_was_meant(load: Loader) -> None:
    assert load.problems(
        '[channels.ops]\ntype = "pager"',
        BELLWIRE_DATABSE="x",
        BELLWIRE_TOTALLY_ELSE="x",
        BELLWIRE_SECRET_KEYS="x",
        BELLWIRE_CHANNELS__OPS__URGENCI="2",
        BELLWIRE_ADMIN__TOKENS="x",
    ) == [
        "BELLWIRE_ADMIN__TOKENS: the settings of [admin] are not available in this version",
        "BELLWIRE_DATABSE: sets nothing, did you mean 'BELLWIRE_DATABASE'?",
        "BELLWIRE_SECRET_KEYS: sets nothing, did you mean 'BELLWIRE_SECRET_KEY'?",
        "BELLWIRE_TOTALLY_ELSE: sets nothing; names that begin with BELLWIRE_ are kept for settings",
        (
            "BELLWIRE_CHANNELS__OPS__URGENCI: the channel has no such setting, "
            "did you mean 'BELLWIRE_CHANNELS__OPS__URGENCY'?"
        ),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "BELLWIRE_CHANNELS__OPS",
        "BELLWIRE_CHANNELS__ops__URL",
        "BELLWIRE_CHANNELS__OPS__url",
        "BELLWIRE_CHANNELS__9__URL",
        "BELLWIRE_CHANNELS__OPS__",
        "BELLWIRE_CHANNELS____URL",
    ],
)
def test_a_channels_variable_written_otherwise_is_told_how_to_write_it(load: Loader, name: str) -> None:
    assert load.problems("", **{name: "x"}) == [
        (
            f"{name}: must be written BELLWIRE_CHANNELS__<CHANNEL>__<SETTING>, in capitals, such as "
            "BELLWIRE_CHANNELS__OPS__URL"
        )
    ]


def test_a_name_that_would_colour_a_terminal_is_quoted(load: Loader) -> None:
    assert load.problems("", **{"BELLWIRE_\x1b[31m": "x"}) == [
        "'BELLWIRE_\\x1b[31m': sets nothing; names that begin with BELLWIRE_ are kept for settings"
    ]


def test_what_is_reserved_is_no_setting_and_no_error(load: Loader) -> None:
    load(
        "",
        BELLWIRE_CONFIG="elsewhere.toml",
        BELLWIRE_SECRET_KEY="x",
        BELLWIRE_DISABLED_CHANNELS="",
        BELLWIRE_TEST_DATABASE="x",
        OTHER_THING="x",
    )


def test_a_variable_that_a_secret_refers_to_may_have_the_prefix(load: Loader) -> None:
    config = load.channel('token = { env = "BELLWIRE_OPS_TOKEN" }', BELLWIRE_OPS_TOKEN="s3cret")
    assert config.token == Secret("s3cret")


def test_what_kubernetes_adds_for_a_service_called_bellwire_is_passed_over(load: Loader) -> None:
    load(
        "",
        BELLWIRE_SERVICE_HOST="10.0.0.1",
        BELLWIRE_SERVICE_PORT="8400",
        BELLWIRE_SERVICE_PORT_HTTP="8400",
        BELLWIRE_PORT="tcp://10.0.0.1:8400",
        BELLWIRE_PORT_8400_TCP="tcp://10.0.0.1:8400",
        BELLWIRE_PORT_8400_TCP_ADDR="10.0.0.1",
        BELLWIRE_PORT_8400_TCP_PORT="8400",
        BELLWIRE_PORT_8400_TCP_PROTO="tcp",
        BELLWIRE_WORKER_SERVICE_HOST="10.0.0.2",
        BELLWIRE_WORKER_SERVICE_PORT="1",
        BELLWIRE_WORKER_PORT="tcp://10.0.0.2:1",
    )


def test_such_a_name_alone_is_no_service(load: Loader) -> None:
    assert load.problems("", BELLWIRE_PORT="8400") == [
        "BELLWIRE_PORT: sets nothing; names that begin with BELLWIRE_ are kept for settings"
    ]


def test_a_text_that_is_not_utf_8_is_told_without_it(load: Loader) -> None:
    assert load.problems("", BELLWIRE_PLATFORM_NAME="s3cret\udcff") == ["BELLWIRE_PLATFORM_NAME: is not valid UTF-8"]


def test_a_channel_can_be_made_by_the_environment_alone(load: Loader) -> None:
    settings = load(
        "",
        BELLWIRE_CHANNELS__NIGHT_PAGER__TYPE="pager",
        BELLWIRE_CHANNELS__NIGHT_PAGER__URL="https://example.org",
        BELLWIRE_CHANNELS__NIGHT_PAGER__ENABLE="true",
    )

    channel = settings.channels["night-pager"]
    assert (channel.name, channel.type, channel.active) == ("night-pager", "pager", True)


def test_the_type_too_may_come_from_the_environment(load: Loader) -> None:
    settings = load('[channels.ops]\ntype = "fax"', BELLWIRE_CHANNELS__OPS__TYPE="pager")
    assert settings.channels["ops"].type == "pager"


def test_a_variable_for_no_channel_is_told_with_the_channel_that_was_meant(load: Loader) -> None:
    assert load.problems('[channels.ops-pager]\ntype = "pager"', BELLWIRE_CHANNELS__OPS_PAGR__URL="https://x") == [
        (
            "channels.ops-pagr: BELLWIRE_CHANNELS__OPS_PAGR__URL is set, but there is no such channel. "
            "Did you mean 'ops-pager'?"
        )
    ]
    assert load.problems("", BELLWIRE_CHANNELS__OPS__URL="https://x") == [
        (
            "channels.ops: BELLWIRE_CHANNELS__OPS__URL is set, but there is no such channel. Write [channels.ops] into "
            "the file, or set BELLWIRE_CHANNELS__OPS__TYPE too"
        )
    ]
