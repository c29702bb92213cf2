"""A channel's health as its attempts end, and when its breaker holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.dispatch.breaker import FIRST_HOLD, LONGEST_HOLD, TRIPS_AT, advance, hold_time, is_down
from bellwire.core.outbox import ChannelHealth
from bellwire.hookspecs import Failed

NOW = 1_700_000_000_000_000
WELL = ChannelHealth(channel="ops")


def after(*ended: bool, health: ChannelHealth = WELL, holds: bool = True, now: int = NOW) -> ChannelHealth:
    return advance(health, ended, now, holds=holds)


def test_failures_in_a_row_are_counted_from_the_first_one_on() -> None:
    first = after(False)
    assert (first.failures, first.failing_since, first.held_until) == (1, NOW, None)
    second = after(False, health=first, now=NOW + 5)
    assert (second.failures, second.failing_since) == (2, NOW)


def test_a_success_makes_it_well_again() -> None:
    tripped = after(*[False] * TRIPS_AT)
    assert tripped.probing
    well = after(True, health=tripped, now=NOW + 9)
    assert (well.failures, well.failing_since, well.held_until, well.last_success_at) == (0, None, None, NOW + 9)


def test_a_batch_counts_in_its_order() -> None:
    assert after(False, False, True).failures == 0
    assert after(True, False, False).failures == 2


def test_the_breaker_trips_at_the_third_failure_and_only_where_the_channel_has_one() -> None:
    assert after(*[False] * (TRIPS_AT - 1)).held_until is None
    assert after(*[False] * TRIPS_AT).held_until == NOW + FIRST_HOLD
    assert after(*[False] * TRIPS_AT, holds=False).held_until is None


def test_each_failed_probe_doubles_the_hold_up_to_the_longest() -> None:
    health, holds = after(*[False] * TRIPS_AT), []
    now = NOW
    for _ in range(8):
        assert health.held_until is not None
        holds.append((health.held_until - now) // 1_000_000)
        now = health.held_until
        health = after(False, health=health, now=now)
    assert holds == [10, 20, 40, 80, 160, 300, 300, 300]


def test_many_that_fail_at_once_hold_no_longer_than_three() -> None:
    assert after(*[False] * 100).held_until == NOW + FIRST_HOLD


def test_what_was_still_under_way_does_not_put_off_the_probe() -> None:
    tripped = after(*[False] * TRIPS_AT)
    assert after(False, False, health=tripped, now=NOW + 5_000_000).held_until == tripped.held_until


def test_a_breaker_that_is_switched_off_holds_nothing_any_more() -> None:
    tripped = after(*[False] * TRIPS_AT)
    assert after(False, health=tripped, holds=False).held_until is None


@given(st.integers(-(10**12), 10**12))
def test_no_hold_is_shorter_than_the_first_nor_longer_than_the_longest(failing_for: int) -> None:
    assert FIRST_HOLD <= hold_time(failing_for) <= LONGEST_HOLD


def test_a_channel_that_stays_well_is_written_down_once_a_second_at_most() -> None:
    second = NOW - NOW % 1_000_000
    first = after(True, now=second)
    assert after(True, health=first, now=second + 999_999) == first
    assert after(True, health=first, now=second + 1_000_000) != first


@given(st.lists(st.booleans(), min_size=1), st.lists(st.booleans(), min_size=1))
def test_two_batches_come_to_the_same_count_as_one(one: list[bool], two: list[bool]) -> None:
    together = after(*one, *two)
    apart = after(*two, health=after(*one))
    assert (together.failures, together.failing_since) == (apart.failures, apart.failing_since)
    assert together.probing == apart.probing


def test_nothing_that_ended_changes_nothing() -> None:
    tripped = after(*[False] * TRIPS_AT)
    assert after(health=tripped, now=NOW + 10**9) == tripped


@pytest.mark.parametrize("stage", ["dns", "connect", "proxy", "tls", "send", "response", "timeout"])
def test_a_receiver_that_cannot_be_reached_is_down(stage: str) -> None:
    assert is_down(Failed(stage=stage, detail=""))  # type: ignore[arg-type]  # a parameter is just str


@pytest.mark.parametrize("stage", ["config", "policy", "channel"])
def test_what_lies_on_our_side_says_nothing_about_the_receiver(stage: str) -> None:
    assert not is_down(Failed(stage=stage, detail=""))  # type: ignore[arg-type]  # a parameter is just str


@pytest.mark.parametrize(
    ("status", "down"), [(429, True), (502, True), (503, True), (504, True), (500, False), (400, False), (302, False)]
)
def test_of_the_answers_only_those_of_an_overloaded_receiver_say_that_it_is_down(status: int, down: bool) -> None:
    assert is_down(Failed(stage="status", detail="", status_code=status)) is down
