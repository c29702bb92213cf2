"""``bellwire`` in this very process, in an empty folder, and a channel type that does what its settings say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner, Result

from bellwire.core.cli import root

SCRIPTED = '''
from bellwire.hookspecs import ChannelConfig, Failed, Sent, Stage, channel_config, hookimpl, setting


@channel_config
class ScriptedConfig(ChannelConfig):
    """Answers as it is told."""

    status: int = setting(default=200)
    answer: str = setting(default="")
    accept_status: str = setting(default="200")

    async def open(self, context):
        return Scripted(self)


class Scripted:
    def __init__(self, config):
        self.config = config

    @hookimpl
    async def notify_workflow(self, event, delivery):
        stages = (Stage("connect", 0.0012, "192.0.2.7:80"), Stage("response", 0.25))
        if self.config.status == 200:
            return Sent(status_code=200, response=self.config.answer, stages=stages)
        return Failed(stage="status", detail=f"response status_code({self.config.status})",
                      status_code=self.config.status, response=self.config.answer, stages=stages)
'''

CONFIGURATION = """\
plugins = ["scripted=scripted_channels:ScriptedConfig"]

[channels.ops]
type = "scripted"
enable = true
max_retry_times = 1
"""


@attrs.frozen
class Bellwire:
    """Runs ``bellwire`` in *folder*; an exception that is no exit is the test's own."""

    folder: Path

    def __call__(
        self, *arguments: str, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None
    ) -> Result:
        runner = CliRunner()
        return runner.invoke(root, arguments, input=stdin, env=env, prog_name="bellwire", catch_exceptions=False)

    def ok(self, *arguments: str, **given: Any) -> str:
        """What it prints on standard output, when all goes well."""
        result = self(*arguments, **given)
        assert result.exit_code == 0, f"{arguments}: {result.output}"
        return result.stdout

    def json(self, *arguments: str) -> Any:
        """What it prints with ``--json``."""
        return json.loads(self.ok(*arguments, "--json"))

    def publish(self, action: str = "create", workflow: str = "1", subject: str = "s", **options: str) -> str:
        """Publishes an event; returns its id."""
        values = {"project-name": "p", "workflow-id": workflow, "workflow-subject": subject}
        values |= {"workflow-status": "wait_for_audit", **options}
        printed = self.ok("publish", action, *(part for name in values for part in (f"--{name}", values[name])))
        return printed.strip()

    def configure(self, text: str) -> None:
        """Writes the configuration file."""
        (self.folder / "bellwire.toml").write_text(text, "utf-8")


@pytest.fixture
def bellwire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bellwire:
    """The command, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scripted_channels.py").write_text(SCRIPTED, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return Bellwire(tmp_path)


@pytest.fixture
def configured(bellwire: Bellwire) -> Bellwire:
    """The command, with one enabled channel, ``ops``, that takes everything."""
    bellwire.configure(CONFIGURATION)
    return bellwire


@pytest.fixture
def failing(bellwire: Bellwire) -> Bellwire:
    """The command, with one enabled channel, ``ops``, whose receiver answers 500 with a body that plays tricks."""
    bellwire.configure(CONFIGURATION + 'status = 500\nanswer = "boom\\u001b[2J\\nError: forged"\n')
    return bellwire


Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a distribution that brings commands: its metadata and one module on the path."""

    def install(distribution: str, points: Mapping[str, str], module: str = "", code: str = "") -> None:
        site = tmp_path / f"site-{distribution}"
        info = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n", "utf-8")
        lines = "\n".join(f"{name} = {value}" for name, value in points.items())
        (info / "entry_points.txt").write_text(f"[bellwire.commands]\n{lines}\n", "utf-8")
        if module:
            (site / f"{module}.py").write_text(code, "utf-8")
        monkeypatch.syspath_prepend(site)

    return install
