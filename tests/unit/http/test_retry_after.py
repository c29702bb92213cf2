from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.http import retry_after

NOW = datetime(2023, 5, 18, 7, 45, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Thu, 18 May 2023 07:46:25 GMT", 60.0),
        ("Thu, 18 May 2023 15:46:25 +0800", 60.0),
        ("Thu, 18 May 2023 07:46:25 -0000", 60.0),
        ("Thu, 18 May 2023 07:00:00 GMT", 0.0),
        ("99999999999999999999", 9999999999.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
    ],
)
def test_seconds_and_dates_are_read_and_the_rest_is_nothing(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=40))
def test_reading_never_raises_and_never_goes_back_in_time(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0
