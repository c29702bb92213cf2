"""A lane's pace."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.dispatch.pace import Pace


def test_no_limit_allows_any_number() -> None:
    pace = Pace(0, 0.0)
    pace.begin(1000)
    assert pace.allowance(1.0) is None
    assert pace.seconds_until_next() == 0.0


def test_a_burst_is_one_seconds_worth() -> None:
    pace = Pace(5, 0.0)
    assert pace.allowance(0.0) == 5
    pace.begin(5)
    assert pace.allowance(0.0) == 0
    assert pace.seconds_until_next() == 0.2
    assert pace.allowance(0.4) == 2
    assert pace.allowance(3600.0) == 5


@given(
    rate=st.floats(0.1, 1000),
    steps=st.lists(st.tuples(st.floats(0, 3), st.integers(0, 50)), max_size=60),
)
def test_over_any_time_no_more_begin_than_the_rate_allows_beyond_one_burst(
    rate: float, steps: list[tuple[float, int]]
) -> None:
    pace, now, begun = Pace(rate, 0.0), 0.0, 0
    for passed, wanted in steps:
        now += passed
        allowed = pace.allowance(now)
        assert allowed is not None
        begin = min(wanted, allowed)
        pace.begin(begin)
        begun += begin
        assert begun <= now * rate + max(1.0, rate) + 1e-6
