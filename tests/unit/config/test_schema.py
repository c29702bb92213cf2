"""The JSON Schema of a config class."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from bellwire.core.config import BusSettings, json_schema, structure_channel
from bellwire.core.errors import ConfigError
from bellwire.core.plugins import ChannelTypes
from bellwire.hookspecs import Channel, ChannelConfig, ChannelContext, Secret, channel_config, setting

if TYPE_CHECKING:
    from tests.unit.config.conftest import PagerConfig


def accepts(config_class: type[Any], raw: dict[str, Any]) -> bool:
    schema = json_schema(config_class)
    Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    return Draft202012Validator(schema).is_valid(raw)


@pytest.mark.parametrize("name", ["im", "webhook"])
def test_the_schemas_of_the_installed_channels_are_schemas(name: str) -> None:
    assert accepts(ChannelTypes(disabled=()).get(name), {})


def test_the_schema_of_the_bus_is_a_schema() -> None:
    assert accepts(BusSettings, {"platform_name": "ACME", "plugins": ["a:B"]})
    assert not accepts(BusSettings, {"platform_name": ""})


def test_what_a_setting_declares_stands_in_the_schema(pager: type[PagerConfig]) -> None:
    schema = json_schema(pager)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["title"], schema["description"]) == ("PagerConfig", "Rings the pager.")
    properties = schema["properties"]
    assert properties["urgency"] == {"title": "Urgency", "default": 1, "type": "integer", "minimum": 1, "maximum": 3}
    assert properties["tone"] == {"title": "Tone", "default": "low", "enum": ["low", "high"]}
    assert properties["level"] == {"title": "Level", "default": None, "anyOf": [{"enum": [1, 2]}, {"type": "null"}]}
    assert properties["groups"] == {
        "title": "Groups",
        "default": [],
        "type": "array",
        "items": {"type": "string"},
        "maxItems": 3,
    }
    assert properties["headers"] == {
        "title": "Headers",
        "default": {},
        "type": "object",
        "additionalProperties": {"type": "string"},
    }
    assert properties["max_retry_times"]["description"].startswith("How many times an event is sent at most")


def test_a_secret_is_write_only_and_its_default_never_told() -> None:
    @channel_config
    class Fax(ChannelConfig):
        pin: Secret = setting(default=Secret("s3cret"), title="PIN", examples=("s3cret",))
        pins: tuple[Secret, ...] = setting(default=(Secret("s3cret"),), title="PINs")

        async def open(self, context: ChannelContext) -> Channel:
            raise NotImplementedError

    schema = json_schema(Fax)

    assert "s3cret" not in json.dumps(schema)
    for name in ("pin", "pins"):
        assert schema["properties"][name]["writeOnly"] is True
        assert "default" not in schema["properties"][name]
    for raw in ("text", {"env": "NAME"}, {"file": "path"}):
        assert accepts(Fax, {"pin": raw, "pins": [raw]})
    for odd in (5, {"env": "A", "file": "B"}, {"vault": "x"}, {"env": ""}, {}, ["x"]):
        assert not accepts(Fax, {"pin": odd})


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"url": "", "signature": "", "token": ""},
        {"url": "HTTPS://u:p@example.org:8443/a?b=c#d"},
        {"enable": True, "url": "http://x"},
        {"urgency": 3, "pause": 0, "tone": "high", "level": None, "ports": [1, 65535]},
        {"token": "密钥", "keys": ["a"], "headers": {"": ""}},
        {"retry_schedule": ["5s", "1.5m", "10ms"]},
        {"timeout_seconds": 15},
    ],
)
def test_it_accepts_what_the_class_accepts(pager: type[PagerConfig], raw: dict[str, Any]) -> None:
    structure_channel(pager, raw)
    assert accepts(pager, raw)


@pytest.mark.parametrize(
    "raw",
    [
        {"urgency": 0},
        {"urgency": 4},
        {"urgency": "1"},
        {"urgency": True},
        {"pause": 10.5},
        {"enable": "yes"},
        {"tone": "loud"},
        {"level": 3},
        {"groups": ["a", "b", "c", "d"]},
        {"groups": "a"},
        {"ports": [0]},
        {"headers": {"a": 1}},
        {"url": "example.org"},
        {"url": "ftp://example.org"},
        {"token": "a\r\nb"},
        {"retry_schedule": ["soon"]},
        {"signature": "more than twenty characters"},
        {"unknown": 1},
        {"enable": True},
        {"enable": True, "url": ""},
    ],
)
def test_it_refuses_what_the_class_refuses(pager: type[PagerConfig], raw: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        structure_channel(pager, raw)
    assert not accepts(pager, raw)


def test_a_setting_without_a_default_is_required_and_not_empty() -> None:
    @channel_config
    class Fax(ChannelConfig):
        number: str = setting(title="Number")

        async def open(self, context: ChannelContext) -> Channel:
            raise NotImplementedError

    assert json_schema(Fax)["required"] == ["number"]
    assert accepts(Fax, {"number": "1"})
    assert not accepts(Fax, {"number": ""})
    assert not accepts(Fax, {})


def test_a_pattern_holds_for_the_whole_text_and_is_left_out_where_python_alone_knows_it() -> None:
    @channel_config
    class Fax(ChannelConfig):
        """Sends faxes.

        Over the telephone.
        """

        number: str = setting(default="", pattern="[0-9]+|none")
        code: str = setting(default="", pattern="(?i)[a-f]+")
        line: str = setting(default="", pattern="[a-z ]+", format="line", min_length=2)

        async def open(self, context: ChannelContext) -> Channel:
            raise NotImplementedError

    schema = json_schema(Fax)
    assert schema["description"] == "Sends faxes.\n\nOver the telephone."
    assert schema["properties"]["number"]["title"] == "Number"
    assert "pattern" not in json.dumps(schema["properties"]["code"])
    assert accepts(Fax, {"number": "123", "code": "FF", "line": "ab"})
    assert accepts(Fax, {"number": "", "code": "", "line": ""})
    assert not accepts(Fax, {"number": "123a"})
    assert not accepts(Fax, {"line": "a"})
    assert not accepts(Fax, {"line": "AB"})


def test_what_is_enabled_by_default_needs_its_settings_by_default() -> None:
    @channel_config
    class Fax(ChannelConfig):
        enable: bool = setting(default=True)
        number: str = setting(default="", required_when_enabled=True)

        async def open(self, context: ChannelContext) -> Channel:
            raise NotImplementedError

    assert not accepts(Fax, {})
    assert accepts(Fax, {"number": "1"})
    assert accepts(Fax, {"enable": False})
    with pytest.raises(ConfigError, match="number: is required while the channel is enabled"):
        structure_channel(Fax, {})
