"""A whole configuration: the bus, its plugins, its channels, and the database beside the file."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bellwire.core.config import load_settings
from bellwire.core.errors import ConfigError
from bellwire.core.plugins import ChannelTypes, Plugins

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.config.conftest import Loader


def test_an_empty_file_gives_the_defaults(load: Loader, tmp_path: Path) -> None:
    settings = load("")

    assert settings.database == f"sqlite:///{tmp_path}/bellwire.db"
    assert (settings.platform_name, settings.locale) == ("SQLE", "en")
    assert (settings.dispatch, settings.egress) == ("embedded", "internal")
    assert (settings.plugins, settings.workflow_actions, settings.max_event_bytes) == ((), (), 262144)
    assert (dict(settings.channels), settings.warnings) == ({}, ())
    assert settings.source == tmp_path / "bellwire.toml"


def test_the_example_of_the_design_loads(tmp_path: Path) -> None:
    (tmp_path / "bellwire.toml").write_text(
        """
        [channels.ops]
        type = "webhook"
        enable = true
        url = "http://192.168.21.34:8000"
        max_retry_times = 3
        retry_interval_seconds = 1
        token = { env = "OPS_WEBHOOK_TOKEN" }
        """
    )

    settings = load_settings(tmp_path / "bellwire.toml", environ={"OPS_WEBHOOK_TOKEN": "test123"})

    channel = settings.channels["ops"]
    assert (channel.type, channel.active) == ("webhook", True)
    assert type(channel.config).__name__ == "WebhookConfig"
    assert "test123" not in repr(settings)


def test_the_errors_of_the_design_are_told_in_its_words(load: Loader) -> None:
    assert load.problems(
        """
        [channels.a]
        type = "pagr"
        [channels.ops]
        type = "pager"
        max_retry_times = 9
        """
    ) == [
        "channels.a.type: no channel type 'pagr', did you mean 'pager'?",
        "channels.ops.max_retry_times: must be between 0 and 5, got 9",
    ]


def test_everything_that_is_wrong_anywhere_is_told_at_once(load: Loader) -> None:
    assert load.problems(
        """
        databse = "sqlite:///x.db"
        platform_name = 5
        locale = "fr"
        max_event_bytes = 20_000_000
        plugins = ["not_there:Plugin", "json:Nope"]
        [admin]
        tokens = {}
        [channels.Ops]
        type = "pager"
        [channels.none]
        [channels.five]
        type = 5
        [channels.ops]
        type = "pager"
        urgency = 9
        """,
        BELLWIRE_NONSENSE="x",
    ) == [
        "BELLWIRE_NONSENSE: sets nothing; names that begin with BELLWIRE_ are kept for settings",
        "admin: is not available in this version",
        "platform_name: must be text, got 5",
        "locale: must be one of 'en', 'zh', got text 'fr'",
        "max_event_bytes: must be between 1024 and 16777216, got 20000000",
        "databse: unknown setting, did you mean 'database'?",
        "plugins[0]: there is no module 'not_there': is its package installed, or its folder on PYTHONPATH?",
        "plugins[1]: the module 'json' has no 'Nope'",
        "channels.Ops: a channel's name is made of a-z, 0-9 and -, and begins with a letter",
        "channels.none.type: is required, one of: pager, strict",
        "channels.five.type: must be text, one of: pager, strict; got a number",
        "channels.ops.urgency: must be between 1 and 3, got 9",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("channels = 5", "channels: must be tables, [channels.NAME], got a number"),
        ("channels = []", "channels: must be tables, [channels.NAME], got an array"),
        ("[[channels]]", "channels: must be tables, [channels.NAME], got an array"),
        ("[channels]\nops = 'x'", "channels.ops: must be a table, [channels.ops], got text"),
        ("[[channels.ops]]", "channels.ops: must be a table, [channels.ops], got an array"),
        ("[channel.ops]", "channel: unknown setting, did you mean 'channels'?"),
        ("plugins = 'a:B'", "plugins: must be an array, each item text, got text 'a:B'"),
        ("plugins = ['a:B', 5]", "plugins[1]: must be text, got 5"),
        ("workflow_actions = ['a b']", "workflow_actions: must match [^\\s,]{1,100}, got 'a b'"),
        ("platform_name = ''", "platform_name: must not be empty"),
        ('platform_name = "a\\nb"', "platform_name: must not hold control characters; there is a U+000A at position 2"),
        ("database = ''", "database: must not be empty"),
        ("database = 'bellwire.db'", "database: must be a URL such as sqlite:///bellwire.db or "),
        ("database = 'postgres://u:s3cret@h/d'", "database: must begin with postgresql://; postgres:// is the old way"),
        ("database = 'sqlit:///x.db'", "database: no database 'sqlit', did you mean 'sqlite'?"),
        ("database = 'oracle://u:s3cret@h/d'", "database: no database 'oracle'; there are sqlite, postgresql, mysql, "),
        (f"[channels.{'a' * 101}]\ntype = 'pager'", "a channel's name has at most 100 characters"),
    ],
)
def test_what_is_wrong_at_the_top_is_told(load: Loader, text: str, problem: str) -> None:
    problems = "\n".join(load.problems(text))
    assert problem in problems
    assert "s3cret" not in problems


def test_a_channels_settings_above_any_heading_are_unknown_to_the_bus(load: Loader) -> None:
    (problem,) = load.problems("max_retry_times = 3")
    assert problem.startswith("max_retry_times: unknown setting; there are database, ")
    assert problem.endswith("and below them [channels.NAME] for each channel")


# --- the database ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "absolute"),
    [
        ("sqlite:///bellwire.db", "sqlite:///{folder}/bellwire.db"),
        ("sqlite:///data/x.db?timeout=5", "sqlite:///{folder}/data/x.db?timeout=5"),
        ("sqlite+pysqlite:///x.db", "sqlite+pysqlite:///{folder}/x.db"),
        ("sqlite:///../x.db", "sqlite:///{folder}/../x.db"),
        ("sqlite:////srv/x.db", "sqlite:////srv/x.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///file:x.db?uri=true", "sqlite:///file:x.db?uri=true"),
        ("postgresql+psycopg://u:p@h/name", "postgresql+psycopg://u:p@h/name"),
    ],
)
def test_a_relative_sqlite_path_starts_beside_the_file(load: Loader, tmp_path: Path, url: str, absolute: str) -> None:
    expected = absolute.replace("{folder}", str(tmp_path))

    assert load(f"database = '{url}'").database == expected
    assert load("", BELLWIRE_DATABASE=url).database == expected


@pytest.mark.parametrize("character", ["?", "%"])
def test_a_folder_that_no_url_can_name_is_told(tmp_path: Path, types: ChannelTypes, character: str) -> None:
    folder = tmp_path / f"a{character}20b"
    folder.mkdir()
    (folder / "bellwire.toml").write_text("")

    with pytest.raises(ConfigError, match=r"database: a database URL cannot name the folder .* move it"):
        load_settings(folder / "bellwire.toml", environ={}, types=types)

    (folder / "bellwire.toml").write_text('database = "sqlite:////srv/x.db"')
    assert load_settings(folder / "bellwire.toml", environ={}, types=types).database == "sqlite:////srv/x.db"


def test_the_databases_password_is_not_shown(load: Loader) -> None:
    settings = load("database = 'postgresql://u:s3cret@h/name'")
    assert "postgresql://***@h/name" in repr(settings)
    assert "s3cret" not in repr(settings)


# --- plugins --------------------------------------------------------------------------------------------------------


def write_module(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, source: str) -> None:
    (folder / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, name, raising=False)


def test_what_the_setting_plugins_names_is_loaded_before_the_channels_are_looked_at(
    load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_module(
        tmp_path,
        monkeypatch,
        "my_app_notify",
        """
