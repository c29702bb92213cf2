"""Tables: as wide as they like in a pipe, never wider than a terminal, and ids never cut."""

from __future__ import annotations

import io
import sys

import pytest

from bellwire.core.cli.table import Cell, Styled, lay_out, print_table

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
TITLES = ("ID", "STATE", "WORKFLOW", "ERROR")
ROWS: list[tuple[Cell, ...]] = [
    (ID, Styled("failed", "red"), "1658637666259832832", "connection refused by whoever listens there, or does not"),
    (ID, Styled("delivered", "green"), "清理过期订单", None),
]


def lines(width: int | None, *, shorten_last: bool = False) -> list[str]:
    return [line.plain for line in lay_out(TITLES, ROWS, width=width, shorten_last=shorten_last)]


def test_without_a_width_each_row_is_one_whole_line() -> None:
    assert lines(None) == [
        "ID                                    STATE      WORKFLOW             ERROR",
        f"{ID}  failed     1658637666259832832  connection refused by whoever listens there, or does not",
        f"{ID}  delivered  清理过期订单",
    ]


def test_columns_stand_under_their_titles_also_behind_wide_characters() -> None:
    rows = [("清理", "a"), ("x", "b")]
    assert [line.plain for line in lay_out(("NAME", "V"), rows, width=80)] == ["NAME  V", "清理  a", "x     b"]


def test_the_last_column_may_be_cut_to_fit_and_nothing_else() -> None:
    shown = lines(110, shorten_last=True)
    assert shown[1].endswith("connection refused by whoever listens t…")
    assert max(map(len, shown)) <= 110
    assert all(ID in line for line in shown[1:])


def test_a_row_that_does_not_fit_becomes_a_block_with_everything_in_it() -> None:
    assert lines(60, shorten_last=True) == [
        ID,
        "  state failed  workflow 1658637666259832832",
        "  error connection refused by whoever listens there, or does not",
        ID,
        "  state delivered  workflow 清理过期订单",
    ]


def test_a_column_that_is_empty_throughout_is_left_out() -> None:
    assert [line.plain for line in lay_out(("A", "B", "C"), [("1", "", "2"), ("3", None, "4")], width=80)] == [
        "A  C",
        "1  2",
        "3  4",
    ]


def test_cells_are_made_safe_and_markup_in_them_is_text() -> None:
    rows = [("[red]x[/red]\x1b[31m\n:smile:", Styled("[/]", "bold"))]
    assert lay_out(("A", "B"), rows, width=None)[1].plain == r"[red]x[/red]\x1b[31m\n:smile:  [/]"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown_on(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, **environ: str) -> str:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environ}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", stream)
    print_table(TITLES, ROWS, shorten_last=True)
    return stream.getvalue()


def test_a_terminal_gets_colours_within_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_on(Terminal(), monkeypatch, COLUMNS="60")
    assert "\x1b[31mfailed" in shown
    assert f"{ID}\n" in shown


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[31m" not in shown_on(Terminal(), monkeypatch, COLUMNS="60", NO_COLOR="1")


def test_a_pipe_gets_whole_lines_without_colours_whatever_the_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_on(io.StringIO(), monkeypatch, COLUMNS="60")
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 1 + len(ROWS)
