"""What a run measures, as values: one sample per section, case and round; and what the rounds say together."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs


@attrs.frozen
class Sample:
    """What was measured of one case in one round."""

    section: str
    case: str
    round: int
    figures: Mapping[str, float]


@attrs.frozen
class Spread:
    """What several rounds gave."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        return cls(min(values), statistics.median(values), max(values))


@attrs.frozen
class Samples:
    """All samples of a run, and the questions that are asked of them."""

    all: tuple[Sample, ...]

    def cases(self, section: str) -> list[str]:
        """Those of *section*, in the order in which they were measured."""
        return list(dict.fromkeys(sample.case for sample in self.all if sample.section == section))

    def values(self, section: str, case: str, figure: str) -> dict[int, float]:
        """By round."""
        return {
            sample.round: sample.figures[figure]
            for sample in self.all
            if sample.section == section and sample.case == case and figure in sample.figures
        }

    def spread(self, section: str, case: str, figure: str) -> Spread | None:
        """``None`` where it was not measured."""
        values = self.values(section, case, figure)
        return Spread.of(list(values.values())) if values else None

    def ratio(self, section: str, figure: str, case: str, to: str, to_figure: str | None = None) -> Spread | None:
        """*case* divided by *to*, each round by itself: what was measured at about the same time."""
        ours, theirs = self.values(section, case, figure), self.values(section, to, to_figure or figure)
        both = [ours[number] / theirs[number] for number in ours.keys() & theirs.keys() if theirs[number]]
        return Spread.of(both) if both else None

    def best(self, section: str, cases: Iterable[str], figure: str) -> str | None:
        """Of *cases* the one with the highest median of *figure*."""
        medians = {case: spread.median for case in cases if (spread := self.spread(section, case, figure))}
        return max(medians, key=medians.__getitem__, default=None)

    def to_json(self) -> list[dict[str, Any]]:
        """For ``json.dumps``."""
        return [attrs.asdict(sample) for sample in self.all]

    @classmethod
    def from_json(cls, rows: Iterable[Mapping[str, Any]]) -> Samples:
        """The samples again."""
        return cls(tuple(Sample(**row) for row in rows))
