"""The database's clock jumps by an hour amid the work: nothing is lost, and nothing waits for an hour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.crash.house import Figures, House
from tests.crash.smithy import until

HOUR = 3600


def jump(house: House, clock: Path, to: int, name: str) -> None:
    """Sets the clock that all see, with half of what was published still to be delivered."""
    arrived = len(house.receiver.arrivals)
    publisher = house.start(role="publisher", name=name, amount=40, clock=str(clock))
    assert publisher.wait() == 0
    house.note(publisher, name)
    until(lambda: len(house.receiver.arrivals) > arrived, lambda: "nothing arrives")
    assert not house.is_settled(), "there was to be something waiting"
    ready = clock.with_suffix(".next")
    ready.write_text(str(to))
    ready.rename(clock)
    house.happened += 1
    house.wait_until_settled()  # within a minute, not an hour


@pytest.mark.parametrize(("words", "seconds"), [("an hour forward", HOUR), ("an hour back", -HOUR)])
def test_a_clock_that_jumps_loses_nothing_and_delays_little(
    house: House, repeats: int, words: str, seconds: int, *, tmp_path: Path, tell: Callable[[Figures], None]
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    house.receiver.seconds = 0.05
    workers = [house.worker(clock=str(clock), heartbeat_seconds=0.2) for _ in range(2)]
    for repeat in range(repeats):
        jump(house, clock, seconds * (repeat + 1), f"p{repeat}")
    assert [worker.status for worker in workers] == [None, None]
    house.check()
    tell(house.figures("clock", words))
