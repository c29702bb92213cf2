"""Settings that a host makes in its own code."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from bellwire.core.config import BusSettings, ConfiguredChannel, Settings
from bellwire.core.errors import ConfigError
from bellwire.core.plugins import ChannelTypes
from bellwire.hookspecs import ChannelConfig, Secret, declared_settings

if TYPE_CHECKING:
    from tests.unit.config.conftest import PagerConfig


def problems(**settings: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Settings(**settings)
    return [str(problem) for problem in caught.value.problems]


def test_a_channel_may_be_given_as_its_config_alone(pager: type[PagerConfig]) -> None:
    on, off = pager(enable=True, url="https://x"), pager()

    settings = Settings(channels={"on": on, "off": off})

    assert settings.channels["on"] == ConfiguredChannel(name="on", config=on)
    assert settings.channels["off"] == ConfiguredChannel(name="off", config=off, disabled_by="enable = false")
    assert [channel.active for channel in settings.channels.values()] == [True, False]


def test_what_was_made_cannot_be_changed(pager: type[PagerConfig]) -> None:
    channels = {"ops": pager()}
    settings = Settings(channels=channels)
    channels.clear()

    assert list(settings.channels) == ["ops"]
    assert isinstance(settings.channels, MappingProxyType)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        settings.locale = "zh"  # type: ignore[misc]  # that is the point


def test_they_are_checked_as_those_of_a_file_are_and_all_problems_told() -> None:
    assert problems(
        database="bellwire",
        platform_name="",
        locale="fr",
        plugins=["a:B"],
        workflow_actions="cancel",
        max_event_bytes=True,
        channels={"Ops": ChannelConfig(), "ops": "https://x"},
    ) == [
        "database: must be a URL such as sqlite:///bellwire.db or postgresql://user@host/name, got 'bellwire'",
        "platform_name: must not be empty",
        "locale: must be one of 'en', 'zh', got 'fr'",
        "plugins: must be a tuple, each item text, got list",
        "workflow_actions: must be a tuple, each item text, got 'cancel'",
        "max_event_bytes: must be a whole number, got true",
        "channels.Ops: a channel's name is made of a-z, 0-9 and -, and begins with a letter",
        "channels.ops: must be a channel's config object, got str",
    ]
    assert problems(channels=[ChannelConfig()]) == ["channels: must be a dict of configs, got list"]


def test_a_settings_repr_shows_no_secret(pager: type[PagerConfig]) -> None:
    settings = Settings(
        database="postgresql://u:s3cret@h/d",
        channels={"ops": pager(url="https://u:s3cret@h/?k=s3cret", token=Secret("s3cret"), keys=(Secret("s3cret"),))},
    )

    shown = repr(settings)
    assert "s3cret" not in shown
    assert "database='postgresql://***@h/d'" in shown
    assert "url='https://***@h/?***'" in shown


def test_settings_that_differ_have_reprs_that_differ(pager: type[PagerConfig]) -> None:
    # replicas with different files are told apart by a digest of it
    assert repr(Settings(channels={"ops": pager()})) != repr(Settings(channels={"ops": pager(urgency=2)}))
    assert repr(Settings()) == repr(Settings())


def test_the_types_of_channels_made_in_code_are_filled_in(types: ChannelTypes, pager: type[PagerConfig]) -> None:
    settings = Settings(channels={"ops": pager(), "odd": ChannelConfig()}).known_to(types)

    assert (settings.channels["ops"].type, settings.channels["odd"].type) == ("pager", "")


def test_the_brake_works_on_channels_made_in_code_as_well(pager: type[PagerConfig]) -> None:
    types = ChannelTypes(disabled=("ops", "fax"), installed=tuple)
    types.register("fax", pager)
    channels = {
        "ops": ConfiguredChannel(name="ops", type="other", config=ChannelConfig(enable=True)),
        "paper": ConfiguredChannel(name="paper", config=pager(enable=True, url="https://x")),
        "free": ConfiguredChannel(name="free", type="other", config=ChannelConfig(enable=True)),
    }

    known = Settings(channels=channels).known_to(types).channels

    assert {name: channel.disabled_by for name, channel in known.items()} == {
        "ops": "BELLWIRE_DISABLED_CHANNELS",
        "paper": "BELLWIRE_DISABLED_CHANNELS",
        "free": "",
    }


def test_each_of_the_buss_own_settings_has_a_title_and_help() -> None:
    for setting in declared_settings(BusSettings):
        assert setting.info.title, setting.name
        assert setting.info.help.endswith("."), setting.name
