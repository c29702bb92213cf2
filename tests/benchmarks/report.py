"""The page's part that a run writes: samples in, Markdown out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tests.benchmarks.samples import Samples, Spread
from tests.benchmarks.targets import TARGETS, Verdict

BEGIN: Final = "<!-- what follows is written by the benchmark -->"
END: Final = "<!-- what precedes is written by the benchmark -->"


def report(samples: Samples, *, machine: Sequence[str], titles: Mapping[str, str], settings: Mapping[str, str]) -> str:
    """All sections that were measured."""
    parts = [
        *machine,
        _section("What was to be reached", _verdicts(samples)),
        _section("Deliveries", _drains(samples, titles), image="performance.svg"),
        _section("Publishing", _publishes(samples, titles)),
        _section("With deliveries waiting", _backlog(samples)),
        _section("Beside a dead and a hanging channel", _neighbours(samples)),
        _section("Where the worker's time goes", _profile(samples)),
        _section("Settings", _settings(settings)),
    ]
    return "\n\n".join(part for part in parts if part)


def into_page(page: str, written: str) -> str:
    """*page* with *written* between the two marks; raises ``ValueError`` where it does not have them."""
    head, found, rest = page.partition(BEGIN)
    _, found_end, tail = rest.partition(END)
    if not found or not found_end:
        raise ValueError(f"the page has no {END if found else BEGIN}")
    return f"{head}{BEGIN}\n\n{written}\n\n{END}{tail}"


def number(value: float) -> str:
    """Three significant digits, and none of more than whole numbers."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.1g}"


def spread(value: Spread | None) -> str:
    """The median, and in parentheses the least and the greatest."""
    if value is None:
        return "—"
    if value.low == value.high:
        return number(value.median)
    return f"{number(value.median)} ({number(value.low)}–{number(value.high)})"


def _section(title: str, rows: list[Sequence[str]], image: str = "") -> str:
    if len(rows) < 2:
        return ""
    lines = [f"## {title}", ""]
    if image:
        lines += [f"![{title}: each contender's median, with the least and the greatest of the rounds]({image})", ""]
    return "\n".join([*lines, *_table(rows)])


def _table(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    head, *body = rows
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in body:
        yield f"| {' | '.join(row)} |"


def _verdicts(samples: Samples) -> list[Sequence[str]]:
    verdicts = [verdict for target in TARGETS if (verdict := target.verdict(samples))]
    return [("ratio", "to reach", "measured", ""), *map(_verdict, verdicts)]


def _verdict(verdict: Verdict) -> Sequence[str]:
    target = verdict.target
    told = "reached" if verdict.reached else "**not reached**"
    return (target.text, f"{target.sense} {number(target.bound)}", spread(verdict.spread), told)


def _drains(samples: Samples, titles: Mapping[str, str]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        ("", "deliveries/s", "to aiohttp's", "CPU seconds per 1,000", "to aiohttp's", "peak memory, MiB")
    ]
    rows += [
        (
            titles.get(case, case),
            spread(samples.spread("drain", case, "per_second")),
            spread(samples.ratio("drain", "per_second", case, "aiohttp")),
            spread(samples.spread("drain", case, "cpu_per_1000")),
            spread(samples.ratio("drain", "cpu_per_1000", case, "aiohttp")),
            spread(samples.spread("drain", case, "memory_mib")),
        )
        for case in samples.cases("drain")
    ]
    two = samples.ratio("drain", "per_second", "bellwire-postgresql-two", "bellwire-postgresql")
    if two:
        rows.append(("two workers to one on PostgreSQL", "", spread(two), "", "", ""))
    return rows


_SITUATIONS: Final = {
    "idle": "idle",
    "embedded": "while its own process drains",
    "worker": "while a worker drains",
    "draining": "while its worker drains",
}


def _publishes(samples: Samples, titles: Mapping[str, str]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [("", "", "p50, µs", "p99, µs")]
    for case in samples.cases("publish"):
        name, _, situation = case.rpartition(" ")
        title = {"raw": "one raw SQLite `FULL` commit of the same rows"}.get(name, titles.get(name, name))
        figures = (spread(samples.spread("publish", case, figure)) for figure in ("p50", "p99"))
        rows.append((title, _SITUATIONS[situation], *figures))
    return rows


def _backlog(samples: Samples) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        ("waiting", "deliveries/s", "to none", "CPU seconds per 1,000", "to none", "p50 of a publish, µs", "p99, µs")
    ]
    for case in samples.cases("backlog"):
        database = case.split(" ")[0]
        rows.append(
            (
                f"{case.partition(' ')[2]} on {database}",
                spread(samples.spread("backlog", case, "per_second")),
                spread(samples.ratio("backlog", "per_second", case, f"{database} 0")),
                spread(samples.spread("backlog", case, "cpu_per_1000")),
                spread(samples.ratio("backlog", "cpu_per_1000", case, f"{database} 0")),
                spread(samples.spread("backlog", case, "p50")),
                spread(samples.spread("backlog", case, "p99")),
            )
        )
    return rows


def _neighbours(samples: Samples) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        ("a healthy channel", "p50, ms", "p99, ms", "p99 to beside a healthy one", "p99 to alone")
    ]
    rows += [
        (
            "alone" if case == "alone" else f"beside a {case} one",
            spread(samples.spread("neighbours", case, "p50")),
            spread(samples.spread("neighbours", case, "p99")),
            spread(samples.ratio("neighbours", "p99", case, "healthy")),
            spread(samples.ratio("neighbours", "p99", case, "alone")),
        )
        for case in samples.cases("neighbours")
    ]
    return rows


_WORTH_A_LINE: Final = 1.0


def _profile(samples: Samples) -> list[Sequence[str]]:
    """Of the profiled drains: who used the CPU, the most first."""
    rows: list[Sequence[str]] = [("on", "", "µs of CPU per delivery")]
    for case in samples.cases("profile"):
        spent = samples.spread("profile", case, "cpu_us")
        if spent and spent.median >= _WORTH_A_LINE:
            database, _, name = case.partition(": ")
            rows.append((database, name, number(spent.median)))
    return rows


def _settings(settings: Mapping[str, str]) -> list[Sequence[str]]:
    return [("", "settings"), *settings.items()]
