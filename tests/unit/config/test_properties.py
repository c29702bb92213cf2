"""What holds for every configuration, whatever stands in it."""

from __future__ import annotations

import contextlib
import datetime as dt
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bellwire.core.config import SecretReader, json_schema, structure_channel
from bellwire.core.config.environment import parse_text
from bellwire.core.config.structure import examine
from bellwire.core.errors import ConfigError
from bellwire.hookspecs import (
    Channel,
    ChannelConfig,
    ChannelContext,
    Secret,
    channel_config,
    declared_settings,
    redact_url,
    setting,
)

if TYPE_CHECKING:
    from bellwire.hookspecs import SettingType


@channel_config
class AllConfig(ChannelConfig):
    """Has a setting of every kind."""

    url: str = setting(default="", format="http-url", required_when_enabled=True)
    uri: str = setting(default="", format="uri")
    token: Secret | None = setting(default=None, format="line", max_length=100)
    robot: Secret | None = setting(default=None, format="http-url")
    keys: tuple[Secret, ...] = setting(default=(), pattern="[a-z]+")
    named: dict[str, Secret] = setting(factory=dict)
    signers: tuple[Secret, ...] = setting(default=(), single=True, pattern="[a-z,]+")
    steps: tuple[int, ...] = setting(default=(), single=True, ge=1)
    urgency: int = setting(default=1, ge=1, le=3)
    pause: float = setting(default=0.5, ge=0, le=10)
    tone: Literal["low", "high"] = setting(default="low")
    level: Literal[1, True] | None = setting(default=None)
    waits: tuple[str, ...] = setting(default=(), format="duration", min_length=0, max_length=3)
    ports: tuple[int, ...] = setting(default=(), ge=1, le=65535)
    headers: dict[str, str] = setting(factory=dict, format="line")
    plain: str = setting(default="x", min_length=1, max_length=5)
    flag: bool | None = None

    async def open(self, context: ChannelContext) -> Channel:
        raise NotImplementedError


NAMES = [declared.name for declared in declared_settings(AllConfig)]
READER = SecretReader(Path("/nonexistent"), {"KNOWN": "from the environment"})

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([1 << 64, -(1 << 70), 1 << 14000])
    | st.floats()
    | st.text()
    | st.sampled_from(["http://x", "https://u:p@h/", "http://[", "5s", "low", "", "env", "\ud800", "\0"])
    | st.dates()
    | st.datetimes()
    | st.times()
)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["env", "file", "KNOWN", "a", "", "\x1b"]) | st.text(max_size=3), inner, max_size=3
        )
    ),
    max_leaves=8,
)
tables = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), trees, max_size=8)


@given(tables)
def test_whatever_stands_in_a_table_nothing_but_a_config_error_is_raised(raw: dict[str, Any]) -> None:
    with contextlib.suppress(ConfigError):
        structure_channel(AllConfig, raw, secrets=READER)
    with contextlib.suppress(ConfigError):
        structure_channel(AllConfig, raw)


@given(tables)
def test_every_message_is_one_printable_line(raw: dict[str, Any]) -> None:
    for problem in examine(AllConfig, raw, secrets=READER).problems:
        assert str(problem).isprintable(), problem
        assert len(str(problem)) < 2000


secrets = st.text("abcdefghijkmnopqrstuvwxyz0123456789/@:?#%&= \n\0é密", min_size=6, max_size=30).map(
    lambda text: f"Zz{text}zZ"
)


def planted(secret: str) -> st.SearchStrategy[dict[str, Any]]:
    """Tables with *secret* wherever a secret may be, in its right form and in wrong ones."""
    in_a_secret = st.sampled_from(
        [
            secret,
            [secret],
            {"env": secret, "x": 1},
            {secret: secret},
            f"http://h/{secret}",
            f"http://u:{secret}@h",
            f"{secret}\n",
        ]
    )
    in_a_url = st.sampled_from(
        [f"http://u:{secret}@h/x", f"ftp://{secret}@h", f"http://h/?k={secret}", f"x:{secret}@h"]
    )
    others = st.fixed_dictionaries({}, optional={"urgency": st.just(99), "enable": st.booleans(), "xyz": in_a_secret})
    return st.fixed_dictionaries(
        {},
        optional={
            "token": in_a_secret,
            "robot": in_a_secret,
            "keys": in_a_secret | st.lists(in_a_secret, max_size=2),
            "signers": in_a_secret | st.lists(in_a_secret, max_size=2),
            "named": st.dictionaries(st.just("key"), in_a_secret, max_size=1) | st.just(secret) | st.just([secret]),
            "url": in_a_url,
            "uri": in_a_url,
        },
    ).flatmap(lambda table: others.map(lambda other: table | other))


