"""Tables that fit: wide ones become one block per row, so that nothing of what people copy is ever cut."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from .safe import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

_GAP: Final = 2
_LEAST_OF_LAST: Final = 24
"""Cells that the last column of a table gets at least before the rows become blocks."""


@attrs.frozen
class Styled:
    """A text with a style of rich's, such as ``green``."""

    text: str
    style: str


Cell: TypeAlias = str | Styled | None


def print_table(titles: Sequence[str], rows: Sequence[Sequence[Cell]], *, shorten_last: bool = False) -> None:
    """Prints *rows* under *titles* on standard output, as wide as they are; on a terminal, no wider than that.

    Where they do not fit, each row becomes a block of ``title value`` pairs under its first cell. With *shorten_last*
    the last column holds what may be cut, such as an error, and is, to fit a terminal.
    """
    console = make_console()
    width = console.width if sys.stdout.isatty() else None  # FORCE_COLOR makes a pipe colourful, not narrow
    for line in lay_out(titles, rows, width=width, shorten_last=shorten_last):
        # soft_wrap: rich would otherwise break lines by itself, in pipes too
        console.print(line, soft_wrap=True)


def make_console() -> Console:
    """Standard output as rich sees it: colours on a terminal alone, none with ``NO_COLOR``, and no markup at all."""
    from rich.console import Console

    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False)


def lay_out(
    titles: Sequence[str], rows: Sequence[Sequence[Cell]], *, width: int | None, shorten_last: bool = False
) -> list[Text]:
    """The lines of a table that may be *width* cells wide; ``None``: as wide as it likes. Pure."""
    from rich.text import Text

    cells = [[_text(cell) for cell in row] for row in rows]
    shown = [place for place in range(len(titles)) if any(row[place].plain for row in cells)]
    cells = [[row[place] for place in shown] for row in cells]
    head = [Text(titles[place], style="bold") for place in shown]
    widths = [max(cell.cell_len for cell in column) for column in zip(head, *cells, strict=True)]
    fixed = sum(widths[:-1]) + _GAP * (len(widths) - 1)
    if width is None or fixed + widths[-1] <= width:
        return [_line(row, widths) for row in (head, *cells)]
    if shorten_last and fixed + _LEAST_OF_LAST <= width:
        for row in cells:
            row[-1].truncate(width - fixed, overflow="ellipsis")
        return [_line(row, widths) for row in (head, *cells)]
    return [line for row in cells for line in _block(head, row, width)]


def _text(cell: Cell) -> Text:
    from rich.text import Text

    match cell:
        case None:
            return Text()
        case Styled():
            return Text(safe(cell.text), style=cell.style)
        case _:
            return Text(safe(cell))


def _line(row: Sequence[Text], widths: Sequence[int]) -> Text:
    from rich.text import Text

    line = Text()
    for cell, width in zip(row, widths, strict=True):
        line.append_text(cell)
        line.append(" " * (width - cell.cell_len + _GAP))
    line.rstrip()
    return line


def _block(head: Sequence[Text], row: Sequence[Text], width: int) -> list[Text]:
    """The first cell in a line of its own, and under it as many pairs in a line as fit; a long pair may wrap."""
    from rich.text import Text

    lines = [row[0]]
    line = Text()
    for title, cell in zip(head[1:], row[1:], strict=True):
        if not cell.plain:
            continue
        pair = Text.assemble((title.plain.lower(), "dim"), " ", cell)
        if line.plain and line.cell_len + _GAP + pair.cell_len > width:
            lines.append(line)
            line = Text()
        line.append("  ")
        line.append_text(pair)
    return [*lines, line] if line.plain else lines
