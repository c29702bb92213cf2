"""``bellwire worker --once``, in this process; signals are tried on real ones."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from .conftest import CONFIGURATION, Bellwire


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("bellwire")
    handlers, level = root.handlers[:], ours.level
    yield
    root.handlers[:] = handlers
    ours.setLevel(level)


def test_it_says_what_it_serves_and_delivers_what_is_due(configured: Bellwire) -> None:
    configured.publish()
    result = configured("worker", "--once")
    assert result.exit_code == 0
    first = result.stderr.splitlines()[0]
    assert first.endswith(f" delivers through ops; database {configured.folder}/bellwire.db")
    assert result.stdout == ""
    assert configured.json("deliveries")[0]["state"] == "delivered"


def test_it_tells_what_is_left_for_later(failing: Bellwire) -> None:
    failing.configure(
        (failing.folder / "bellwire.toml").read_text().replace("max_retry_times = 1", "max_retry_times = 3")
    )
    failing.publish()
    result = failing("worker", "--once")
    assert "ops: 1 delivery left for later, the channel is failing" in result.stderr


def test_it_logs_what_fails_in_one_line(failing: Bellwire) -> None:
    failing.publish()
    logged = failing("worker", "--once", "--log-level", "warning").stderr
    assert "WARNING bellwire.dispatch: channel ops fails: response status_code(500)" in logged
    assert "stopped" not in logged


def test_a_channel_that_is_not_enabled_is_told(bellwire: Bellwire) -> None:
    bellwire.configure(CONFIGURATION.replace("enable = true", "enable = false"))
    assert "has no enabled channel, so it delivers nothing" in bellwire("worker", "--once").stderr


@pytest.mark.parametrize("arguments", [("--drain", "-1"), ("--drain", "soon"), ("--log-level", "loud")])
def test_a_wrong_option_is_a_usage_error(configured: Bellwire, arguments: tuple[str, ...]) -> None:
    assert configured("worker", *arguments).exit_code == 2
