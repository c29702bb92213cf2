"""Fake distributions on ``sys.path``, with entry points that core meets as it meets a stranger's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@attrs.frozen
class Installer:
    """Installs a distribution, as far as ``importlib.metadata`` and imports can tell."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    pager: str = '''
from bellwire.hookspecs import ChannelConfig, channel_config, hookimpl, setting

@channel_config
class PagerConfig(ChannelConfig):
    """Rings the pager."""
    endpoint: str = setting(default="", title="Endpoint")

    async def open(self, context):
        return Pager()

class Pager:
    @hookimpl
    async def notify_event(self, event, delivery): ...
'''

    def __call__(
        self,
        distribution: str,
        entry_points: str = "",
        *,
        version: str = "1.0",
        group: str = "bellwire.channels",
        **modules: str,
    ) -> Path:
        site = self.folder / f"site-{distribution}-{version}"
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{entry_points}\n")
        for name, source in modules.items():
            (site / f"{name}.py").write_text(source)
        self.monkeypatch.syspath_prepend(str(site))
        return info


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installer]:
    before = set(sys.modules)
    yield Installer(tmp_path, monkeypatch)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
