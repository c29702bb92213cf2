"""``docs/reference/configuration.md`` says what the code does.

Its tables are what this module makes of the declarations; ``python tests/unit/config/test_reference_page.py`` writes
them anew.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import pytest

from bellwire.core.config import BusSettings, load_settings
from bellwire.core.config.conversion import wording
from bellwire.core.config.environment import parse_text
from bellwire.core.errors import ConfigError
from bellwire.hookspecs import ChannelConfig, DeclaredSetting, declared_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"
TABLES: Final[dict[str, type[Any]]] = {"the bus": BusSettings, "every channel": ChannelConfig}
HEADING: Final = "| setting | type | default | allowed | |\n|---|---|---|---|---|\n"
_table: Final = re.compile(
    r"(?<=<!-- settings of: )(?P<of>[^-]+?)(?P<mark> -->\n\n)\|[^\n]+\n\|[^\n]+\n(?P<rows>(?:\|[^\n]*\n)*)"
)


def table(cls: type[Any]) -> str:
    return HEADING + "".join(f"| {' | '.join(_cells(setting))} |\n" for setting in declared_settings(cls))


def _cells(setting: DeclaredSetting) -> Iterator[str]:
    yield f"`{setting.name}`"
    yield "one of several" if setting.type.kind == "choice" else wording(setting.type)
    yield f"`{_toml(setting.default)}`"
    yield _allowed(setting)
    yield setting.info.help.replace("|", "\\|")


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def _allowed(setting: DeclaredSetting) -> str:
    info = setting.info
    if setting.type.choices:
        return ", ".join(f"`{_toml(choice)}`" for choice in setting.type.choices)
    if info.ge is not None and info.le is not None:
        return f"{_toml(float(info.ge))}–{_toml(float(info.le))}"
    if info.format == "duration":
        return "a duration: `30s`, `5m`, `2h`, `7d`"
    if others := [example for example in info.examples if example != setting.default]:
        return f"such as `{_toml(others[0])}`"
    return ""


def written(page: str) -> str:
    return _table.sub(lambda found: f"{found['of']}{found['mark']}{table(TABLES[found['of']])}", page)


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_its_tables_are_those_of_the_declarations() -> None:
    page = PAGE.read_text("utf-8")
    assert [found["of"] for found in _table.finditer(page)] == list(TABLES)
    assert written(page) == page, f"run: python {Path(__file__).name}"


def test_its_example_of_a_wrong_file_is_refused_in_its_words(tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8")
    (tmp_path / "bellwire.toml").write_text(next(text for text in blocks(page, "toml") if "databse" in text))
    told = next(text for text in blocks(page, "text") if "databse" in text)

    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "bellwire.toml", environ={})

    assert [str(problem) for problem in caught.value.problems] == told.splitlines()


def test_what_it_says_of_texts_in_the_environment_is_so() -> None:
    from bellwire.hookspecs import SettingType

    text = SettingType("text")
    assert all(parse_text(SettingType("boolean"), each) is True for each in ("true", "1", "yes", "on", "TRUE"))
    assert all(parse_text(SettingType("boolean"), each) is False for each in ("false", "0", "no", "off", "No"))
    assert [parse_text(SettingType("number"), each) for each in ("2", "2.5", "1e3")] == [2.0, 2.5, 1000.0]
    assert parse_text(SettingType("list", item=text), "approve,reject") == ["approve", "reject"]
    assert parse_text(SettingType("list", item=text), '["a,b", "c"]') == ["a,b", "c"]
    assert parse_text(SettingType("list", item=text), "") == []
    one_or_several = SettingType("list", item=text, single=True)
    assert parse_text(one_or_several, "a,b") == "a,b"
    assert parse_text(one_or_several, '["a,b", "c"]') == ["a,b", "c"]
    assert parse_text(one_or_several, "") == []
    assert parse_text(SettingType("table", item=text), '{"X-Team": "ops"}') == {"X-Team": "ops"}


def test_it_names_every_variable_that_is_no_setting() -> None:
    from bellwire.core.config import environment

    page = PAGE.read_text("utf-8")
    for name in environment._RESERVED:
        assert f"| `{name}` |" in page
    assert f"`{environment._TESTS}…`" in page


def test_the_table_maker_knows_every_type() -> None:
    for cls in TABLES.values():
        for setting in declared_settings(cls):
            assert all(isinstance(cell, str) for cell in _cells(attrs.evolve(setting)))


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
