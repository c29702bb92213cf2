"""What is to be reached, and whether it was: the median of the rounds decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import attrs
from tests.benchmarks.samples import Samples, Spread

CELERY: Final = ("celery-prefork", "celery-threads")
ON_POSTGRESQL: Final = ("bellwire-postgresql", "bellwire-postgresql-two")
PROCRASTINATE: Final = ("procrastinate", "procrastinate-two")
_Measure = Callable[[Samples], Spread | None]


@attrs.frozen
class Target:
    """A ratio that is to be reached."""

    text: str
    sense: Literal["at least", "at most"]
    bound: float
    measure: _Measure

    def verdict(self, samples: Samples) -> Verdict | None:
        """``None`` where the run did not measure it."""
        spread = self.measure(samples)
        if spread is None:
            return None
        reached = spread.median >= self.bound if self.sense == "at least" else spread.median <= self.bound
        return Verdict(self, spread, reached)


@attrs.frozen
class Verdict:
    """What a run says about a target."""

    target: Target
    spread: Spread
    reached: bool


def _drain(figure: str, cases: tuple[str, ...], to: tuple[str, ...]) -> _Measure:
    """Of *cases* and of *to* the one that delivers most per second, whichever *figure* is asked for."""

    def measure(samples: Samples) -> Spread | None:
        ours, theirs = (samples.best("drain", each, "per_second") for each in (cases, to))
        return samples.ratio("drain", figure, ours, theirs) if ours and theirs else None

    return measure


def _ratio(section: str, figure: str, case: str, to: str, to_figure: str | None = None) -> _Measure:
    return lambda samples: samples.ratio(section, figure, case, to, to_figure)


TARGETS: Final = (
    Target(
        "deliveries/s on SQLite, to a loop over bare aiohttp",
        "at least",
        1,
        _drain("per_second", ("bellwire",), ("aiohttp",)),
    ),
    Target(
        "deliveries/s on SQLite, to Celery's better pool", "at least", 12, _drain("per_second", ("bellwire",), CELERY)
    ),
    Target("deliveries/s on SQLite, to Dramatiq", "at least", 4, _drain("per_second", ("bellwire",), ("dramatiq",))),
    Target(
        "deliveries/s on PostgreSQL, to Procrastinate, each with one worker or two, whichever is better",
        "at least",
        10,
        _drain("per_second", ON_POSTGRESQL, PROCRASTINATE),
    ),
    Target(
        "CPU per delivery on SQLite, to Celery's better pool",
        "at most",
        1 / 12,
        _drain("cpu_per_1000", ("bellwire",), CELERY),
    ),
    Target(
        "p50 of a durable publish, to one raw SQLite `FULL` commit of the same rows",
        "at most",
        1.5,
        _ratio("publish", "p50", "bellwire idle", "raw idle"),
    ),
    Target(
        "p99 of a publish while the same process drains, to idle",
        "at most",
        10,
        _ratio("publish", "p99", "bellwire embedded", "bellwire idle"),
    ),
    Target(
        "p99 of a publish while a worker drains, to idle",
        "at most",
        10,
        _ratio("publish", "p99", "bellwire worker", "bellwire idle"),
    ),
    Target(
        "deliveries/s with 1,000,000 waiting on SQLite, to nothing else waiting",
        "at least",
        0.95,
        _ratio("backlog", "per_second", "SQLite 1,000,000", "SQLite 0"),
    ),
    Target(
        "p99 of a healthy channel beside a dead one, to beside a healthy one",
        "at most",
        1.1,
        _ratio("neighbours", "p99", "dead", "healthy"),
    ),
    Target(
        "p99 of a healthy channel beside a hanging one, to beside a healthy one",
        "at most",
        1.1,
        _ratio("neighbours", "p99", "hanging", "healthy"),
    ),
)
