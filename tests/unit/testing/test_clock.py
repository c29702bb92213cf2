"""The clock for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bellwire.core.testing import FakeClock
from bellwire.hookspecs import Clock


def test_it_is_a_clock() -> None:
    clock: Clock = FakeClock()
    assert clock.now().tzinfo is not None


def test_it_stands_still_until_it_is_advanced() -> None:
    clock = FakeClock(datetime(2024, 2, 29, tzinfo=UTC))
    assert (clock.now(), clock.monotonic()) == (datetime(2024, 2, 29, tzinfo=UTC), 0.0)

    clock.advance(1.5)
    clock.advance(0.25)
    assert clock.now() - datetime(2024, 2, 29, tzinfo=UTC) == timedelta(seconds=1.75)
    assert clock.monotonic() == 1.75


def test_it_counts_as_the_outbox_does() -> None:
    clock = FakeClock(datetime(1970, 1, 2, tzinfo=UTC))
    clock.advance(0.000001)
    assert clock.microseconds() == 86_400_000_001


def test_it_never_goes_back() -> None:
    with pytest.raises(ValueError, match="zero or more seconds, got -1"):
        FakeClock().advance(-1)


def test_it_wants_a_time_zone() -> None:
    with pytest.raises(ValueError, match="with a time zone"):
        FakeClock(datetime(2024, 1, 1))  # noqa: DTZ001 - what is refused
