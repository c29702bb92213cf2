"""The file itself: which one is read, and what is said where it cannot be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bellwire.core.config import load_settings
from bellwire.core.errors import ConfigError
from bellwire.core.plugins import ChannelTypes

if TYPE_CHECKING:
    from tests.unit.config.conftest import Loader


def refusal(path: Path | str | None, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(path, environ=environ, types=ChannelTypes(disabled=(), installed=tuple))
    return str(caught.value)


def test_the_file_in_the_working_directory_is_read_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, types: ChannelTypes
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("bellwire", "named", "given"):
        Path(f"{name}.toml").write_text(f'platform_name = "{name}"')

    def platform(path: str | None = None, **environ: str) -> str:
        return load_settings(path, environ=environ, types=types).platform_name

    assert platform() == "bellwire"
    assert platform(BELLWIRE_CONFIG="") == "bellwire"
    assert platform(BELLWIRE_CONFIG="named.toml") == "named"
    assert platform("given.toml", BELLWIRE_CONFIG="named.toml") == "given"


def test_without_any_file_the_defaults_and_the_environment_remain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, types: ChannelTypes
) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load_settings(environ={"BELLWIRE_PLATFORM_NAME": "ACME"}, types=types)

    assert (settings.source, settings.platform_name, dict(settings.channels)) == (None, "ACME", {})
    assert settings.database == f"sqlite:///{tmp_path}/bellwire.db"


def test_a_file_that_was_named_and_is_missing_is_told_with_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert refusal("ops/bellwire.toml") == (
        f"{tmp_path}/ops/bellwire.toml cannot be used:\n"
        "  there is no such file; `bellwire init` writes one, and --config or BELLWIRE_CONFIG names another"
    )
    assert f"{tmp_path}/other.toml cannot be used" in refusal(None, BELLWIRE_CONFIG="other.toml")


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    assert "it cannot be read: Is a directory" in refusal(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bellwire.toml"
    path.touch(mode=0)
    assert "it cannot be read: Permission denied" in refusal(path)


def test_a_file_that_is_too_large_to_be_meant_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "bellwire.toml"
    with path.open("wb") as file:
        file.truncate(3 << 30)  # sparse
    assert "it is larger than 1 MiB" in refusal(path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[channels.ops]\ntoken = s3cret",
            "line 2, column 9: Invalid value after `token =`; text stands in quotes",
        ),
        ("a = 1\n[b\nc = s3cret", "line 2, column 3: Expected ']' at the end of a table declaration"),
        ("database s3cret", "line 1, column 10: Expected '=' after a key in a key/value pair; a setting is written "),
        ("[a]\nb = 'x'\n[a]\n", "line 3, column 3: Cannot declare ('a',) twice; the same table stands twice"),
        (
            "a = 'x'\na = 's3cret'\n",
            "line 2, column 13: Cannot overwrite a value after `a =`; the same key stands twice",
        ),
        ('a = "s3cret', "end of the file: Unterminated string"),
        ("a = " + "[" * 5000, "is not readable as TOML: it is nested too deeply"),
        ("a = 9" + "9" * 5000, "is not readable as TOML: Exceeds the limit"),
        ("a = 2023-02-30", "line 1, column 5: Invalid date"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_its_place_and_not_with_what_stands_there(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "bellwire.toml"
    path.write_text(text)

    message = refusal(path)

    assert message.startswith(f"{path} cannot be used:\n  ")
    assert sentence in message
    assert "s3cret" not in message


def test_a_file_in_another_encoding_is_told_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "bellwire.toml"
    path.write_bytes("a = 1\nplatform_name = '工单'\n".encode("gb18030"))

    assert "line 2: is not UTF-8, which TOML files are written in; save it as UTF-8" in refusal(path)


def test_a_byte_order_mark_is_no_hindrance(load: Loader) -> None:
    assert load("\ufeffplatform_name = '工单'").platform_name == "工单"


def test_relative_paths_start_beside_the_name_that_was_given_not_beside_what_it_links_to(
    tmp_path: Path, types: ChannelTypes
) -> None:
    # as Kubernetes mounts a ConfigMap: the name is a link into a folder that is replaced
    data = tmp_path / "..2026_01_01"
    data.mkdir()
    (data / "bellwire.toml").write_text("")
    (tmp_path / "bellwire.toml").symlink_to(data / "bellwire.toml")

    settings = load_settings(tmp_path / "bellwire.toml", environ={}, types=types)

    assert settings.database == f"sqlite:///{tmp_path}/bellwire.db"
    assert settings.source == tmp_path / "bellwire.toml"


def test_a_home_folder_may_be_written_as_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, types: ChannelTypes
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "bellwire.toml").write_text('platform_name = "home"')

    assert load_settings("~/bellwire.toml", environ={}, types=types).platform_name == "home"
