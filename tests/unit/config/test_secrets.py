"""Secrets by reference, and that none is ever shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from bellwire.core.config import known_secrets
from bellwire.core.config.secrets import scrub
from bellwire.hookspecs import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.config.conftest import Loader, PagerConfig

NEEDS = 'must be text, { env = "NAME" } or { file = "path" }'


def secret_file(folder: Path, content: bytes, mode: int = 0o600, name: str = "token") -> Path:
    path = folder / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_secret_is_written_as_text_or_refers_to_the_environment_or_to_a_file(load: Loader, tmp_path: Path) -> None:
    secret_file(tmp_path, b"from the file\n")

    assert load.channel('token = "as text"').token == Secret("as text")
    assert load.channel('token = { env = "TOKEN" }', TOKEN="from the environment").token == Secret(
        "from the environment"
    )
    assert load.channel('token = { file = "token" }').token == Secret("from the file")
    assert load.channel(f"token = {{ file = '{tmp_path}/token' }}").token == Secret("from the file")


@pytest.mark.parametrize(
    ("content", "secret"),
    [(b"a\n", "a"), (b"a\r\n", "a"), (b" a ", " a "), ("密钥".encode(), "密钥"), (b"a" * 65536, "a" * 65536)],
)
def test_only_the_line_break_at_the_end_of_a_file_is_not_part_of_the_secret(
    load: Loader, tmp_path: Path, content: bytes, secret: str
) -> None:
    secret_file(tmp_path, content)

    assert load.channel('token = { file = "token" }').token == Secret(secret)


def test_a_list_of_secrets_may_mix_all_ways_to_write_one(load: Loader, tmp_path: Path) -> None:
    secret_file(tmp_path, b"new")

    config = load.channel('keys = [{ file = "token" }, { env = "OLD" }, "oldest"]', OLD="old")

    assert config.keys == (Secret("new"), Secret("old"), Secret("oldest"))


def test_a_file_may_stand_in_the_home_folder(load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    secret_file(tmp_path / "home", b"s3cret")

    assert load.channel('token = { file = "~/token" }').token == Secret("s3cret")


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ('{ env = "NOT_SET" }', "the environment variable 'NOT_SET' is not set"),
        ('{ env = "EMPTY" }', "the environment variable 'EMPTY' is empty"),
        ('{ file = "not there" }', "the file '{folder}/not there' cannot be read: No such file or directory"),
        ('{ file = "." }', "the file {folder} is no regular file"),
        ('{ file = "pipe" }', "the file {folder}/pipe is no regular file"),
        ('{ file = "empty" }', "the file {folder}/empty is empty"),
        ('{ file = "large" }', "the file {folder}/large is larger than 64 KiB, so it hardly holds one secret"),
        ('{ file = "binary" }', "the file {folder}/binary is not UTF-8 text"),
        (
            '{ file = "a\\u0000b" }',
            "the file '{folder}/a\\x00b' cannot be read: its name is not one that a file can have",
        ),
        ('{ env = "", file = "x" }', NEEDS),
        ('{ env = "" }', NEEDS),
        ("{ env = 1 }", NEEDS),
        ("{ }", NEEDS),
        ('{ vault = "s3cret" }', NEEDS),
        ('{ env = "A", file = "B" }', NEEDS),
    ],
)
def test_a_reference_that_leads_nowhere_is_told_without_what_was_found(
    load: Loader, tmp_path: Path, reference: str, sentence: str
) -> None:
    os.mkfifo(tmp_path / "pipe")  # nobody writes to it: opening it must not wait
    secret_file(tmp_path, b"", name="empty")
    secret_file(tmp_path, b"s3cret" * 20000, name="large")
    secret_file(tmp_path, b"s3cret\xff", name="binary")

    problems = load.channel_problems(f'enable = true\nurl = "https://x"\ntoken = {reference}', EMPTY="")

    assert problems == [f"token: {sentence}".replace("{folder}", str(tmp_path))]


def test_while_the_channel_is_disabled_a_secret_that_cannot_be_had_is_a_warning_and_counts_as_absent(
    load: Loader,
) -> None:
    settings = load('[channels.ops]\ntype = "pager"\ntoken = { env = "NOT_SET" }\nkeys = [{ file = "gone" }]')

    config = settings.channels["ops"].config
    assert getattr(config, "token", "?") is None
    assert getattr(config, "keys", "?") == ()
    assert [(problem.path, problem.severity) for problem in settings.warnings] == [
        ("channels.ops.token", "warning"),
        ("channels.ops.keys", "warning"),
    ]


@pytest.mark.parametrize("reference", ["{ vault = 's3cret' }", "{}", "{ env = 'A', file = 'B' }"])
def test_what_is_no_reference_at_all_is_wrong_even_while_disabled(load: Loader, reference: str) -> None:
    assert load.channel_problems(f"token = {reference}") == [f"token: {NEEDS}"]


def test_a_disabled_channel_that_cannot_do_without_the_secret_is_there_without_a_config(load: Loader) -> None:
    settings = load('[channels.ops]\ntype = "strict"\naddress = "x"\npin = { env = "NOT_SET" }')

    channel = settings.channels["ops"]
    assert (channel.config, channel.active, channel.disabled_by) == (None, False, "enable = false")
    assert [str(problem) for problem in settings.warnings] == [
        "channels.ops.pin: the environment variable 'NOT_SET' is not set"
    ]


def test_beside_a_secret_that_cannot_be_had_everything_else_is_told_too(load: Loader) -> None:
    assert load.problems('[channels.ops]\ntype = "strict"\nenable = true\npin = { env = "NOT_SET" }\ntimeout = 3') == [
        "channels.ops.pin: the environment variable 'NOT_SET' is not set",
        "channels.ops.address: is required",
        "channels.ops.timeout: unknown setting, did you mean 'timeout_seconds'?",
    ]


@pytest.mark.parametrize("value", ["12345", "true", '["s3cret"]', "2023-05-18", '["s3cret", 5]'])
def test_a_secret_of_another_type_is_refused_without_its_value(load: Loader, value: str) -> None:
    (problem,) = load.channel_problems(f"token = {value}")

    assert problem.startswith(f"token: {NEEDS}, got ")
    assert not any(shown in problem for shown in ("12345", "s3cret", "2023"))


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_that_everybody_may_read_is_a_warning(load: Loader, tmp_path: Path) -> None:
    path = secret_file(tmp_path, b"s3cret", 0o644)

    assert load.warnings('[channels.ops]\ntype = "pager"\ntoken = { file = "token" }') == [
        f"channels.ops.token: the file {path} can be read by every user of this machine; chmod 600 it"
    ]
    path.chmod(0o640)
    assert load.warnings('[channels.ops]\ntype = "pager"\ntoken = { file = "token" }') == []


def test_a_setting_that_is_no_secret_refers_to_nothing(load: Loader) -> None:
    assert load.channel_problems('url = { env = "URL" }') == [
        (
            "url: must be text; references are for secrets, and the environment sets it by "
            "BELLWIRE_CHANNELS__<CHANNEL>__URL"
        )
    ]


def test_what_a_config_keeps_secret_is_known_in_every_form_that_it_takes(pager: type[PagerConfig]) -> None:
    config = pager(
        url="https://user:p%40ss@example.org/hook?access_token=abcdefgh&n=1",
        token=Secret("tok"),
        keys=(Secret("a much longer key"), Secret("")),
        headers={"X-Url": "https://onlytoken@example.org"},
    )

    assert known_secrets(config) == ("a much longer key", "onlytoken", "abcdefgh", "p%40ss", "p@ss", "tok")
    assert known_secrets(None) == ()


def test_scrubbing_takes_out_the_longest_first_and_leaves_what_is_too_short_to_tell() -> None:
    assert scrub("secret-long secret", ["secret", "secret-long"]) == "******** ********"
    assert scrub("a cat", ["a", ""]) == "a cat"


def test_what_a_channels_own_check_says_is_scrubbed(load: Loader) -> None:
    from bellwire.core.config.structure import examine
    from bellwire.hookspecs import Channel, ChannelConfig, ChannelContext, Problem, channel_config, setting

    @channel_config
    class Leaky(ChannelConfig):
        token: Secret | None = setting(default=None, check=lambda value: f"{value.reveal()} is bad")
        key: Secret | None = setting(default=None)
        pin: Secret | None = setting(default=None, check=lambda value: str(1 / 0))

        def check(self) -> list[Problem]:
            assert self.key is not None
            if self.key.reveal() == "s3cret-raise":
                raise RuntimeError(self.key.reveal())
            return [Problem("key", f"{self.key.reveal()} looks weak", "warning")]

        async def open(self, context: ChannelContext) -> Channel:
            raise NotImplementedError

    def messages(**raw: str) -> str:
        return "\n".join(map(str, examine(Leaky, raw).problems))

    assert messages(token="s3cret") == "token: ******** is bad"
    assert messages(key="s3cret") == "key: ******** looks weak"
    assert messages(key="s3cret-raise") == "Leaky refuses to be made: RuntimeError: ********"
    assert messages(pin="s3cret") == "pin: could not be checked: ZeroDivisionError"
