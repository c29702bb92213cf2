from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.benchmarks.plot import panels, plot
from tests.benchmarks.report import BEGIN, END, into_page, number, report, spread
from tests.benchmarks.samples import Sample, Samples, Spread

TITLES = {"bellwire": "Bellwire on SQLite", "aiohttp": "a loop <bare>"}


def drained(*rounds: tuple[float, float]) -> Samples:
    """Of Bellwire and of aiohttp."""
    return Samples(
        tuple(
            Sample("drain", case, number, {"per_second": rate, "cpu_per_1000": 0.5, "memory_mib": 40.0})
            for number, rates in enumerate(rounds, start=1)
            for case, rate in zip(("bellwire", "aiohttp"), rates, strict=True)
        )
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [(12_345.6, "12,346"), (123.4, "123"), (12.34, "12.3"), (1.0, "1"), (1 / 12, "0.0833"), (0.00012, "0.0001")],
)
def test_numbers_have_three_digits_that_mean_something(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_spread_shows_median_least_and_greatest_and_one_round_its_only_value() -> None:
    assert spread(Spread(1.0, 2.0, 3.0)) == "2 (1–3)"
    assert spread(Spread(2.0, 2.0, 2.0)) == "2"
    assert spread(None) == "—"


def written(samples: Samples) -> str:
    return report(samples, machine=["On a machine."], titles=TITLES, settings={"Redis": "as it comes"})


def test_the_report_tells_what_was_reached_and_what_not() -> None:
    reached = "| deliveries/s on SQLite, to a loop over bare aiohttp | at least 1 | 2 (1–3) | reached |"
    missed = "| deliveries/s on SQLite, to a loop over bare aiohttp | at least 1 | 0.9 | **not reached** |"
    assert reached in written(drained((10.0, 10.0), (20.0, 10.0), (30.0, 10.0))).splitlines()
    assert missed in written(drained((9.0, 10.0))).splitlines()


def test_the_report_has_a_row_for_each_contender_with_its_ratio_to_aiohttp() -> None:
    rows = written(drained((5000.0, 10_000.0))).splitlines()
    assert "| Bellwire on SQLite | 5,000 | 0.5 | 0.5 | 1 | 40 |" in rows
    assert "| a loop <bare> | 10,000 | 1 | 0.5 | 1 | 40 |" in rows


def test_a_section_that_was_not_run_has_no_heading() -> None:
    headings = [line for line in written(drained((1.0, 1.0))).splitlines() if line.startswith("## ")]
    assert headings == ["## What was to be reached", "## Deliveries", "## Settings"]


def test_all_tables_have_as_many_cells_in_each_row_as_in_their_head() -> None:
    figures = {"p50": 1.0, "p99": 2.0, "per_second": 3.0, "cpu_per_1000": 4.0, "memory_mib": 5.0, "cpu_us": 6.0}
    cases = {
        "drain": ["bellwire", "aiohttp", "bellwire-postgresql", "bellwire-postgresql-two"],
        "publish": ["bellwire idle", "raw worker", "celery-prefork draining", "bellwire embedded"],
        "backlog": ["SQLite 0", "SQLite 1,000,000"],
        "neighbours": ["alone", "healthy", "dead"],
        "profile": ["SQLite: event loop: `asyncio`"],
    }
    samples = Samples(tuple(Sample(section, case, 1, figures) for section in cases for case in cases[section]))
    blocks = [block.splitlines() for block in written(samples).split("\n\n") if block.startswith("|")]
    assert len(blocks) == 7
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1, block
    assert "two workers to one on PostgreSQL" in written(samples)
    assert "| SQLite | event loop: `asyncio` | 6 |" in written(samples)


def test_the_figures_go_between_the_marks_and_leave_the_rest_of_the_page_alone() -> None:
    page = f"# Title\n\n{BEGIN}\nold\n{END}\n\nafter\n"
    once = into_page(page, "new")
    assert once == f"# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n"
    assert into_page(once, "new") == once


@pytest.mark.parametrize(("page", "missing"), [("# Title\n", BEGIN), (f"{BEGIN}\n", END)])
def test_a_page_without_its_marks_is_refused(page: str, missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        into_page(page, "new")


def test_the_page_of_the_docs_has_its_marks(repository: Path) -> None:
    page = (repository / "docs" / "explanation" / "performance.md").read_text("utf-8")
    assert "new" in into_page(page, "new")


def test_the_plot_is_well_formed_and_its_bars_are_as_long_as_the_medians() -> None:
    samples = drained((1000.0, 3000.0), (2000.0, 4000.0), (3000.0, 5000.0))
    drawn = ET.fromstring(plot(panels(samples, TITLES)))
    name = "{http://www.w3.org/2000/svg}"
    ours, theirs, *_ = [r for r in drawn.iter(f"{name}rect") if r.get("class") in {"ours", "bar"}]
    assert (ours.get("class"), theirs.get("class")) == ("ours", "bar")
    assert float(ours.attrib["width"]) * 2 == pytest.approx(float(theirs.attrib["width"]), abs=0.2)
    labels = [text.text for text in drawn.iter(f"{name}text")]
    assert labels[:3] == ["Deliveries per second (more is better)", "Bellwire on SQLite", "2,000"]
    assert "a loop <bare>" in labels


def test_nothing_in_the_plot_is_wider_than_the_plot() -> None:
    drawn = ET.fromstring(plot(panels(drained((1.0, 99_999.0)), TITLES)))
    width = float(drawn.attrib["viewBox"].split()[2])
    ends = [float(line.attrib["x2"]) for line in drawn.iter("{http://www.w3.org/2000/svg}line")]
    assert max(ends) + 60 <= width


def test_a_run_without_a_drain_draws_nothing() -> None:
    assert panels(Samples(()), TITLES) == []
