"""What comes from outside cannot move a cursor, forge a line, or hide."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.cli.safe import safe, safe_json

JOINERS = "\u200c\u200d"
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def tricks(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character not in JOINERS


def test_exactly_the_control_format_surrogate_and_separator_characters_are_escaped() -> None:
    for point in range(sys.maxunicode + 1):
        character = chr(point)
        # a format character of a Unicode that is newer than this Python's is unassigned here
        expected = (True,) if tricks(character) else (False, unicodedata.category(character) == "Cn")
        assert (safe(character) != character) in expected, f"U+{point:04X}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("one\r\ntwo", r"one\r\ntwo"),
        ("\x9b31mC1", r"\x9b31mC1"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("a\udcffb", r"a\udcffb"),
        ("tab\there", r"tab\there"),
        ("清理过期订单 ✓ 👩‍💻", "清理过期订单 ✓ 👩‍💻"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
    ],
)
def test_tricks_become_visible_and_words_stay(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(ANY_TEXT)
def test_what_is_shown_is_one_line_without_tricks(text: str) -> None:
    shown = safe(text)
    assert not any(map(tricks, shown))
    assert len(shown.splitlines()) <= 1


@given(ANY_TEXT)
def test_json_keeps_its_meaning_and_can_be_encoded(text: str) -> None:
    document = safe_json(json.dumps({"text": text}, ensure_ascii=False, indent=2))
    assert json.loads(document) == {"text": text}
    assert not any(map(tricks, document.replace("\n", "")))
    document.encode()
