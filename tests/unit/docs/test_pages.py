"""What the pages say agrees with the code, and with one another."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from bellwire.hookspecs import ChannelConfig, DeclaredSetting, SettingFormat, declared_settings
from bellwire.hookspecs.outcome import FAILURE_STAGES

REPOSITORY: Final = Path(__file__).parents[3]
CHANNELS: Final = REPOSITORY / "docs" / "guide" / "channels.md"
READMES: Final = (REPOSITORY / "README.md", REPOSITORY / "README.zh.md")
LINKING: Final = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]


def rows(section: str) -> dict[str, list[str]]:
    """The table rows of one section of the channels' guide, by what stands in backquotes in the first cell."""
    text = CHANNELS.read_text("utf-8")
    body = text[text.index(f"# {section}\n") :].partition("\n#")[0] if f"# {section}\n" in text else ""
    found: dict[str, list[str]] = {}
    for line in body.splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            found |= dict.fromkeys(re.findall(r"`([^`]+)`", cells[0]), cells[1:])
    return found


def test_the_guide_lists_every_setting_that_all_channels_have_and_no_other() -> None:
    assert list(rows("What every channel has")) == [setting.name for setting in declared_settings(ChannelConfig)]


@pytest.mark.parametrize("setting", declared_settings(ChannelConfig), ids=lambda setting: setting.name)
def test_the_guide_has_the_settings_default_and_its_range(setting: DeclaredSetting) -> None:
    default, told = rows("What every channel has")[setting.name]
    shown = tomllib.loads(f"value = {default.strip('`')}")["value"]
    assert (tuple(shown) if isinstance(shown, list) else shown) == setting.default
    info = setting.info
    if info.le is not None and (info.ge or setting.name == "max_retry_times"):
        assert f"({info.ge:g}–{info.le:g})" in told


def test_the_guide_explains_every_stage_and_every_format() -> None:
    assert set(FAILURE_STAGES) <= set(rows("How it ended"))
    formats = " ".join(rows("Settings")["format"])
    assert all(f'"{name}"' in formats for name in SettingFormat.__args__)  # type: ignore[attr-defined]  # a Literal has them


def test_both_readmes_show_the_same() -> None:
    english, chinese = (path.read_text("utf-8") for path in READMES)

    def shape(text: str) -> list[str]:
        return re.findall(r"^(#+|```\w*|<!-- .*-->)", text, re.MULTILINE)

    def commands(text: str) -> list[str]:
        return re.findall(r"^\$ .*", text, re.MULTILINE)

    assert shape(english) == shape(chinese)
    assert commands(english) == commands(chinese)
    strip = re.compile(r"#.*|\"[^\"]*\"")
    blocks = [
        re.findall(r"^```(?:python|toml)\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for text in (english, chinese)
    ]
    assert [strip.sub("", block) for block in blocks[0]] == [strip.sub("", block) for block in blocks[1]]


@pytest.mark.parametrize("page", LINKING, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_no_link_within_the_repository_is_dead(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            dead.append(target)
    assert dead == []


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
