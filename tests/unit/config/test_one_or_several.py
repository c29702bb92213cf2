"""A setting that takes one value or a list of them: from a file, the environment and an API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from bellwire.channels.webhook import WebhookConfig
from bellwire.core.config import json_schema, structure_channel
from bellwire.core.errors import ConfigError
from bellwire.hookspecs import Channel, ChannelConfig, ChannelContext, Secret, channel_config, setting

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.config.conftest import Loader


@channel_config
class RelayConfig(ChannelConfig):
    """Takes one key or several."""

    keys: tuple[Secret, ...] = setting(default=(), single=True)
    steps: tuple[int, ...] = setting(default=(), single=True, ge=1)

    async def open(self, context: ChannelContext) -> Channel:
        raise NotImplementedError


@pytest.fixture
def relay(load: Loader) -> Loader:
    load.types.register("relay", RelayConfig)
    return load


def keys(relay: Loader, text: str = "", **environ: str) -> tuple[str, ...]:
    config = relay(f'[channels.ops]\ntype = "relay"\n{text}', **environ).channels["ops"].config
    assert isinstance(config, RelayConfig)
    return tuple(key.reveal() for key in config.keys)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ('keys = ""', ()),
        ("keys = []", ()),
        ('keys = "one"', ("one",)),
        ('keys = "one, with a comma"', ("one, with a comma",)),
        ('keys = { env = "KEY" }', ("from the environment",)),
        ('keys = { file = "key" }', ("from the file",)),
        ('keys = ["one"]', ("one",)),
        ('keys = [{ env = "KEY" }, { file = "key" }, "one"]', ("from the environment", "from the file", "one")),
    ],
)
def test_in_a_file_one_stands_by_itself_and_several_in_a_list(
    relay: Loader, tmp_path: Path, text: str, expected: tuple[str, ...]
) -> None:
    (tmp_path / "key").write_text("from the file\n")
    (tmp_path / "key").chmod(0o600)

    assert keys(relay, text, KEY="from the environment") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("one", ("one",)),
        ("one, with a comma ", ("one, with a comma ",)),
        ('["new", "old"]', ("new", "old")),
        ('["[one]"]', ("[one]",)),
    ],
)
def test_in_the_environment_one_stands_as_it_is_and_several_as_a_json_array(
    relay: Loader, text: str, expected: tuple[str, ...]
) -> None:
    assert keys(relay, 'keys = "of the file"', BELLWIRE_CHANNELS__OPS__KEYS=text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("keys = 5", 'keys: must be text, { env = "NAME" } or { file = "path" }, got a number'),
        ("keys = ['a', 5]", 'keys[1]: must be text, { env = "NAME" } or { file = "path" }, got a number'),
        ("keys = { env = 'NONE' }", "keys: the environment variable 'NONE' is not set"),
        ("keys = { x = 's3cret' }", 'keys: must be text, { env = "NAME" } or { file = "path" }'),
        ("steps = 'a'", "steps: must be a whole number, got text 'a'"),
        ("steps = 0", "steps: must be at least 1, got 0"),
    ],
)
def test_what_is_wrong_is_told_as_for_a_single_value(relay: Loader, text: str, problem: str) -> None:
    assert relay.problems(f'[channels.ops]\ntype = "relay"\nenable = true\n{text}') == [f"channels.ops.{problem}"]


def test_what_begins_like_a_list_in_the_environment_and_is_none_is_refused_without_it(relay: Loader) -> None:
    (problem,) = relay.problems('[channels.ops]\ntype = "relay"\n', BELLWIRE_CHANNELS__OPS__KEYS="[s3cret")

    assert problem.startswith("BELLWIRE_CHANNELS__OPS__KEYS: must be items with commas between, or a JSON array")
    assert "s3cret" not in problem


def test_of_a_secret_that_cannot_be_had_no_consequence_is_told(relay: Loader) -> None:
    relay.types.register("webhook", WebhookConfig)
    table = """
        [channels.ops]
        type = "webhook"
        enable = true
        url = "http://192.168.21.34:8000"
        signature = "standard"
        signing_secret = {}
        """

    assert relay.problems(table.format('[{ env = "NEW" }, { env = "OLD" }]'), OLD="whsec_") == [
        "channels.ops.signing_secret: the environment variable 'NEW' is not set"
    ]
    assert relay.problems(table.format("[]")) == [
        'channels.ops.signing_secret: is required while signature is "standard"'
    ]


def test_over_an_api_one_cannot_refer_to_a_file_or_the_environment_either() -> None:
    for reference in ({"env": "KEY"}, [{"file": "key"}]):
        with pytest.raises(ConfigError, match="only a configuration file may refer"):
            structure_channel(RelayConfig, {"keys": reference})


@pytest.mark.parametrize(
    ("value", "valid"),
    [("one", True), ("", True), (["one", "two"], True), ({"env": "KEY"}, True), (5, False), ([5], False)],
)
def test_the_schema_takes_one_as_well_as_a_list(value: Any, valid: bool) -> None:
    schema = json_schema(RelayConfig)

    assert Draft202012Validator(schema).is_valid({"keys": value}) is valid
    assert schema["properties"]["keys"]["writeOnly"]
