"""What a channel's author is told when the config class cannot work."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import attrs
import pytest

from bellwire.core.errors import PluginError
from bellwire.core.plugins import ChannelTypes
from bellwire.hookspecs import Channel, ChannelConfig, ChannelContext, Secret, channel_config, setting

if TYPE_CHECKING:
    from decimal import Decimal  # noqa: TC004 - that it is missing at run time is what is tested


class Opens(ChannelConfig):
    async def open(self, context: ChannelContext) -> Channel:
        raise NotImplementedError


def refusal(candidate: object) -> str:
    with pytest.raises(PluginError) as caught:
        ChannelTypes(disabled=(), installed=tuple).register("fax", candidate)  # type: ignore[arg-type]  # the misuse
    return str(caught.value).removeprefix("the channel type 'fax' cannot be registered: ")


def test_a_complete_class_is_taken() -> None:
    @channel_config
    class Fax(Opens):
        """Sends faxes."""

        limits: ClassVar[int] = 3
        number: str = setting(title="Number")
        pages: int | None = setting(default=None, ge=1, title="Pages")
        paper: Literal["a4", "letter"] = setting(default="a4")
        pin: Secret | None = setting(default=None)
        copies: tuple[str, ...] = setting(default=())
        headers: dict[str, str] = setting(factory=dict)
        plain: float = 0.5

    ChannelTypes(disabled=(), installed=tuple).register("fax", Fax)


def test_a_class_that_only_inherits_needs_no_decorator() -> None:
    class Fax(Opens):
        limits: ClassVar[int] = 3

    ChannelTypes(disabled=(), installed=tuple).register("fax", Fax)


def test_what_is_no_class_is_refused() -> None:
    assert refusal(lambda: 0) == "it is a function, where a config class is expected: class …(ChannelConfig)"


def test_an_object_is_refused_for_its_class() -> None:
    assert refusal(Opens()) == "it is an object of Opens; name the class itself"


def test_a_class_of_another_family_is_refused() -> None:
    class Fax: ...

    assert refusal(Fax) == "class Fax does not derive from ChannelConfig: class Fax(ChannelConfig)"


def test_the_base_itself_is_refused() -> None:
    assert refusal(ChannelConfig) == "it is ChannelConfig itself; derive a class from it"


def test_a_forgotten_decorator_is_told_by_name() -> None:
    class Fax(Opens):
        number: str = setting(title="Number")

    assert refusal(Fax) == "class Fax declares settings, but lacks @channel_config above it"


def test_a_forgotten_decorator_is_seen_where_the_annotation_was_forgotten_too() -> None:
    class Fax(Opens):
        number = setting(default="", title="Number")

    assert refusal(Fax) == "class Fax declares settings, but lacks @channel_config above it"


def test_a_decorator_of_attrs_is_no_substitute() -> None:
    @attrs.define(kw_only=True)
    class Fax(Opens):
        number: str = setting(default="", title="Number")

    assert refusal(Fax) == "class Fax compares by value; decorate it with @channel_config, not with attrs"


def test_a_class_that_does_not_open_is_refused() -> None:
    @channel_config
    class Fax(ChannelConfig):
        number: str = setting(title="Number")

    assert refusal(Fax) == "class Fax does not define `async def open(self, context)`"


def test_an_open_that_is_no_coroutine_is_refused_where_the_decorator_could_not_see_it() -> None:
    class Fax(Opens):
        def open(self, context: ChannelContext) -> Channel:  # type: ignore[override]  # the misuse
            raise NotImplementedError

    assert refusal(Fax) == "Fax.open must be a coroutine: async def open(self, context)"


def test_a_setting_called_type_is_refused_for_it_would_hide_the_channels_own() -> None:
    @channel_config
    class Fax(Opens):
        type: str = setting(default="", title="Type")

    assert refusal(Fax) == "Fax.type: `type` is what chooses the channel's type; give the setting another name"


@pytest.mark.parametrize("name", ["Number", "line__number", "nummer_", "_number", "zahl\xe4"])
def test_a_setting_that_the_environment_could_not_name_is_refused(name: str) -> None:
    config_class = channel_config(
        type("Fax", (Opens,), {"__annotations__": {name: str}, name: setting(default="", title="Number")})
    )

    assert refusal(config_class).endswith("so that the environment can name it too")


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (dt.datetime, "Fax.x: the type datetime cannot be written in a configuration; use str, int, float, bool, "),
        (list[str], "Fax.x: the type list[str] cannot be written in a configuration; use str, int, "),
        (tuple[str, int], "Fax.x: the type tuple[str, int] cannot be written"),
        (dict[int, str], "Fax.x: the type dict[int, str] cannot be written"),
        (str | int, "Fax.x: the type str | int cannot be written"),
        (tuple[tuple[str, ...], ...], "Fax.x: tuple[tuple[str, ...], ...] holds tuple[str, ...]; it may hold str, "),
        (Literal[1.5], "Fax.x: the type Literal[1.5] cannot be written"),
        (Any, "Fax.x: the type Any cannot be written"),
    ],
)
def test_a_type_that_no_file_can_hold_is_refused_with_those_that_it_can(annotation: object, reason: str) -> None:
    config_class = channel_config(
        type("Fax", (Opens,), {"__annotations__": {"x": annotation}, "x": setting(title="X")})
    )

    assert refusal(config_class).startswith(reason)


def test_a_type_imported_for_the_type_checker_alone_is_told_with_the_way_out() -> None:
    @channel_config
    class Fax(Opens):
        price: Decimal = setting(title="Price")

    sentence = refusal(Fax)
    assert sentence.startswith("Fax: the type Decimal of a setting is not known at run time; import it at the top of ")
    assert sentence.endswith(", outside of `if TYPE_CHECKING:`")


@pytest.mark.parametrize(
    ("annotation", "declaration", "reason"),
    [
        (int, setting(default=9, le=5), "its own default is not allowed: must be at most 5, got 9"),
        (int, setting(default="3"), "its own default is not allowed: must be a whole number, got '3'"),
        (Secret, setting(default="s3cret"), "its own default is not allowed: must be a Secret, not a bare text"),
        (str, setting(default=None), "its default is None, so its type must be `… | None`"),
        (str, setting(ge=1), "ge and le are for numbers, and it takes text"),
        (int, setting(pattern="x"), "format and pattern are for text, and it takes a whole number"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(annotation: object, declaration: Any, reason: str) -> None:
    config_class = channel_config(type("Fax", (Opens,), {"__annotations__": {"x": annotation}, "x": declaration}))

    sentence = refusal(config_class)
    assert sentence.startswith(f"Fax.x: {reason}")
    assert "s3cret" not in sentence
