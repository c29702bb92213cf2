"""What the library logs is shown in lines that nothing from outside can break out of."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from bellwire.core.cli.logs import log_to_stderr


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("bellwire")
    handlers, level = root.handlers[:], ours.level
    yield
    root.handlers[:] = handlers
    ours.setLevel(level)


def test_a_message_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    logging.getLogger("bellwire.dispatch").warning("channel ops fails: %s", "boom\nwarning: forged\x1b[2J")
    assert capsys.readouterr().err == "warning: channel ops fails: boom\\nwarning: forged\\x1b[2J\n"


def test_a_traceback_keeps_its_lines_and_each_is_safe(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("info", full=True)
    try:
        int("bad\x1b[0m")
    except ValueError:
        logging.getLogger("bellwire.x").exception("it failed")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith("ERROR   bellwire.x: it failed")
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-1].startswith("ValueError: invalid literal for int()")


def test_only_our_own_loggers_speak_below_warning_and_once_each(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("debug", full=True)
    log_to_stderr("debug", full=True)
    logging.getLogger("bellwire.x").debug("ours")
    logging.getLogger("alembic").info("theirs")
    assert capsys.readouterr().err.count("\n") == 1


def test_a_standard_error_that_nobody_reads_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def write(self, _: str) -> None:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    log_to_stderr()
    monkeypatch.setattr("sys.stderr", Broken())
    logging.getLogger("bellwire.x").warning("nobody hears it")
