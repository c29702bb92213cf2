"""The database's clock jumps by an hour while much is waiting and under way: nothing is lost, nothing waits for an hour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.house import Figures, House
from tests.crash.smithy import until

HOUR = 3600


@pytest.mark.parametrize(("words", "seconds"), [("an hour forward", HOUR), ("an hour back", -HOUR)])
def test_a_clock_that_jumps_loses_nothing_and_delays_little(
    house: House, repeats: int, words: str, seconds: int, tmp_path: Path, tell: Callable[[Figures], None]
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    shared = {"clock": str(clock), "heartbeat_seconds": 0.2}
    house.receiver.seconds = 0.05
    workers = [house.worker(**shared) for _ in range(2)]
    for repeat in range(repeats):
        arrived = len(house.receiver.arrivals)
        publisher = house.start(role="publisher", name=f"p{repeat}", amount=40, clock=str(clock))
        assert publisher.wait() == 0
        house.note(publisher, f"p{repeat}")
        until(lambda arrived=arrived: len(house.receiver.arrivals) > arrived, lambda: "nothing arrives")
        assert not house.is_settled(), "there was to be something waiting"
        (tmp_path / "next").write_text(str(seconds * (repeat + 1)))
        (tmp_path / "next").rename(clock)
        house.happened += 1
        house.wait_until_settled()  # within a minute, not an hour
    assert [worker.status for worker in workers] == [None, None]
    house.check()
    tell(house.figures("clock", words))
