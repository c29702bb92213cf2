"""``bellwire check``: all problems at once, and which files are used."""

from __future__ import annotations

import json
import sqlite3
import sys
from importlib.metadata import version

import pytest

from bellwire.core.outbox import Database

from .conftest import CONFIGURATION, Bellwire


def test_it_prints_the_absolute_paths_that_are_used(configured: Bellwire) -> None:
    shown = configured.ok("check")
    assert f"config file  {configured.folder}/bellwire.toml\n" in shown
    assert f"database     {configured.folder}/bellwire.db (not there yet: created when it is first needed)\n" in shown
    assert f"python       {sys.executable} (" in shown
    assert f"bellwire     {version('bellwire')}\n" in shown
    assert "ops      scripted  enabled\n" in shown
    assert shown.endswith("no problems\n")
    assert not (configured.folder / "bellwire.db").exists()


def test_its_document_has_the_same(configured: Bellwire) -> None:
    configured.publish()
    configured.ok("worker", "--once")
    document = configured.json("check")
    (channel,) = document.pop("channels")
    assert (channel["name"], channel["type"], channel["state"]) == ("ops", "scripted", "enabled")
    assert document == {
        "ok": True,
        "config_file": f"{configured.folder}/bellwire.toml",
        "database": f"{configured.folder}/bellwire.db",
        "database_exists": True,
        "python": sys.executable,
        "python_version": sys.version.split()[0],
        "bellwire_version": version("bellwire"),
        "problems": [],
    }


def test_all_problems_of_the_file_are_told_and_the_exit_code_is_1(bellwire: Bellwire) -> None:
    bellwire.configure('locale = "fr"\n[channels.ops]\ntype = "webhok"\n[channels.X]\n')
    result = bellwire("check")
    assert result.exit_code == 1
    assert result.stderr.count("error: ") == 3
    assert "error: channels.ops.type: no channel type 'webhok', did you mean 'webhook'?" in result.stderr
    assert result.stdout.endswith("3 problems\n")
    document = json.loads(bellwire("check", "--json").stdout)
    assert (document["ok"], document["database"], len(document["problems"])) == (False, None, 3)
    assert {problem["severity"] for problem in document["problems"]} == {"error"}


def test_a_file_that_is_not_there_or_no_toml_is_told(bellwire: Bellwire) -> None:
    result = bellwire("check", "--config", "nowhere.toml")
    assert result.exit_code == 1
    assert "there is no such file; `bellwire init` writes one" in result.stderr
    bellwire.configure("locale = \n")
    result = bellwire("check")
    assert result.exit_code == 1
    assert "error: line 1, column 10:" in result.stderr


def test_warnings_are_told_and_are_no_failure(bellwire: Bellwire) -> None:
    bellwire.configure('[channels.ding]\ntype = "webhook"\nurl = "https://oapi.dingtalk.com/robot/send"\n')
    result = bellwire("check")
    assert result.exit_code == 0
    assert "warning: channels.ding.url: belongs to DingTalk" in result.stderr
    assert result.stdout.endswith("no problems, 1 warning\n")


def test_deliveries_that_nobody_dispatches_are_a_warning(configured: Bellwire) -> None:
    configured.publish()
    assert "warning: 1 delivery waits, no dispatcher is running; run `bellwire worker`" in configured("check").stderr


def test_no_secret_is_shown(bellwire: Bellwire) -> None:
    bellwire.configure(
        'database = "postgresql+nope://u:hunter2@h/d"\n[channels.ops]\ntype = "webhook"\ntoken = "s3cret\\n"\n'
    )
    for arguments in (("check",), ("check", "--json"), ("status",)):
        result = bellwire(*arguments)
        assert result.exit_code == 1
        assert "hunter2" not in result.output
        assert "s3cret" not in result.output


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite:///nowhere/x.db", "does not exist; create it, or name another file"),
        ("sqlite:///:memory:", "would be lost with the process"),
    ],
)
def test_a_database_that_cannot_be_opened_is_a_problem_of_every_command(
    bellwire: Bellwire, url: str, sentence: str
) -> None:
    bellwire.configure(f'database = "{url}"\n{CONFIGURATION}')
    result = bellwire("check")
    assert result.exit_code == 1
    assert "error: database: " in result.stderr
    assert sentence in result.stderr
    for arguments in (("migrate",), ("worker", "--once")):
        result = bellwire(*arguments)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ")
        assert sentence in result.stderr


