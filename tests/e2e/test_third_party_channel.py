"""A channel from a package of its own: its wheel is installed beside Bellwire's, rings, and is taken away again."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Environment

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

CONFIG = """
[channels.audit]
type = "logfile"
enable = true
path = "{folder}/workflows.jsonl"

[channels.elsewhere]
type = "logfile"
enable = true
path = "{folder}/missing/workflows.jsonl"

[channels.ops]
type = "webhook"
enable = true
url = "http://127.0.0.1:1/"
max_retry_times = 1
"""
PUBLISH = (
    *("publish", "approve", "--project-name", "payments", "--workflow-id", "1734"),
    *("--workflow-subject", "工单", "--workflow-status", "wait_for_execution"),
)


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("logfile")
    source = repository / "docs" / "examples" / "bellwire-logfile"
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(output), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = output.glob("*.whl")
    return wheel


@pytest.fixture
def environment(installed: Environment, wheel: Path) -> Iterator[Environment]:
    """Bellwire's wheel and the channel's, and nothing but what Bellwire asks for."""
    installed.install("--no-deps", "--no-index", str(wheel))
    yield installed
    uninstall(installed)


def uninstall(environment: Environment) -> None:
    gone = environment.run("python", "-m", "pip", "uninstall", "--yes", "--quiet", "bellwire-logfile")
    assert gone.returncode == 0, gone.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bellwire.toml").write_text(CONFIG.format(folder=tmp_path), "utf-8")
    return tmp_path


def test_the_wheel_is_typed_licensed_and_asks_for_bellwire(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        (metadata,) = (opened.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    assert "bellwire_logfile/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert "Requires-Dist: bellwire" in metadata


def test_it_is_listed_with_its_package_and_its_settings(environment: Environment) -> None:
    listed = environment.run("bellwire", "types", "--json")
    assert listed.returncode == 0, listed.stderr
    (found,) = (one for one in json.loads(listed.stdout) if one["name"] == "logfile")
    assert (found["distribution"], found["version"], found["error"]) == ("bellwire-logfile", "0.1.0", None)
    assert found["schema"]["properties"]["fsync"]["title"] == "Wait for the disk"
    assert "max_retry_times" in found["schema"]["properties"]


def test_it_is_checked_tried_and_rung_and_a_failure_says_what_to_do(environment: Environment, folder: Path) -> None:
    checked = environment.run("bellwire", "check", cwd=folder)
    assert checked.returncode == 0, checked.stdout + checked.stderr

    tried = environment.run("bellwire", "test", "audit", cwd=folder)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    published = environment.run("bellwire", *PUBLISH, cwd=folder)
    assert published.returncode == 0, published.stderr
    worked = environment.run("bellwire", "worker", "--once", cwd=folder)
    assert worked.returncode == 0, worked.stderr

    test, event = map(json.loads, (folder / "workflows.jsonl").read_text("utf-8").splitlines())
    assert (test["event"], event["event"], event["action"]) == ("test", "workflow", "approve")
    assert event["payload"]["workflow"]["workflow_subject"] == "工单"

    explained = environment.run("bellwire", "explain", published.stdout.strip(), cwd=folder)
    assert f"the folder {folder}/missing does not exist; create it, or set another path" in explained.stdout
    shown = environment.run("bellwire", "show", event["delivery"], cwd=folder)
    assert shown.returncode == 0, shown.stderr
    assert "delivered" in shown.stdout


def test_a_wrong_setting_is_told_in_the_words_of_its_declaration(environment: Environment, folder: Path) -> None:
    config = folder / "bellwire.toml"
    config.write_text(config.read_text("utf-8").replace(f"{folder}/workflows.jsonl", "workflows.jsonl"), "utf-8")
    checked = environment.run("bellwire", "check", cwd=folder)
    assert checked.returncode == 1
    assert "channels.audit.path: must match" in checked.stdout + checked.stderr


def test_without_its_package_it_is_named_the_others_can_go_on_and_nothing_is_lost(
    environment: Environment, folder: Path, wheel: Path
) -> None:
    assert environment.run("bellwire", *PUBLISH, cwd=folder).returncode == 0
    uninstall(environment)

    stopped = environment.run("bellwire", "worker", "--once", cwd=folder)
    assert stopped.returncode == 1
    assert "channels.audit.type: no channel type 'logfile'" in stopped.stderr
    assert "Install the package that brings it" in stopped.stderr
    assert "Traceback" not in stopped.stderr

    without = (
        "import os; os.environ['BELLWIRE_DISABLED_CHANNELS'] = 'audit,elsewhere'; "
        "from bellwire.core.cli import main; main()"
    )
    others = environment.run("python", "-c", without, "worker", "--once", cwd=folder)
    assert others.returncode == 0, others.stderr
    listed = json.loads(environment.run("python", "-c", without, "deliveries", "--json", cwd=folder).stdout)
    assert {one["channel"]: one["state"] for one in listed} == {
        "audit": "waiting",
        "elsewhere": "waiting",
        "ops": "failed",
    }

    environment.install("--no-deps", "--no-index", str(wheel))
    again = environment.run("bellwire", "worker", "--once", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert len((folder / "workflows.jsonl").read_text("utf-8").splitlines()) == 1
