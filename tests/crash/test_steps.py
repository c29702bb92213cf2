"""The table of steps is whole: no process here writes anything that is not a step."""

from __future__ import annotations

from tests.crash.house import House
from tests.crash.steps import PUBLISHER, WORKER

WRITES = {step.moment for step in (*PUBLISHER, *WORKER) if step.is_write}
# The same COMMIT as the settlement's or the heartbeat's: one transaction writes them together.
SHARED = {"release: before COMMIT", "release: after COMMIT"}


def test_every_write_of_a_publisher_and_a_worker_is_a_step(house: House) -> None:
    house.forget_leaving()
    publisher = house.start(role="publisher", name="p", amount=8)
    assert publisher.wait() == 0
    dead = house.worker("claim: after COMMIT")
    house.dies(dead)
    house.receiver.seconds = 0.05
    well = house.worker(heartbeat_seconds=0.03)
    house.wait_until_settled()
    well.kill()
    house.receiver.refuses_once = True
    house.publish()
    impatient = house.worker(heartbeat_seconds=0.03, order_patience="30ms", retry_after="300ms")
    house.wait_until_settled()
    impatient.kill()
    leaving = house.worker(once=True, ordering="none", expires=True)
    assert leaving.wait() == 0
    diaries = {line for process in (publisher, dead, well, impatient, leaving) for line in process.diary}
    written = {line for line in diaries if line.split()[-1] == "COMMIT" or line.split()[-1].startswith("bellwire_")}
    assert written - SHARED == WRITES, "a write without a step, or a step that no process comes to"


def test_no_step_is_listed_twice() -> None:
    names = [(step.moment, step.scene) for step in (*PUBLISHER, *WORKER)]
    assert len(set(names)) == len(names)
    words = [(step.role, step.words) for step in (*PUBLISHER, *WORKER)]
    assert len(set(words)) == len(words)
