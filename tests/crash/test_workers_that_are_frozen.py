"""SIGSTOP, as a hypervisor or a laptop's lid does it: past its lease another takes over; the thawed one is refused."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any, Final

import attrs
import pytest
import sqlalchemy as sa
from tests.crash.house import Figures, House
from tests.crash.smithy import Forged, until

from bellwire.core.outbox.tables import attempts, deliveries

LEASE: Final = 1.0
SHORT: Final[dict[str, Any]] = {"lease_seconds": LEASE, "heartbeat_seconds": 0.1}


@attrs.frozen
class Freeze:
    words: str
    moment: str
    arrives: int
    """How often the one delivery comes."""


FREEZES: Final = (
    Freeze("after the claim, before the send", "claim: after COMMIT", 2),
    Freeze("the request has arrived, its answer is not read", "arrived", 2),
    Freeze("after the answer, before the settlement", "settle: before", 2),
    Freeze("after the settlement", "settle: after COMMIT", 1),
)


def freeze(house: House, moment: str) -> Forged:
    """A worker that stands still."""
    if moment == "arrived":
        with house.killed_by_a_request(number=signal.SIGSTOP, seconds=0.3) as victims:
            # in that moment it does nothing else: frozen within a heartbeat or a claim it would hold SQLite's one lock
            worker = house.worker(lease_seconds=LEASE, heartbeat_seconds=60.0, sweep_seconds=60.0)
            victims.append(worker)
            until(lambda: worker.is_stopped, lambda: "it is not frozen")
        return worker
    worker = house.worker(moment, signal=signal.SIGSTOP, **SHORT)
    until(lambda: worker.is_stopped, lambda: f"it is not frozen: {worker.diary}")
    return worker


def whole_log(house: House) -> list[object]:
    """Every row that a stale settlement could touch."""
    return house.read(sa.select(attempts).order_by(attempts.c.seq)) + house.read(
        sa.select(deliveries).order_by(deliveries.c.seq)
    )


def freeze_and_thaw(house: House, at: Freeze) -> None:
    """One delivery, and two workers that want to settle it."""
    house.publish(1)
    frozen = freeze(house, at.moment)
    other = house.worker(**SHORT)
    house.wait_until_settled()
    other.kill()
    before = whole_log(house)
    frozen.signal(signal.SIGCONT)
    if at.arrives > 1:
        until(
            lambda: {"refused 1", "settle: after COMMIT"} & {*frozen.diary},
            lambda: f"it does not settle: {frozen.diary}",
        )
        assert frozen.says("refused 1")
        assert whole_log(house) == before
    else:
        house.publish(1)  # the thawed one is well, and goes on
        house.wait_until_settled()
    frozen.kill()
    house.happened += 1


def freeze_while_it_settles(house: House) -> None:
    """One delivery that nobody else can get at."""
    house.publish(1)
    frozen = freeze(house, "settle: before COMMIT")
    other = house.worker(**SHORT)
    until(lambda: other.says("heartbeat: before"), lambda: "it does not start")
    time.sleep(2 * LEASE)  # nothing happens, and that takes its time
    assert not house.is_settled()
    frozen.signal(signal.SIGCONT)
    house.wait_until_settled()
    frozen.kill()
    other.kill()
    house.happened += 1


@pytest.mark.parametrize("at", FREEZES, ids=lambda at: at.words)
def test_a_worker_that_was_frozen_past_its_lease_cannot_overwrite_what_another_settled(
    house: House, repeats: int, at: Freeze, tell: Callable[[Figures], None]
) -> None:
    for _ in range(repeats):
        freeze_and_thaw(house, at)
    house.check()
    figures = house.figures("frozen", at.words)
    assert figures.twice == (repeats if at.arrives > 1 else 0)
    tell(figures)


def test_a_worker_that_is_frozen_while_it_settles_is_waited_for(
    house: House, repeats: int, tell: Callable[[Figures], None]
) -> None:
    """Its transaction holds its rows' locks, on SQLite the one that there is: nobody can take over, and need not."""
    for _ in range(repeats):
        freeze_while_it_settles(house)
    house.check()
    figures = house.figures("frozen", "in the settlement, before its COMMIT")
    assert figures.twice == 0
    tell(figures)