@given(secrets.flatmap(lambda secret: st.tuples(st.just(secret), planted(secret))))
def test_a_planted_secret_is_in_no_message_no_repr_and_no_traceback(case: tuple[str, dict[str, Any]]) -> None:
    secret, raw = case
    examined = examine(AllConfig, raw, secrets=READER)
    seen = [*map(str, examined.problems), repr(examined.config)]
    try:
        structure_channel(AllConfig, raw, secrets=READER)
    except ConfigError as error:
        seen += [str(error), repr(error), *traceback.format_exception(error)]

    # neither it nor the part of it that Python's own messages might quote
    for text in seen:
        assert secret not in text
        assert secret[:8] not in text
        assert secret.encode("unicode_escape").decode() not in text


valid = {
    "url": st.sampled_from(["", "http://x", "HTTPS://u:p@example.org:8443/a?b#c", "http://[::1]:80/"]),
    "uri": st.sampled_from(["", "amqp://h/x", "a+b.c-d://h"]),
    "token": st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=100),
    "robot": st.sampled_from(["", "https://h/?access_token=x"]),
    "keys": st.lists(st.text("abc", min_size=1, max_size=5), max_size=3),
    "signers": st.sampled_from(["", "a,b", [], ["a"], ["a,b", "c"]]),
    "steps": st.sampled_from([1, [], [1], [1, 2]]),
    "named": st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), st.just("x"), max_size=2),
    "urgency": st.integers(1, 3),
    "pause": st.floats(0, 10) | st.integers(0, 10),
    "tone": st.sampled_from(["low", "high"]),
    "level": st.sampled_from([None, 1, True]),
    "waits": st.lists(st.sampled_from(["1s", "1.5m", "20ms", "3h", "1d"]), max_size=3),
    "ports": st.lists(st.integers(1, 65535), max_size=4),
    "headers": st.dictionaries(st.text("ab", max_size=2), st.text(st.characters(categories=["L", "N"])), max_size=2),
    "plain": st.text("abc", min_size=1, max_size=5),
    "flag": st.sampled_from([None, True, False]),
    "enable": st.booleans(),
    "max_retry_times": st.integers(0, 5),
    "timeout_seconds": st.floats(0.1, 300),
    "ordering": st.sampled_from(["key", "none"]),
}
validator = Draft202012Validator(json_schema(AllConfig))


@given(st.fixed_dictionaries({}, optional=valid))
def test_the_schema_accepts_what_the_class_accepts(raw: dict[str, Any]) -> None:
    if raw.get("enable") and not raw.get("url"):
        raw["url"] = "http://x"
    structure_channel(AllConfig, raw)
    assert validator.is_valid(raw), [error.message for error in validator.iter_errors(raw)]


@given(tables)
def test_what_the_schema_refuses_the_class_refuses(raw: dict[str, Any]) -> None:
    try:
        structure_channel(AllConfig, raw, secrets=SecretReader(Path("/nonexistent"), {"KNOWN": "x"}))
    except ConfigError:
        return
    assert validator.is_valid(raw), [error.message for error in validator.iter_errors(raw)]


@given(st.fixed_dictionaries({}, optional={name: each for name, each in valid.items() if name in NAMES}))
def test_a_config_made_in_code_says_of_itself_what_the_file_would(raw: dict[str, Any]) -> None:
    if raw.get("enable") and not raw.get("url"):
        raw["url"] = "http://x"
    config = structure_channel(AllConfig, raw)
    again = AllConfig(**{name: getattr(config, name) for name in NAMES})
    assert again.problems() == []
    assert repr(again) == repr(config)


@given(st.sampled_from([declared.type for declared in declared_settings(AllConfig)]), st.text())
def test_whatever_a_variable_holds_it_is_read_or_refused_in_a_sentence(expected: SettingType, text: str) -> None:
    message = "must be "
    try:
        parse_text(expected, text)
    except ValueError as error:
        message = str(error)
    assert message.startswith("must be ")


@given(st.text())
def test_any_text_can_be_shown_as_a_url(text: str) -> None:
    redact_url(text)
    redact_url(f"http://{text}")


@given(secrets)
def test_a_urls_password_is_hidden_however_badly_it_is_written(secret: str) -> None:
    for url in (f"http://user:{secret}@example.org/", f"user:{secret}@example.org", f"http://h/?key={secret}"):
        assert secret not in redact_url(url)
        assert secret[:8] not in redact_url(url)


def test_the_strategies_reach_every_setting() -> None:
    assert set(valid) <= set(NAMES)
    assert {dt.date, dt.datetime}  # TOML's own types are among the scalars
    with pytest.raises(ConfigError):
        structure_channel(AllConfig, {"url": dt.date(2023, 5, 18)})
