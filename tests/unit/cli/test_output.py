"""JSON as one document, whatever the output can carry."""

from __future__ import annotations

import io
import json
import sys

import pytest

from bellwire.core.cli.output import print_json, say, tell, warn

DOCUMENT = {"subject": "清理 \U0001f514 \u202e \udcff \x1b"}


def printed(monkeypatch: pytest.MonkeyPatch, encoding: str) -> bytes:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    print_json(DOCUMENT)
    sys.stdout.flush()
    return raw.getvalue()


def test_text_stands_as_itself_in_utf8_and_tricks_as_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(monkeypatch, "utf-8").decode()
    assert json.loads(text) == DOCUMENT
    assert "清理 🔔" in text
    assert "\\u202e" in text
    assert "\\udcff" in text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
def test_an_output_that_cannot_carry_all_text_gets_escapes_that_are_json(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    assert json.loads(printed(monkeypatch, encoding).decode(encoding)) == DOCUMENT


def test_results_and_remarks_go_different_ways_and_each_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("result\nforged")
    say("")
    say()
    tell("remark\x1b[0m")
    warn("careful")
    captured = capsys.readouterr()
    assert captured.out == "result\\nforged\n\n"
    assert captured.err == "remark\\x1b[0m\nwarning: careful\n"
