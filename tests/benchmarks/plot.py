"""The page's plot: bars of the medians, with a whisker from the least to the greatest round, as SVG text.

It brings its own background and follows the reader's light or dark system by itself, since a picture in a page does not
know the page's colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

import attrs
from tests.benchmarks.report import number
from tests.benchmarks.samples import Samples, Spread

_STYLE: Final = """
svg { font: 13px system-ui, sans-serif } .ground { fill: #ffffff } text { fill: #24292f }
.bar { fill: #8c959f } .ours { fill: #0969da } .title { font-weight: 600 }
.whisker { stroke: #24292f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  .ground { fill: #1b1f24 } text { fill: #e6edf3 } .bar { fill: #6e7681 } .ours { fill: #58a6ff }
  .whisker { stroke: #e6edf3 }
}
"""
_LABELS: Final = 370
_WIDTH: Final = 900
_BAR: Final = 18
_STEP: Final = 26
_HEAD: Final = 40
_ROOM_FOR_NUMBER: Final = 70


@attrs.frozen
class Bar:
    """One contender's."""

    label: str
    value: Spread
    ours: bool


@attrs.frozen
class Panel:
    """Bars on one scale."""

    title: str
    bars: Sequence[Bar]


def panels(samples: Samples, titles: dict[str, str]) -> list[Panel]:
    """Deliveries per second, and CPU."""
    told = {
        "per_second": "Deliveries per second (more is better)",
        "cpu_per_1000": "CPU seconds per 1,000 deliveries (less is better)",
    }
    made = []
    for figure, title in told.items():
        bars = [
            Bar(titles.get(case, case), value, case.startswith("bellwire"))
            for case in samples.cases("drain")
            if (value := samples.spread("drain", case, figure))
        ]
        if bars:
            made.append(Panel(title, bars))
    return made


def plot(shown: Sequence[Panel]) -> str:
    """The panels, one below the other."""
    parts, top = [], 0
    for panel in shown:
        parts.append(_panel(panel, top))
        top += _HEAD + _STEP * len(panel.bars)
    height = top + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">\n'
        f"<title>{escape('; '.join(panel.title for panel in shown))}</title>\n<style>{_STYLE}</style>\n"
        f'<rect class="ground" width="{_WIDTH}" height="{height}" rx="8"/>\n{"".join(parts)}</svg>\n'
    )


def _panel(panel: Panel, top: int) -> str:
    scale = (_WIDTH - _LABELS - _ROOM_FOR_NUMBER) / max(bar.value.high for bar in panel.bars)
    lines = [f'<text class="title" x="16" y="{top + 26}">{escape(panel.title)}</text>\n']
    for place, bar in enumerate(panel.bars):
        y = top + _HEAD + place * _STEP
        middle, end = y + _BAR / 2, _LABELS + bar.value.high * scale
        lines.append(
            f'<text x="{_LABELS - 8}" y="{middle + 4.5:g}" text-anchor="end">{escape(bar.label)}</text>'
            f'<rect class="{"ours" if bar.ours else "bar"}" x="{_LABELS}" y="{y}" '
            f'width="{bar.value.median * scale:.1f}" height="{_BAR}"/>'
            f'<line class="whisker" x1="{_LABELS + bar.value.low * scale:.1f}" x2="{end:.1f}" y1="{middle:g}" '
            f'y2="{middle:g}"/>'
            f'<text x="{end + 8:.1f}" y="{middle + 4.5:g}">{number(bar.value.median)}</text>\n'
        )
    return "".join(lines)