from bellwire.hookspecs import ChannelConfig, Veto, channel_config, hookimpl, setting

@channel_config
class FaxConfig(ChannelConfig):
    number: str = setting(default="", title="Number")
    async def open(self, context): ...

class Plugin:
    @hookimpl
    def notify_filter(self, event, channel):
        return Veto("no")
""",
    )

    settings = load(
        """
        plugins = ["my_app_notify:Plugin", "fax=my_app_notify:FaxConfig"]
        [channels.ops]
        type = "fax"
        number = "123"
        """
    )

    assert settings.plugins == ("my_app_notify:Plugin", "fax=my_app_notify:FaxConfig")
    assert getattr(settings.channels["ops"].config, "number", "") == "123"
    assert [info.name for info in load.plugins.listing()] == ["my_app_notify:Plugin"]
    load("plugins = ['my_app_notify:Plugin']")  # a reload
    assert len(load.plugins.listing()) == 1


def test_the_types_of_given_plugins_are_those_that_count(types: ChannelTypes, tmp_path: Path) -> None:
    (tmp_path / "bellwire.toml").write_text('[channels.ops]\ntype = "pager"')

    settings = load_settings(tmp_path / "bellwire.toml", environ={}, plugins=Plugins(types))

    assert settings.channels["ops"].type == "pager"


# --- what is disabled -----------------------------------------------------------------------------------------------


def test_a_channel_is_active_when_it_is_enabled(load: Loader) -> None:
    settings = load(
        """
        [channels.on]
        type = "pager"
        enable = true
        url = "https://x"
        [channels.off]
        type = "pager"
        """
    )

    assert [(each.name, each.active, each.disabled_by) for each in settings.channels.values()] == [
        ("on", True, ""),
        ("off", False, "enable = false"),
    ]


def test_a_disabled_channel_keeps_its_config_and_starts_whatever_is_wrong_with_it(load: Loader) -> None:
    settings = load(
        """
        [channels.fine]
        type = "pager"
        enable = true
        url = "https://x"
        [channels.broken]
        type = "pager"
        urgency = 99
        [channels.unknown]
        type = "pagr"
        """,
        BELLWIRE_DISABLED_CHANNELS="fine, broken, unknown",
    )

    channels = settings.channels
    assert {each.disabled_by for each in channels.values()} == {"BELLWIRE_DISABLED_CHANNELS"}
    assert channels["fine"].config is not None
    assert (channels["broken"].config, channels["unknown"].config) == (None, None)
    assert [str(problem) for problem in settings.warnings] == [
        "channels.broken.urgency: must be between 1 and 3, got 99",
        "channels.unknown.type: no channel type 'pagr', did you mean 'pager'?",
    ]


def test_a_disabled_type_is_neither_imported_nor_checked(
    load: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_module(tmp_path, monkeypatch, "crashing_pager", "raise SystemError")
    info = tmp_path / "crash-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crash\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bellwire.channels]\ncrash = crashing_pager:C\n")
    load.file.write_text('[channels.ops]\ntype = "crash"\nanything = 1')

    environ = {"BELLWIRE_DISABLED_CHANNELS": "crash", "BELLWIRE_CHANNELS__OPS__WHATEVER": "x"}
    settings = load_settings(load.file, environ=environ)

    channel = settings.channels["ops"]
    assert (channel.type, channel.config, channel.disabled_by) == ("crash", None, "BELLWIRE_DISABLED_CHANNELS")
    assert "crashing_pager" not in sys.modules
    with pytest.raises(ConfigError, match=r"channels\.ops\.type: the channel type 'crash' of crash 1\.0 cannot be "):
        load_settings(load.file, environ={})


def test_a_brake_that_is_misspelt_is_told(load: Loader) -> None:
    assert load.warnings('[channels.ops]\ntype = "pager"', BELLWIRE_DISABLED_CHANNELS="op, xyz") == [
        "BELLWIRE_DISABLED_CHANNELS: no channel or channel type 'op', did you mean 'ops'?",
        "BELLWIRE_DISABLED_CHANNELS: no channel or channel type 'xyz'",
    ]


# --- actions --------------------------------------------------------------------------------------------------------


def test_a_misspelt_action_would_silence_a_channel_and_is_a_warning(load: Loader) -> None:
    text = '[channels.ops]\ntype = "pager"\nactions = ["aprove", "cancel", "create", "failing"]'

    assert load.warnings(text) == [
        "channels.ops.actions: no workflow action 'aprove', did you mean 'approve'?",
        (
            "channels.ops.actions: no workflow action 'cancel'; there are create, approve, reject, exec_success, "
            "exec_failed"
        ),
    ]
    assert load.warnings(f'workflow_actions = ["cancel"]\n{text}') == [
        "channels.ops.actions: no workflow action 'aprove', did you mean 'approve'?"
    ]


# --- what it costs --------------------------------------------------------------------------------------------------


def test_reading_a_configuration_brings_neither_a_database_nor_an_http_client() -> None:
    script = (
        "import sys, bellwire.core.config as config\n"
        "config.load_settings(environ={})\n"
        "print([name for name in ('sqlalchemy', 'alembic', 'httpx', 'click', 'rich') if name in sys.modules])\n"
        "print('cattrs' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.splitlines()[0] == "[]"
