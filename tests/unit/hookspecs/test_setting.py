"""``setting()``: what it refuses of an author, and what a value is told."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import pytest

from bellwire.hookspecs import (
    Channel,
    ChannelConfig,
    ChannelContext,
    InvalidConfig,
    Problem,
    Secret,
    SettingInfo,
    SettingType,
    channel_config,
    declared_settings,
    setting,
    value_problems,
)


@pytest.mark.parametrize(("default", "kind"), [([], "list"), ({}, "dict"), (set(), "set")])
def test_a_default_that_all_would_share_is_refused_with_the_way_out(default: Any, kind: str) -> None:
    with pytest.raises(TypeError, match=rf"would be shared by all; use a tuple, or factory={kind}"):
        setting(default=default)


def test_a_default_and_a_factory_contradict_each_other() -> None:
    with pytest.raises(TypeError, match=r"setting\(\) takes a default or a factory, not both"):
        setting(default=1, factory=int)  # type: ignore[call-overload]  # the misuse


def test_a_pattern_that_is_no_regular_expression_is_refused_where_it_stands() -> None:
    with pytest.raises(ValueError, match=r"setting\(pattern='\['\) is no regular expression: unterminated"):
        setting(default="", pattern="[")


@pytest.mark.parametrize(
    ("info", "value", "sentences"),
    [
        (SettingInfo(ge=0, le=5), 5, []),
        (SettingInfo(ge=0, le=5), 6, ["must be between 0 and 5, got 6"]),
        (SettingInfo(ge=0.5), 0, ["must be at least 0.5, got 0"]),
        (SettingInfo(le=16777216), 16777217, ["must be at most 16777216, got 16777217"]),
        (SettingInfo(le=5), 1 << 70, ["must be at most 5, got a number of more than 64 bits"]),
        (SettingInfo(ge=0), True, ["must be a number, got true"]),
        (SettingInfo(ge=0), "1", ["must be a number, got '1'"]),
        (SettingInfo(ge=1), (1, 0, 2, -1), ["must be at least 1, got 0", "must be at least 1, got -1"]),
        (SettingInfo(ge=1), {"a": 0}, ["must be at least 1, got 0"]),
        (SettingInfo(min_length=2, max_length=3), "a", ["must have at least 2 characters, has 1"]),
        (SettingInfo(min_length=2, max_length=3), "abcd", ["must have at most 3 characters, has 4"]),
        (SettingInfo(min_length=1), (), ["must not be empty"]),
        (SettingInfo(max_length=1), ("a", "b"), ["must have at most 1 items, has 2"]),
        (SettingInfo(max_length=1), Secret("abc"), ["must have at most 1 characters, has 3"]),
        (SettingInfo(pattern="[a-z]+"), "abc1", ["must match [a-z]+, got 'abc1'"]),
        (SettingInfo(pattern="[a-z]+"), "abc\n", ["must match [a-z]+, got 'abc\\n'"]),
        (SettingInfo(pattern="[a-z]+"), Secret("A1"), ["must match [a-z]+, got a secret that does not"]),
        (SettingInfo(pattern="[a-z]+"), ("a", "B"), ["must match [a-z]+, got 'B'"]),
        (SettingInfo(format="line"), "a\tb", ["must not hold control characters; there is a U+0009 at position 2"]),
        (SettingInfo(format="line"), "a\x85", ["must not hold control characters; there is a U+0085 at position 2"]),
        (SettingInfo(format="line"), "\udc80", ["must be valid Unicode text; there is a lone surrogate at position 1"]),
        (SettingInfo(format="line"), "工单", []),
        (SettingInfo(format="uri"), "amqp://host/path", []),
        (SettingInfo(format="uri"), "host/path", ["must start with a scheme, such as https://, got 'host/path'"]),
        (SettingInfo(format="uri"), "mailto:a@b", ["must start with a scheme, such as https://, got '***@b'"]),
        (SettingInfo(format="duration"), "1.5h", []),
        (SettingInfo(format="duration"), "5", ["must be a duration such as '30s', '5m', '2h' or '7d', got '5'"]),
        (SettingInfo(format="duration"), "36500d", []),
        (
            SettingInfo(format="duration"),
            "36501d",
            ["must be 36500d (a hundred years) at most, got '36501d'"],
        ),
        (SettingInfo(format="http-url"), "", []),
        (SettingInfo(format="http-url"), None, []),
        (SettingInfo(format="http-url"), Secret(""), []),
        (SettingInfo(check=lambda value: f"{value} is odd" if value % 2 else None), 3, ["3 is odd"]),
        (SettingInfo(ge=5, check=lambda value: "never asked"), 3, ["must be at least 5, got 3"]),
    ],
)
def test_a_value_is_told_everything_that_is_wrong_with_it(info: SettingInfo, value: Any, sentences: list[str]) -> None:
    assert value_problems(info, value) == sentences


def test_an_empty_text_is_checked_where_it_does_not_stand_for_not_set() -> None:
    info = SettingInfo(format="http-url", min_length=1)
    assert value_problems(info, "", may_be_empty=True) == []
    assert value_problems(info, "", may_be_empty=False)[0] == "must not be empty"


def test_a_long_value_is_shortened() -> None:
    (sentence,) = value_problems(SettingInfo(pattern="x"), "y" * 1000)
    assert len(sentence) < 300
    assert sentence.endswith("…")


@channel_config
class FaxConfig(ChannelConfig):
    """Has one setting of each kind."""

    number: str = setting(title="Number")
    pages: int = setting(default=1, ge=1)
    speed: float = setting(default=1.0)
    loud: bool = setting(default=False)
    pin: Secret | None = setting(default=None)
    paper: Literal["a4", "letter"] = setting(default="a4")
    tray: Literal[1, 2] = setting(default=1)
    copies: tuple[str, ...] = setting(default=())
    headers: dict[str, int] = setting(factory=dict)

    async def open(self, context: ChannelContext) -> Channel:
        raise NotImplementedError


def problems_of(**settings: Any) -> list[str]:
    with pytest.raises(InvalidConfig) as caught:
        FaxConfig(**({"number": "1"} | settings))
    return [str(problem) for problem in caught.value.problems]


def test_a_config_made_in_code_is_typed_as_strictly_as_one_from_a_file() -> None:
    FaxConfig(number="1", speed=2, pin=Secret("x"), copies=("a",), headers={"a": 1})

    assert problems_of(
        number=5,
        pages="3",
        speed=True,
        loud=1,
        pin="s3cret",
        paper="a5",
        copies=["a"],
        headers={"a": "b"},
    ) == [
        "number: must be text, got 5",
        "pages: must be a whole number, got '3'",
        "speed: must be a finite number, got true",
        "loud: must be true or false, got 1",
        "pin: must be a Secret, not a bare text: write Secret(…)",
        "paper: must be one of 'a4', 'letter', got 'a5'",
        "copies: must be a tuple, each item text, got list",
        "headers: item 'a': must be a whole number, got 'b'",
    ]


def test_more_misuses_in_code_are_told() -> None:
    assert problems_of(tray=True) == ["tray: must be one of 1, 2, got true"]
    assert problems_of(tray=2.0) == ["tray: must be one of 1, 2, got 2"]
    assert problems_of(pin=5) == ["pin: must be a Secret, got int"]
    assert problems_of(number=None) == ["number: must be text, not None"]
    assert problems_of(number="") == ["number: must not be empty"]
    assert problems_of(copies=("a", 1)) == ["copies: item 1: must be text, got 1"]
    assert problems_of(copies="a") == ["copies: must be a tuple, each item text, got 'a'"]
    assert problems_of(headers={1: 1}) == ["headers: must have text keys, got the key 1"]
    assert problems_of(headers=()) == ["headers: must be a dict with text keys, each item a whole number, got tuple"]
    assert problems_of(speed=float("nan")) == ["speed: must be a finite number, got nan"]
    assert problems_of(speed=1 << 100) == ["speed: must be a finite number, got a number of more than 64 bits"]


def test_the_error_of_a_config_made_in_code_has_all_sentences_and_no_secret() -> None:
    with pytest.raises(InvalidConfig) as caught:
        FaxConfig(number="1", pages=0, pin="s3cret")  # type: ignore[arg-type]  # the misuse
    assert str(caught.value) == (
        "pages: must be at least 1, got 0\npin: must be a Secret, not a bare text: write Secret(…)"
    )


def test_a_config_shows_neither_secrets_nor_passwords_in_urls() -> None:
    @channel_config
    class Hook(ChannelConfig):
        url: str = ""
        others: tuple[str, ...] = ()
        token: Secret = Secret("s3cret")

        async def open(self, context: ChannelContext) -> Channel:
            raise NotImplementedError

    shown = repr(Hook(url="https://u:s3cret@h/p?k=s3cret", others=("https://s3cret@h",)))
    assert "s3cret" not in shown
    assert "url='https://***@h/p?***', others=('https://***@h',), token=Secret('********'))" in shown


def test_everything_that_is_declared_can_be_asked_for() -> None:
    declared = {each.name: each for each in declared_settings(FaxConfig)}

    assert list(declared)[:1] == ["enable"]  # inherited ones come first
    number, pages, copies = declared["number"], declared["pages"], declared["copies"]
    assert (number.required, number.may_be_empty, number.info.title) == (True, False, "Number")
    assert (pages.required, pages.default, pages.type) == (False, 1, SettingType("integer"))
    assert (copies.type, copies.default) == (SettingType("list", item=SettingType("text")), ())
    assert declared["headers"].default == {}
    assert declared["pin"].holds_secret
    assert declared["pin"].type.optional
    assert declared["paper"].type.choices == ("a4", "letter")
    assert declared_settings(FaxConfig) is declared_settings(FaxConfig)


def test_a_field_that_is_no_argument_is_no_setting() -> None:
    @channel_config
    class Fax(ChannelConfig):
        number: str = setting(default="")
        cache: object = attrs.field(default=None, init=False)

        async def open(self, context: ChannelContext) -> Channel:
            raise NotImplementedError

    assert "cache" not in [each.name for each in declared_settings(Fax)]


def test_problems_are_shown_with_their_path() -> None:
    assert str(Problem("url", "is required")) == "url: is required"
    assert str(Problem("", "there is no file")) == "there is no file"
    assert Problem("url", "x").severity == "error"


@channel_config
class RelayConfig(ChannelConfig):
    """Takes one key or several."""

    keys: tuple[Secret, ...] = setting(default=(), single=True)
    steps: tuple[int, ...] = setting(default=(), single=True)

    async def open(self, context: ChannelContext) -> Channel:
        raise NotImplementedError


def test_in_code_a_setting_of_one_or_several_is_a_tuple_always() -> None:
    assert RelayConfig(keys=(Secret("a"),)).keys == (Secret("a"),)
    with pytest.raises(InvalidConfig) as caught:
        RelayConfig(keys=Secret("s3cret"), steps="1")  # type: ignore[arg-type]  # the misuse
    assert [str(problem) for problem in caught.value.problems] == [
        "keys: must be a tuple in code, of one item too: write (…,)",
        "steps: must be a tuple, each item a whole number, got '1'",
    ]


def test_single_is_for_tuples_alone() -> None:
    @channel_config
    class OddConfig(ChannelConfig):
        key: str = setting(default="", single=True)

        async def open(self, context: ChannelContext) -> Channel:
            raise NotImplementedError

    with pytest.raises(TypeError, match=r"OddConfig.key: single is for tuples, and it takes text"):
        declared_settings(OddConfig)
