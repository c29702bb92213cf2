"""``bellwire init``: what it writes, and that it overwrites nothing."""

from __future__ import annotations

import base64
import os
import re
import stat
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet

from bellwire.core.cli import root
from bellwire.core.cli.init_template import TEMPLATE
from bellwire.core.config import BusSettings, load_settings
from bellwire.core.plugins import ChannelTypes
from bellwire.hookspecs import declared_settings

from .conftest import Bellwire

SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
IN_A_COMMENT = re.compile(r"^# (?=[a-z_]+ = )", re.MULTILINE)


def test_it_writes_a_configuration_and_a_key_that_only_the_owner_reads(bellwire: Bellwire) -> None:
    shown = bellwire.ok("init")
    config, key = bellwire.folder / "bellwire.toml", bellwire.folder / "bellwire.key"
    assert str(config) in shown
    assert str(key) in shown
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert config.read_text("utf-8") == TEMPLATE


def test_the_key_is_one_that_fernet_takes_and_no_two_are_alike(bellwire: Bellwire) -> None:
    keys = []
    for name in ("a", "b"):
        (bellwire.folder / name).mkdir()
        bellwire.ok("init", "--directory", name)
        keys.append((bellwire.folder / name / "bellwire.key").read_text("ascii").strip())
    Fernet(keys[0].encode())
    assert len(base64.urlsafe_b64decode(keys[0])) == 32
    assert keys[0] != keys[1]


def test_the_key_is_private_whatever_the_umask(bellwire: Bellwire) -> None:
    before = os.umask(0)
    try:
        bellwire.ok("init")
    finally:
        os.umask(before)
    assert stat.S_IMODE((bellwire.folder / "bellwire.key").stat().st_mode) == 0o600


def test_what_it_wrote_passes_the_check_as_it_is(bellwire: Bellwire) -> None:
    bellwire.ok("init")
    assert "no problems" in bellwire.ok("check")


def test_what_it_wrote_passes_the_check_enabled_with_its_example_url(bellwire: Bellwire) -> None:
    bellwire.ok("init")
    bellwire.configure(TEMPLATE.replace("# url =", "url =").replace("enable = false", "enable = true"))
    assert "no problems" in bellwire.ok("check")


def test_every_example_and_default_in_it_can_be_used(bellwire: Bellwire) -> None:
    bellwire.configure(IN_A_COMMENT.sub("", TEMPLATE).replace('"myapp.notify:Plugin"', ""))
    assert "no problems" in bellwire.ok(
        "check",
        env={"OPS_WEBHOOK_TOKEN": "t", "OPS_WEBHOOK_SIGNING_SECRET": SIGNING_SECRET, "OPS_WEBHOOK_KEY": "k"},
    )


def test_every_setting_is_in_it_and_with_its_default_where_it_shows_one(tmp_path: Path) -> None:
    written = tomllib.loads(IN_A_COMMENT.sub("", TEMPLATE))
    channel = written.pop("channels")["ops-webhook"]
    webhook = ChannelTypes(disabled=()).get("webhook")
    defaults = {declared.name: declared.default for declared in declared_settings(BusSettings)}
    channel_defaults = {declared.name: declared.default for declared in declared_settings(webhook)}
    assert set(written) == set(defaults)
    assert set(channel) - {"type"} == set(channel_defaults)
    examples = {"drop_fields", "egress_allow", "egress_deny", "mask_fields", "plugins", "workflow_actions"}
    assert {name: value for name, value in written.items() if name not in examples} == {
        name: value for name, value in defaults.items() if name not in examples
    }
    examples = {"type", "url", "token", "signature", "signing_secret", "password", "headers", "payload_template"}
    examples |= {"client_key_password"}
    examples |= {"retry_schedule", "actions", "projects", "hold_when_down"}
    assert all(channel[name] == channel_defaults[name] for name in channel if name not in examples)


def test_it_recommends_to_hold_what_is_due_while_the_receiver_is_down() -> None:
    assert re.search(r"# Recommended:.*?\n# hold_when_down = true", TEMPLATE, re.DOTALL)


def test_a_configuration_that_exists_is_left_as_it_is(bellwire: Bellwire) -> None:
    bellwire.configure("# mine\n")
    result = bellwire("init")
    assert result.exit_code == 1
    assert "bellwire.toml exists already, and is left as it is; edit it, or write elsewhere with" in result.stderr
    assert (bellwire.folder / "bellwire.toml").read_text("utf-8") == "# mine\n"
    assert not (bellwire.folder / "bellwire.key").exists()


def test_a_link_in_the_place_of_the_configuration_is_not_followed(bellwire: Bellwire) -> None:
    (bellwire.folder / "bellwire.toml").symlink_to(bellwire.folder / "elsewhere")
    assert bellwire("init").exit_code == 1
    assert not (bellwire.folder / "elsewhere").exists()


def test_a_key_that_exists_is_kept_since_secrets_may_be_encrypted_with_it(bellwire: Bellwire) -> None:
    key = bellwire.folder / "bellwire.key"
    key.write_text("mine\n", "ascii")
    key.chmod(0o644)
    result = bellwire("init")
    assert result.exit_code == 0
    assert f"kept {key}" in result.stdout
    assert f"chmod 600 {key}" in result.stderr
    assert key.read_text("ascii") == "mine\n"


def test_no_key_is_left_behind_when_the_configuration_cannot_be_written(
    bellwire: Bellwire, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def full(path: Path, flags: int, mode: int = 0o777) -> int:
        if Path(path).name == "bellwire.toml":
            raise OSError(28, "No space left on device")
        return real(path, flags, mode)

    monkeypatch.setattr("bellwire.core.cli.init.os.open", full)
    result = bellwire("init")
    assert result.exit_code == 1
    assert "bellwire.toml cannot be written: No space left on device" in result.stderr
    assert list(bellwire.folder.glob("bellwire.*")) == []


def test_a_folder_that_does_not_exist_is_told(bellwire: Bellwire) -> None:
    result = bellwire("init", "--directory", "nowhere")
    assert result.exit_code == 1
    assert f"is {bellwire.folder / 'nowhere'} a folder? mkdir -p creates one" in result.stderr


def test_it_says_how_to_go_on_from_another_folder(bellwire: Bellwire) -> None:
    folder = bellwire.folder / "the app"
    folder.mkdir()
    assert f"bellwire check --config '{folder}/bellwire.toml'" in bellwire.ok("init", "--directory", str(folder))


def test_the_database_of_what_it_wrote_stands_beside_it(tmp_path: Path) -> None:
    CliRunner().invoke(root, ["init", "--directory", str(tmp_path)], catch_exceptions=False)
    settings = load_settings(tmp_path / "bellwire.toml", environ={})
    assert settings.database == f"sqlite:///{tmp_path}/bellwire.db"
