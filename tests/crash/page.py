"""The tables of ``docs/explanation/crashes.md``, made of what the tests told."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import cattrs
from tests.crash.house import Figures
from tests.crash.steps import PUBLISHER, WORKER

KEPT: Final = Path(__file__).parents[2] / ".cache/crash.json"
"""What the last runs told: one that failed in part is completed by running that part again."""
PAGE: Final = Path(__file__).parents[2] / "docs/explanation/crashes.md"
BEGIN: Final = "<!-- begin: figures -->"
END: Final = "<!-- end: figures -->"
HEADINGS: Final = {
    "publisher": "A publisher is killed",
    "worker": "A worker is killed",
    "frozen": "A worker is frozen past its lease, and thawed",
    "server": "The database server goes down under load",
    "disk": "The disk is full",
    "clock": "The database's clock jumps",
}
DATABASES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}


def told(properties: Iterable[tuple[str, object]]) -> list[Figures]:
    """What one test told."""
    return [cattrs.structure(value, Figures) for name, value in properties if name == "crash"]


def keep(all_figures: Iterable[Figures], kept: Path = KEPT) -> list[Figures]:
    """Keeps them, in place of what was kept of the same step on the same database; all that are kept now."""
    before = cattrs.structure(json.loads(kept.read_text()), list[Figures]) if kept.exists() else []
    merged = {(each.topic, each.step, each.database): each for each in (*before, *all_figures)}
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps(cattrs.unstructure(list(merged.values()))))
    return list(merged.values())


def tables(all_figures: Iterable[Figures]) -> str:
    """A table for each topic: a row a step, a column a database."""
    rows: dict[str, dict[str, dict[str, Figures]]] = {topic: {} for topic in HEADINGS}
    for figures in sorted(all_figures, key=_place):
        rows[figures.topic].setdefault(figures.step, {})[figures.database] = figures
    return "\n\n".join(_table(HEADINGS[topic], steps) for topic, steps in rows.items() if steps)


_ORDER: Final = {step.words: place for place, step in enumerate((*PUBLISHER, *WORKER))}


def _place(figures: Figures) -> tuple[int, str]:
    """The steps' own order; what is no step comes after them, by name."""
    return _ORDER.get(figures.step, len(_ORDER)), figures.step


def _table(heading: str, steps: Mapping[str, Mapping[str, Figures]]) -> str:
    present = [name for name in DATABASES if any(name in of for of in steps.values())]
    lines = [
        f"### {heading}",
        "",
        "| step | " + " | ".join(DATABASES[name] for name in present) + " |",
        "|---|" + "---|" * len(present),
    ]
    lines += [f"| {step} | " + " | ".join(_cell(of.get(name)) for name in present) + " |" for step, of in steps.items()]
    return "\n".join(lines)


def _cell(figures: Figures | None) -> str:
    if figures is None:
        return ""
    found = f"{figures.happened}× · {figures.published} · {figures.delivered} · {figures.twice}"
    return found if not figures.lost + figures.overwritten else f"{found} · **{figures.lost} lost**"


def summary(all_figures: Sequence[Figures]) -> str:
    """What it comes to, where and when."""
    happened = sum(figures.happened for figures in all_figures)
    owed = sum(figures.published for figures in all_figures)
    lost = sum(figures.lost for figures in all_figures)
    overwritten = sum(figures.overwritten for figures in all_figures)
    twice = sum(figures.twice for figures in all_figures)
    machine = f"{os.cpu_count()} CPUs, {platform.system()} {platform.release().split('-')[0]}"
    return (
        f"**{happened:,} faults, {owed:,} deliveries owed: {lost} lost, {twice:,} delivered twice or more often, "
        f"{overwritten} settled outcomes overwritten.**\n\n"
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine}, Python {platform.python_version()}, "
        f"{', '.join(sorted({figures.version for figures in all_figures}))}."
    )


def write(all_figures: Sequence[Figures], page: Path = PAGE) -> None:
    """Puts them between the page's marks."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{summary(all_figures)}\n\n{tables(all_figures)}\n\n{END}{after}")
