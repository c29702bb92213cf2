"""How often a delivery is sent, and how long after one another."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.dispatch.retry import JITTER, LONGEST_RETRY_AFTER, RetryPolicy, delay_before_next
from bellwire.core.testing import RecordingConfig
from bellwire.hookspecs import Failed

FAILURE = Failed(stage="connect", detail="refused")
SCHEDULE = RetryPolicy((5.0, 300.0, 1800.0), scheduled=True)


def sends(policy: RetryPolicy, failure: Failed = FAILURE) -> int:
    """How many requests an event makes that fails each time."""
    sent = 1
    while delay_before_next(policy, sent, failure, lambda: 0.5) is not None:
        sent += 1
    return sent


@pytest.mark.parametrize(("setting", "requests"), [(0, 1), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)])
def test_max_retry_times_counts_the_sends_in_all_as_the_wire_page_says(setting: int, requests: int) -> None:
    policy = RetryPolicy.of(RecordingConfig(max_retry_times=setting, retry_schedule=()))
    assert policy.sends == sends(policy) == requests


@pytest.mark.parametrize("seconds", [1, 5])
def test_the_pause_is_fixed_and_there_is_none_after_the_last_send(seconds: int) -> None:
    policy = RetryPolicy.of(RecordingConfig(max_retry_times=3, retry_interval_seconds=seconds, retry_schedule=()))
    delays = [delay_before_next(policy, sent, FAILURE, lambda: 0.9) for sent in (1, 2, 3, 4)]
    assert delays == [seconds, seconds, None, None]


def test_a_receivers_wish_does_not_change_the_fixed_pause() -> None:
    failure = Failed(stage="status", detail="429", retry_after=60)
    assert delay_before_next(RetryPolicy((1.0,)), 1, failure, lambda: 0.0) == 1.0


def test_a_schedule_takes_the_place_of_both_settings() -> None:
    policy = RetryPolicy.of(RecordingConfig(max_retry_times=1, retry_schedule=("5s", "5m", "30m")))
    assert policy == SCHEDULE
    assert sends(policy) == 4


def test_what_is_not_worth_a_retry_is_sent_once() -> None:
    assert sends(SCHEDULE, Failed(stage="config", detail="no", retryable=False)) == 1


@given(random=st.floats(0, 1, exclude_max=True), sent=st.integers(1, 3))
def test_a_scheduled_delay_is_lengthened_by_a_tenth_at_most_and_never_shortened(random: float, sent: int) -> None:
    delay = delay_before_next(SCHEDULE, sent, FAILURE, lambda: random)
    plain = SCHEDULE.delays[sent - 1]
    assert delay is not None
    assert plain <= delay <= plain * (1 + JITTER)


def test_two_that_failed_together_do_not_return_together() -> None:
    assert delay_before_next(SCHEDULE, 1, FAILURE, lambda: 0.1) != delay_before_next(SCHEDULE, 1, FAILURE, lambda: 0.9)


@pytest.mark.parametrize(
    ("wish", "delay"),
    [(None, 5.0), (0.0, 5.0), (-7.0, 5.0), (4.0, 5.0), (6.0, 6.0), (3600.0, 3600.0), (1e9, LONGEST_RETRY_AFTER)],
)
def test_retry_after_is_a_floor_with_a_cap(wish: float | None, delay: float) -> None:
    failure = Failed(stage="status", detail="503", retry_after=wish)
    assert delay_before_next(SCHEDULE, 1, failure, lambda: 0.0) == delay


@pytest.mark.parametrize("wish", [math.inf, math.nan])
def test_a_wish_that_is_no_time_does_no_harm(wish: float) -> None:
    failure = Failed(stage="status", detail="503", retry_after=wish)
    delay = delay_before_next(SCHEDULE, 1, failure, lambda: 0.0)
    assert delay is not None
    assert 5.0 <= delay <= LONGEST_RETRY_AFTER


def test_a_wish_beyond_the_schedule_does_not_add_a_send() -> None:
    failure = Failed(stage="status", detail="503", retry_after=10)
    assert delay_before_next(SCHEDULE, 4, failure, lambda: 0.0) is None
