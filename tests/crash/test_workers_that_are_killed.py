"""Workers die by ``kill -9`` at every step, on each database: nothing is lost, nothing is settled twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.crash.house import Figures, House
from tests.crash.steps import CLAIM, WORKER, Step

_ORDERS: dict[str, dict[str, Any]] = {
    "slow": {"heartbeat_seconds": 0.03},
    "impatient": {"heartbeat_seconds": 0.03, "order_patience": "30ms", "retry_after": "300ms"},
    "out of order": {"ordering": "none"},
    "old": {"expires": True},
    "stopping": {"once": True},
}


def prepare(house: House, step: Step) -> None:
    """What the scene asks for."""
    house.receiver.refuses_once = step.scene in {"failing", "impatient"}
    house.receiver.seconds = 0.1 if step.scene == "slow" else 0.0
    house.publish()
    match step.scene:
        case "failing":
            house.forget_health()
        case "stopping":
            house.forget_leaving()
        case "after a first crash":
            house.finish()
            house.publish(4)
            house.dies(house.worker("claim: after COMMIT"))
        case "after a crash":
            house.dies(house.worker("claim: after COMMIT"))
        case "old":
            house.finish()
            house.publish(4)


def die_at(house: House, step: Step, after: int) -> None:
    """One worker's life."""
    orders = _ORDERS.get(step.scene, {})
    if step.moment == "arrived":
        with house.killed_by_a_request(after) as victims:
            victims.append(house.worker(**orders))
            house.dies(victims[0])
    else:
        house.dies(house.worker(step.moment, after, **orders))


@pytest.mark.parametrize("step", WORKER, ids=lambda step: f"{step.words} ({step.scene})")
def test_a_worker_that_dies_at_a_step_loses_nothing(
    house: House, repeats: int, step: Step, tell: Callable[[Figures], None]
) -> None:
    for number in range(WORKER.index(step), WORKER.index(step) + repeats):
        prepare(house, step)
        # The first time that the step is reached nothing else is under way, the second time there is. A third need not
        # come: four workflows of three events each may be settled together, and their followers freed twice in all.
        die_at(house, step, after=1 if step.once else 1 + number % 2)
    house.receiver.seconds = 0
    house.finish(**{name: value for name, value in _ORDERS.get(step.scene, {}).items() if name == "ordering"})
    if step.scene == "old":  # what was delivered is gone from the log, or still there as a whole
        house.check_losses()
    else:
        house.check(ordered=step.scene not in {"impatient", "out of order"})
    tell(house.figures("worker", step.words))


@pytest.mark.parametrize("step", CLAIM, ids=lambda step: step.words)
def test_what_was_not_sent_before_the_worker_died_is_sent_once(house: House, step: Step) -> None:
    house.publish()
    house.dies(house.worker(step.moment))
    assert house.receiver.times().total() == 0, "it was to die before it sent anything"
    house.finish()
    house.check()
    assert set(house.receiver.times().values()) == {1}
