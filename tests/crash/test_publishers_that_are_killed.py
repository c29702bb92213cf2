"""A publisher dies by ``kill -9``: what ``publish`` returned for is there, and nothing is half there."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.crash.conftest import House

SCRIPT = Path(__file__).with_name("publisher_process.py")
STEPS = ("before publishing", "written, not committed", "committed, not returned", "returned")


def publisher(house: House, step: str, after: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), house.database, step, str(after)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def check(house: House, acknowledged: list[str], *, beyond: int) -> None:
    """All that was acknowledged is stored, and at most one more per killed publisher; each with its one delivery."""
    with house.bus.outbox.database.read() as connection:
        stored = [row[0] for row in connection.exec_driver_sql("SELECT id FROM bellwire_events")]
        halves = connection.exec_driver_sql(
            "SELECT count(*) FROM bellwire_events AS e "
            "WHERE 1 <> (SELECT count(*) FROM bellwire_deliveries AS d WHERE d.event_seq = e.seq)"
        ).scalar()
        orphans = connection.exec_driver_sql(
            "SELECT count(*) FROM bellwire_deliveries WHERE event_seq NOT IN (SELECT seq FROM bellwire_events)"
        ).scalar()
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert set(acknowledged) <= set(stored), "publish returned, and it is not there"
    assert len(stored) - len(acknowledged) <= beyond
    assert (halves, orphans) == (0, 0)


@pytest.mark.parametrize("step", STEPS)
def test_a_publisher_that_dies_at_a_step_leaves_all_or_nothing(house: House, rounds: int, step: str) -> None:
    acknowledged: list[str] = []
    for number in range(rounds):
        process = publisher(house, step, after=1 + 5 * number)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        acknowledged += output.split()
        assert len(output.split()) == 5 * number + (step == "returned")
    check(house, acknowledged, beyond=rounds if step == "committed, not returned" else 0)
    house.worker()
    house.wait_until_settled()
    assert len(house.receiver.times()) == len(house.receiver.arrived) > 0 or not acknowledged


def test_a_publisher_that_dies_at_any_moment_leaves_all_or_nothing(house: House, rounds: int) -> None:
    acknowledged: list[str] = []
    for number in range(rounds):
        process = publisher(house, "never", after=1)
        assert process.stdout is not None
        acknowledged.append(process.stdout.readline().strip())
        time.sleep(0.05 + 0.013 * number)
        process.kill()
        output, _ = process.communicate(timeout=60)
        acknowledged += [line for line in output.splitlines() if len(line) == 36]
    check(house, acknowledged, beyond=rounds)
    house.worker()
    house.wait_until_settled()
    with house.bus.outbox.database.read() as connection:
        stored = connection.exec_driver_sql("SELECT count(*) FROM bellwire_events").scalar()
    assert len(house.receiver.times()) == stored
