"""``@channel_config``: what it makes, and what an author's slip is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from bellwire.hookspecs import Channel, ChannelConfig, ChannelContext, InvalidConfig, Problem, channel_config, setting


@channel_config
class PagerConfig(ChannelConfig):
    """Rings the pager."""

    endpoint: str = setting(title="Endpoint", format="uri")
    urgency: int = setting(default=1, ge=1, le=3, title="Urgency")
    line: str = setting(default="", required_when_enabled=True)

    def check(self) -> Iterator[Problem]:
        if self.urgency == 3:
            yield Problem("urgency", "wakes people", "warning")
        if self.urgency == 2 and self.endpoint.startswith("http:"):
            yield Problem("urgency", "2 needs https")

    async def open(self, context: ChannelContext) -> Channel:
        raise NotImplementedError


def test_settings_are_keywords_and_inherited_ones_come_along() -> None:
    config = PagerConfig(endpoint="http://x", max_retry_times=5)

    assert (config.endpoint, config.urgency, config.enable, config.max_retry_times) == ("http://x", 1, False, 5)
    with pytest.raises(TypeError):
        PagerConfig("http://x")  # type: ignore[call-arg,arg-type]  # the misuse
    with pytest.raises(TypeError, match="endpoint"):
        PagerConfig()  # type: ignore[call-arg]  # the misuse


def test_two_that_are_configured_alike_are_two() -> None:
    one, two = PagerConfig(endpoint="http://x"), PagerConfig(endpoint="http://x")

    assert one != two
    assert len({one, two}) == 2


def test_all_problems_are_raised_at_once() -> None:
    with pytest.raises(InvalidConfig) as caught:
        PagerConfig(endpoint="x", urgency=9, enable=True)
    assert [str(problem) for problem in caught.value.problems] == [
        "endpoint: must start with a scheme, such as https://, got 'x'",
        "urgency: must be between 1 and 3, got 9",
        "line: is required while the channel is enabled",
    ]


def test_combinations_are_looked_at_once_each_value_is_right() -> None:
    with pytest.raises(InvalidConfig, match=r"^urgency: 2 needs https$"):
        PagerConfig(endpoint="http://x", urgency=2)
    with pytest.raises(InvalidConfig, match=r"^max_retry_times: must be between 0 and 5, got 6$"):
        PagerConfig(endpoint="http://x", urgency=2, max_retry_times=6)


def test_a_warning_does_not_keep_a_config_from_being_made() -> None:
    assert PagerConfig(endpoint="http://x", urgency=3).problems() == [Problem("urgency", "wakes people", "warning")]


def test_what_an_enabled_channel_would_lack_can_be_asked_before_it_is_enabled() -> None:
    config = PagerConfig(endpoint="http://x")
    assert config.problems() == []
    assert [str(problem) for problem in config.missing_when_enabled()] == [
        "line: is required while the channel is enabled"
    ]


def test_a_value_that_is_zero_or_false_is_there() -> None:
    @channel_config
    class Fax(ChannelConfig):
        pages: int | None = setting(default=None, required_when_enabled=True)
        loud: bool | None = setting(default=None, required_when_enabled=True)

        async def open(self, context: ChannelContext) -> Channel:
            raise NotImplementedError

    Fax(enable=True, pages=0, loud=False)
    with pytest.raises(InvalidConfig, match="pages: is required"):
        Fax(enable=True, loud=False)


def test_a_config_that_does_not_open_says_so() -> None:
    @channel_config
    class Fax(ChannelConfig): ...

    with pytest.raises(NotImplementedError, match=r"Fax does not define open\(\)"):
        asyncio.run(Fax().open(None))  # type: ignore[arg-type]  # it is never looked at


def refusal(own: dict[str, Any], base: type = ChannelConfig) -> str:
    with pytest.raises(TypeError) as caught:
        channel_config(type("Fax", (base,), own))
    return str(caught.value)


def test_a_class_of_another_family_is_refused() -> None:
    assert refusal({}, base=object) == "Fax must derive from ChannelConfig: class Fax(ChannelConfig)"


@pytest.mark.parametrize("name", ["__init__", "__attrs_post_init__"])
def test_an_own_constructor_is_refused_with_where_its_code_belongs(name: str) -> None:
    assert refusal({name: lambda self: None}) == (
        "Fax must not define __init__ or __attrs_post_init__: check values in check(), connect in open()"
    )


def test_an_open_that_is_no_coroutine_is_refused() -> None:
    assert (
        refusal({"open": lambda self, context: None}) == "Fax.open must be a coroutine: async def open(self, context)"
    )


def test_a_setting_without_a_type_is_refused() -> None:
    sentence = refusal({"urgency": setting(default=1)})
    assert sentence.startswith("Fax: every setting needs a type, as in `urgency: int = setting(default=1)`.")
    assert "urgency" in sentence.rpartition("`")[2]


def test_a_type_that_no_setting_can_have_is_told_when_one_is_made() -> None:
    @channel_config
    class Fax(ChannelConfig):
        pages: list[int] = setting(factory=list)

        async def open(self, context: ChannelContext) -> Channel:
            raise NotImplementedError

    with pytest.raises(TypeError, match=r"Fax\.pages: the type list\[int\] cannot be written in a configuration; use "):
        Fax()


def test_each_setting_of_the_base_has_a_title_and_help_and_a_default() -> None:
    from bellwire.hookspecs import declared_settings

    for each in declared_settings(ChannelConfig):
        assert each.info.title, each.name
        assert each.info.help.endswith("."), each.name
        assert not each.required, each.name


def test_the_defaults_are_those_of_the_specification() -> None:
    config = ChannelConfig()
    assert (config.enable, config.max_retry_times, config.retry_interval_seconds) == (False, 3, 1)
