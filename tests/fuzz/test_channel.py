"""A small run of what ``make fuzz`` does 200,000 times."""

from __future__ import annotations

import asyncio

from tests.fuzz.channel import tally


def test_whatever_a_receiver_sends_an_attempt_ends_sent_or_failed_at_a_stage() -> None:
    found = asyncio.run(tally(seed=11, count=1_500))
    assert not found.problems, found.problems[0]
    assert found.ends.total() == 1_500
    assert all(found.ends[end] > 50 for end in ("sent", "status", "response"))