def test_a_file_that_is_no_database_is_told(configured: Bellwire) -> None:
    (configured.folder / "bellwire.db").write_text("this is no database, but long enough to be looked at" * 20)
    for arguments in (("check",), ("status",), ("deliveries",), ("worker", "--once")):
        result = configured(*arguments)
        assert result.exit_code == 1
        assert "is not an SQLite database" in result.stderr


def test_a_database_of_a_newer_schema_is_told_with_the_way_out(configured: Bellwire) -> None:
    configured.publish()
    with sqlite3.connect(configured.folder / "bellwire.db") as connection:
        connection.execute("UPDATE bellwire_meta SET value = '99' WHERE name IN ('schema', 'min_compatible')")
    connection.close()
    for arguments in (("check",), ("deliveries",), ("worker",), ("migrate",), ("replay", "x")):
        result = configured(*arguments)
        assert result.exit_code == 1
        assert "Upgrade Bellwire here" in result.stderr


def test_a_locked_database_is_told_and_publishing_says_that_nothing_was_stored(
    configured: Bellwire, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured.publish()
    defaults = Database.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "lock_patience", 0.05)
    connection = sqlite3.connect(configured.folder / "bellwire.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        checked = configured("check")
        assert checked.exit_code == 1
        assert (
            "keeps the write lock; end that transaction, publish in it with connection=, or try again" in checked.stderr
        )
        published = configured(
            *("publish", "create", "--project-name", "p", "--workflow-id", "1"),
            *("--workflow-subject", "s", "--workflow-status", "x"),
        )
        assert published.exit_code == 1
        assert published.stderr.startswith("Error: nothing was stored, publish it again: ")
        assert published.stdout == ""
        assert len(configured.json("deliveries")) == 1  # reading needs no lock
    finally:
        connection.close()


def test_a_type_that_cannot_be_imported_is_a_warning_unless_it_is_used(
    configured: Bellwire, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = configured.folder / "bellwire_broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bellwire-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bellwire.channels]\nbroken = no_such_module:Config\n")
    result = configured("check")
    assert result.exit_code == 0
    assert "warning: type broken: the channel type 'broken' of bellwire-broken 1.0 cannot be imported" in result.stderr
    configured.configure('[channels.ops]\ntype = "broken"\n')
    assert configured("check").exit_code == 1


WEBHOOK = """
[channels.ops]
type = "webhook"
enable = true
url = "http://{host}:8000/hook"
"""


@pytest.mark.parametrize(
    ("top", "host", "told"),
    [
        ("", "169.254.169.254", "169.254.169.254 is the address of cloud metadata, which is always refused"),
        (
            "",
            "[::ffff:a9fe:a9fe]",
            "::ffff:a9fe:a9fe stands for 169.254.169.254: that is the address of cloud metadata, which",
        ),
        ('egress = "public"', "0x7f.1", '127.0.0.1 is a loopback address, and egress "public" allows'),
        ('egress_deny = ["*.corp.example"]', "hooks.corp.example", "hooks.corp.example is denied by '*.corp.example'"),
        ('egress_allow = ["10.0.0.0/8"]', "192.168.21.34", "192.168.21.34 is not named in egress_allow"),
    ],
)
def test_a_receiver_that_the_egress_policy_refuses_is_told_before_anything_is_sent(
    bellwire: Bellwire, top: str, host: str, told: str
) -> None:
    bellwire.configure(top + WEBHOOK.format(host=host))
    result = bellwire("check")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: channels.ops.url: ")
    assert told in result.stderr
    assert "ops      webhook  enabled" in result.stdout
    (problem,) = json.loads(bellwire("check", "--json").stdout)["problems"]
    assert (problem["path"], problem["severity"]) == ("channels.ops.url", "error")


def test_a_receiver_that_the_egress_policy_allows_is_no_problem(bellwire: Bellwire) -> None:
    bellwire.configure('egress = "public"\negress_allow = ["10.0.0.0/8"]' + WEBHOOK.format(host="10.0.0.1"))
    assert "no problems" in bellwire.ok("check")
