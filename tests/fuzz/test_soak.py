"""A small run of what ``make fuzz`` does with a million requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.fuzz.soak import soak


def _uvloop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, _uvloop], ids=["asyncio", "uvloop"])
def test_cancelled_requests_get_nobody_elses_answer_and_leave_nothing_behind(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    if loop_factory is _uvloop:
        pytest.importorskip("uvloop")
    found = soak(3_000, loop_factory=loop_factory)
    assert not found.mixed_up
    assert not any(found.left.values()), found.left
    assert found.ends.total() == 3_000
    assert found.ends["answered"] > 2_000
    assert found.ends["cancelled"] > 100
    assert found.ends["failed: response"] > 5
    assert found.ends["failed: timeout"] > 5
