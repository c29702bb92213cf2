"""A channel type with a setting of every kind, and a way to load a file's text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import attrs
import pytest

from bellwire.core.config import Settings, load_settings
from bellwire.core.errors import ConfigError
from bellwire.core.plugins import ChannelTypes, Plugins
from bellwire.hookspecs import (
    Channel,
    ChannelConfig,
    ChannelContext,
    Problem,
    Secret,
    channel_config,
    setting,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@channel_config
class PagerConfig(ChannelConfig):
    """Rings the pager."""

    url: str = setting(default="", title="URL", format="http-url", required_when_enabled=True)
    token: Secret | None = setting(default=None, title="Token", format="line")
    keys: tuple[Secret, ...] = setting(default=(), title="Keys")
    urgency: int = setting(default=1, ge=1, le=3, title="Urgency")
    pause: float = setting(default=0.5, ge=0, le=10, title="Pause")
    tone: Literal["low", "high"] = setting(default="low", title="Tone")
    level: Literal[1, 2] | None = setting(default=None, title="Level")
    groups: tuple[str, ...] = setting(default=(), title="Groups", max_length=3)
    ports: tuple[int, ...] = setting(default=(), title="Ports", ge=1, le=65535)
    headers: dict[str, str] = setting(factory=dict, title="Headers")
    signature: str = setting(default="-- ", title="Signature", max_length=20)

    def check(self) -> Iterator[Problem]:
        if self.tone == "high" and self.urgency == 1:
            yield Problem("tone", "high needs an urgency of 2 or more")
        if self.url.startswith("http://"):
            yield Problem("url", "is not encrypted", "warning")

    async def open(self, context: ChannelContext) -> Channel:
        raise NotImplementedError


@channel_config
class StrictConfig(ChannelConfig):
    """Has settings without defaults."""

    address: str = setting(title="Address")
    pin: Secret = setting(title="PIN")

    async def open(self, context: ChannelContext) -> Channel:
        raise NotImplementedError


@pytest.fixture
def pager() -> type[PagerConfig]:
    return PagerConfig


@pytest.fixture
def types() -> ChannelTypes:
    registry = ChannelTypes(disabled=(), installed=tuple)
    registry.register("pager", PagerConfig)
    registry.register("strict", StrictConfig)
    return registry


@attrs.frozen
class Loader:
    """Loads the text of a file, with an environment of its own."""

    folder: Path
    types: ChannelTypes
    plugins: Plugins

    @property
    def file(self) -> Path:
        return self.folder / "bellwire.toml"

    def __call__(self, text: str = "", **environ: str) -> Settings:
        self.file.write_text(text, encoding="utf-8")
        return load_settings(self.file, environ=environ, plugins=self.plugins)

    def problems(self, text: str = "", **environ: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            self(text, **environ)
        assert caught.value.source == str(self.file)
        return [str(problem) for problem in caught.value.problems]

    def warnings(self, text: str = "", **environ: str) -> list[str]:
        return [str(problem) for problem in self(text, **environ).warnings]

    def channel(self, text: str = "", **environ: str) -> PagerConfig:
        """The config of the channel ``ops``, of the type pager, whose table holds *text*."""
        config = self(f'[channels.ops]\ntype = "pager"\n{text}', **environ).channels["ops"].config
        assert isinstance(config, PagerConfig)
        return config

    def channel_problems(self, text: str = "", **environ: str) -> list[str]:
        return [
            problem.removeprefix("channels.ops.")
            for problem in self.problems(f'[channels.ops]\ntype = "pager"\n{text}', **environ)
        ]


@pytest.fixture
def load(tmp_path: Path, types: ChannelTypes) -> Loader:
    return Loader(tmp_path, types, Plugins(types))
