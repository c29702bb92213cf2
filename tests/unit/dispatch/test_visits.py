"""When the database is visited next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import attrs
import pytest

from bellwire.core.dispatch import visits as visits_module
from bellwire.core.dispatch.lane import Lane
from bellwire.core.dispatch.visits import Visits

LONG = 3600.0
"""Seconds that no test waits."""


@attrs.define
class Config:
    concurrency: int = 8
    max_per_second: float | None = None


@attrs.define(eq=False)
class FakeLane:
    """What visits know of a lane."""

    busy: int = 0
    hungry: bool = False
    config: Config = attrs.field(factory=Config)


def visit(do: Callable[[Visits, FakeLane], None]) -> tuple[Visits, FakeLane]:
    """Runs *do*, waits for the visit that it called for, and returns what stands then."""
    lane = FakeLane()

    async def run() -> Visits:
        visits = Visits([cast("Lane", lane)])
        do(visits, lane)
        async with asyncio.timeout(30):
            await visits.wait()
        visits.close()
        return visits

    return asyncio.run(run()), lane


def is_made(work: Callable[[Visits, FakeLane], Coroutine[Any, Any, None]]) -> bool:
    """Whether what *work* leaves behind calls for a visit by the time that the loop has nothing else to do."""
    lane = FakeLane()

    async def run() -> bool:
        visits = Visits([cast("Lane", lane)])
        await work(visits, lane)
        waiting = asyncio.ensure_future(visits.wait())
        for _ in range(5):
            await asyncio.sleep(0)
        made = waiting.done()
        waiting.cancel()
        visits.close()
        return made

    return asyncio.run(run())


def test_a_lane_that_is_half_idle_is_visited_for_at_once() -> None:
    async def work(visits: Visits, lane: FakeLane) -> None:
        lane.busy = 4
        visits.for_lane(cast("Lane", lane))

    assert is_made(work)


def test_a_busy_lane_waits_for_company(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits_module, "LINGER", LONG)

    async def work(visits: Visits, lane: FakeLane) -> None:
        lane.busy = 5
        visits.for_lane(cast("Lane", lane))

    assert not is_made(work)


def test_the_earlier_of_two_moments_counts_whichever_was_named_first() -> None:
    for first, second in ((LONG, 0.001), (0.001, LONG)):

        def do(visits: Visits, _: FakeLane, first: float = first, second: float = second) -> None:
            visits.within(first)
            visits.within(second)

        visit(do)


def test_what_is_due_has_every_lane_looked_at() -> None:
    _, lane = visit(lambda visits, _: visits.when_due(1000))
    assert lane.hungry


def test_what_is_due_rides_with_a_visit_that_is_made_for_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits_module, "NO_HURRY", LONG)

    def do(visits: Visits, _: FakeLane) -> None:
        visits.when_due(0)
        visits.now()

    _, lane = visit(do)
    assert lane.hungry


def test_a_visit_made_before_anything_is_due_leaves_it_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits_module, "NO_HURRY", 0.0)

    async def run() -> None:
        lane = FakeLane()
        visits = Visits([cast("Lane", lane)])
        visits.when_due(50_000)
        visits.now()
        await visits.wait()
        assert not lane.hungry
        async with asyncio.timeout(30):
            await visits.wait()
        assert lane.hungry
        visits.close()

    asyncio.run(run())


def test_the_earliest_of_several_due_times_counts() -> None:
    def do(visits: Visits, _: FakeLane) -> None:
        visits.when_due(round(LONG * 1_000_000))
        visits.when_due(1000)
        visits.when_due(round(LONG * 1_000_000))

    _, lane = visit(do)
    assert lane.hungry


def test_what_is_being_committed_is_looked_for_twice() -> None:
    async def run() -> None:
        lane = FakeLane()
        visits = Visits([cast("Lane", lane)])
        visits.shortly()
        for _ in range(2):
            lane.hungry = False
            async with asyncio.timeout(30):
                await visits.wait()
            assert lane.hungry
        visits.close()

    asyncio.run(run())
