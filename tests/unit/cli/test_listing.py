"""``types``, ``plugins``, ``channels`` and ``migrate``."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from bellwire.hookspecs import ChannelConfig

from .conftest import CONFIGURATION, Bellwire, Install

PLUGIN = """
from bellwire.hookspecs import hookimpl

class Quiet:
    @hookimpl
    def notify_filter(self, event, channel): ...

    @hookimpl
    def notify_settled(self, event, delivery, outcome): ...
"""


def test_types_are_listed_with_where_they_come_from(bellwire: Bellwire) -> None:
    lines = bellwire.ok("types").splitlines()
    assert lines[0].split() == ["TYPE", "FROM", "WHAT"]
    assert f"webhook  bellwire {version('bellwire')}  Sends each event as a JSON document in an HTTP POST." in lines


def test_types_of_the_setting_plugins_are_listed_too(configured: Bellwire) -> None:
    assert "scripted  plugins         Answers as it is told." in configured.ok("types")


def test_the_document_of_a_type_has_its_distribution_and_its_settings_schema(configured: Bellwire) -> None:
    types = {each["name"]: each for each in configured.json("types")}
    webhook = types["webhook"]
    assert webhook["distribution"] == "bellwire"
    assert webhook["version"] == version("bellwire")
    assert webhook["class"] == "bellwire.channels.webhook.config:WebhookConfig"
    assert (webhook["error"], webhook["disabled"]) == (None, False)
    assert webhook["schema"]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert webhook["schema"]["properties"]["max_retry_times"]["maximum"] == 5
    assert types["scripted"]["distribution"] is None


def test_a_type_that_cannot_be_imported_is_listed_with_the_reason(bellwire: Bellwire) -> None:
    info = bellwire.folder / "bellwire_broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bellwire-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bellwire.channels]\nbroken = no_such_module:Config\n")
    assert "No module named 'no_such_module'" in bellwire.ok("types")
    broken = next(each for each in bellwire.json("types") if each["name"] == "broken")
    assert (broken["class"], broken["schema"]) == (None, None)
    assert "No module named" in broken["error"]


def test_types_are_listed_although_the_configuration_is_broken(bellwire: Bellwire) -> None:
    bellwire.configure('[channels.ops]\ntype = "webhok"\n')
    result = bellwire("types")
    assert result.exit_code == 0
    assert "webhook" in result.stdout
    assert "cannot be used, see `bellwire check`" in result.stderr


def test_a_disabled_type_is_listed_as_such(bellwire: Bellwire) -> None:
    shown = bellwire.ok("types", env={"BELLWIRE_DISABLED_CHANNELS": "webhook"})
    assert "disabled by BELLWIRE_DISABLED_CHANNELS" in shown


def test_plugins_are_listed_with_their_hooks_and_commands_with_their_package(
    bellwire: Bellwire, install: Install
) -> None:
    install("bellwire-greet", {"greet": "greeting:greet"})
    (bellwire.folder / "quiet_plugin.py").write_text(PLUGIN)
    bellwire.configure('plugins = ["quiet_plugin:Quiet", "scripted=scripted_channels:ScriptedConfig"]\n')
    shown = bellwire.ok("plugins")
    assert "quiet_plugin:Quiet" in shown
    assert "notify_filter, notify_settled" in shown
    assert "greet               bellwire-greet  the command `bellwire greet`" in shown
    documents = bellwire.json("plugins")
    assert documents[0] == {
        "name": "quiet_plugin:Quiet",
        "distribution": None,
        "hooks": ["notify_filter", "notify_settled"],
        "command": None,
    }
    assert {"name": "greet", "distribution": "bellwire-greet", "hooks": [], "command": "greet"} in documents


def test_channels_are_listed_with_why_they_are_not_enabled(bellwire: Bellwire) -> None:
    bellwire.configure(CONFIGURATION + '[channels.off]\ntype = "webhook"\n')
    assert bellwire.ok("channels").splitlines() == [
        "CHANNEL  TYPE      STATE     WHY",
        "ops      scripted  enabled",
        "off      webhook   disabled  enable = false",
    ]
    assert [channel["state"] for channel in bellwire.json("channels")] == ["enabled", "disabled"]


SIGNED = """
[channels.signed]
type = "webhook"
url = "http://192.168.21.34:8000"
signature = "standard"
signing_secret = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
"""


def test_below_the_channels_stands_what_receivers_want_to_know(bellwire: Bellwire) -> None:
    bellwire.configure(CONFIGURATION + SIGNED)
    shown = bellwire.ok("channels")
    public = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
    assert shown.splitlines()[-1] == f"signed: public key {public}"
    assert "whsk_" not in shown
    assert [channel["for_receivers"] for channel in bellwire.json("channels")] == [{}, {"public key": public}]


def test_a_channel_whose_words_for_receivers_fail_is_listed_all_the_same(
    configured: Bellwire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ChannelConfig, "for_receivers", lambda self: 1 / 0)
    shown = configured.ok("channels")
    assert shown.splitlines()[-1] == "ops: error ZeroDivisionError in for_receivers()"


def test_no_channel_is_told_with_where_to_add_one(bellwire: Bellwire) -> None:
    bellwire.configure("")
    result = bellwire("channels")
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"add a table [channels.NAME] to {bellwire.folder}/bellwire.toml" in result.stderr


def test_migrate_tells_the_version_before_and_after(configured: Bellwire) -> None:
    path = configured.folder / "bellwire.db"
    assert configured.ok("migrate") == f"{path}: the tables are there now, version 1\n"
    assert configured.ok("migrate") == f"{path}: is up to date, version 1\n"


def test_what_to_try_after_a_failed_delivery_is_told_wherever_it_is_looked_at(failing: Bellwire) -> None:
    failing.publish(workflow="7")
    failing.ok("worker", "--once")
    (delivery,) = failing.json("deliveries")
    advice = "the receiver failed by itself: its own log says why"
    assert f"hint: {advice}" in failing.ok("show", delivery["id"])
    assert f"hint: {advice}" in failing.ok("explain", "7")
    assert f"hint for ops: {advice}" in failing("deliveries").stderr
    assert failing.json("show", delivery["id"])["advice"] == [advice]
    assert failing.json("explain", "7")["events"][0]["channels"][0]["advice"] == [advice]


def test_what_was_delivered_in_the_end_needs_no_advice(configured: Bellwire) -> None:
    configured.publish(workflow="7")
    configured.ok("worker", "--once")
    assert "hint" not in configured.ok("explain", "7") + configured("deliveries").stderr
