"""Workers die by ``kill -9`` at every named step, and at any other moment: nothing is lost, nothing is out of order."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.crash.conftest import House, Receiver

STEPS = (
    "before the claim",
    "claim written, not committed",
    "claimed, not sent",
    "sent, not settled",
    "settlement written, not committed",
    "settled",
)
# What a worker that died there had certainly not sent, or had certainly settled, nobody gets twice.
NEVER_TWICE = {"before the claim", "claim written, not committed", "claimed, not sent"}


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_dies_at_a_step_loses_nothing(
    house: House, rounds: int, step: str, record_property: object
) -> None:
    for number in range(rounds):
        house.publish(12)
        # the first time that the step is reached nothing else is under way, later there is
        worker = house.worker(step, after=1 + number % 3)
        assert worker.wait(60) == -signal.SIGKILL
    house.worker()
    house.wait_until_settled()
    house.check()
    print(house.told(step, rounds))


@pytest.mark.parametrize("step", sorted(NEVER_TWICE))
def test_what_was_not_sent_before_the_worker_died_is_sent_once(house: House, step: str) -> None:
    house.publish(12)
    assert house.worker(step).wait(60) == -signal.SIGKILL
    assert house.receiver.times().total() == 0, "it was to die before it sent anything"
    house.worker()
    house.wait_until_settled()
    house.check()
    assert set(house.receiver.times().values()) == {1}


@pytest.mark.parametrize("step", ["sent, not settled", "settlement written, not committed"])
def test_what_was_sent_and_not_settled_is_sent_again_and_nothing_else_is(house: House, step: str) -> None:
    house.publish(3, workflows=1)
    assert house.worker(step).wait(60) == -signal.SIGKILL
    house.worker()
    house.wait_until_settled()
    house.check()
    assert sorted(house.receiver.times().values()) == [1, 1, 2]
    log = [
        (attempt.number, attempt.outcome)
        for event in house.bus.outbox.events(ordering_key="0")
        for view in house.bus.outbox.deliveries_of(event.id)
        for attempt in house.bus.outbox.attempts(view.id)
    ]
    assert log == [(1, "interrupted"), (1, "sent"), (1, "sent"), (1, "sent")], "it is told, and not counted"


def test_on_the_same_machine_nobody_waits_for_the_lease_of_a_worker_that_is_gone(house: House) -> None:
    house.publish(3)
    assert house.worker("claimed, not sent").wait(60) == -signal.SIGKILL
    with house.bus.outbox.database.read() as connection:
        query = "SELECT id, lease_until FROM bellwire_deliveries WHERE state = 'claimed'"
        leases = {row[0]: row[1] for row in connection.exec_driver_sql(query)}
    assert len(leases) == 3
    house.worker()
    house.wait_until_settled()
    for delivery, lease_until in leases.items():
        interrupted, sent = house.bus.outbox.attempts(delivery)
        assert (interrupted.outcome, sent.outcome) == ("interrupted", "sent")
        assert interrupted.started_at < lease_until


def test_a_worker_that_is_killed_amid_a_send_is_followed_by_one_that_sends_it_again(
    house: House, receiver: Receiver, rounds: int
) -> None:
    for _ in range(rounds):
        house.publish(5)
        worker = house.worker()
        arrived = threading.Event()

        def kill(_: str, worker: subprocess.Popen[str] = worker, arrived: threading.Event = arrived) -> None:
            if not arrived.is_set():
                os.kill(worker.pid, signal.SIGKILL)
                worker.wait(60)
                arrived.set()

        receiver.on_arrival = kill
        assert arrived.wait(60)
        receiver.on_arrival = lambda _: None
    house.worker()
    house.wait_until_settled()
    house.check()
    assert receiver.times().most_common(1)[0][1] >= 2


def test_a_thousand_events_while_the_worker_is_killed_ten_times(house: House) -> None:
    """Every one arrives at least once."""
    kills = 10
    chance = random.Random(1)
    done = threading.Event()

    def publish() -> None:
        for _ in range(100):
            house.publish(10, workflows=40)
            time.sleep(0.02)
        done.set()

    publisher = threading.Thread(target=publish)
    publisher.start()
    for _ in range(kills):
        worker = house.worker()
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.4))
        worker.kill()
        assert worker.wait(60) == -signal.SIGKILL
    house.worker()
    publisher.join(120)
    assert done.is_set()
    house.wait_until_settled()
    house.check()
    assert len(house.receiver.times()) == 1000
    print(house.told("at any moment", kills))


def test_a_worker_that_was_frozen_past_its_lease_cannot_overwrite_what_another_settled(
    house: House, receiver: Receiver
) -> None:
    """SIGSTOP, as a laptop's lid or a hypervisor does it; the frozen process is not gone, so only its lease ends."""
    house.publish(1)
    (event,) = house.bus.outbox.events()
    (view,) = house.bus.outbox.deliveries_of(event.id)
    frozen = house.worker(LEASE_SECONDS="2")
    arrived = threading.Event()

    def freeze(_: str) -> None:
        if not arrived.is_set():
            os.kill(frozen.pid, signal.SIGSTOP)
            arrived.set()

    receiver.on_arrival = freeze
    assert arrived.wait(60)
    house.worker(LEASE_SECONDS="2")
    house.wait_until_settled()
    before = house.bus.outbox.attempts(view.id)
    assert [(attempt.number, attempt.outcome) for attempt in before] == [(1, "interrupted"), (1, "sent")]
    os.kill(frozen.pid, signal.SIGCONT)
    # it reads the answer that waits for it, and tries to settle; that it is at work again shows in its heartbeat
    seen = {row.pid: row.seen_at for row in house.bus.outbox.dispatchers()}[frozen.pid]
    house.wait(
        lambda: {row.pid: row.seen_at for row in house.bus.outbox.dispatchers()}[frozen.pid] > seen + 1_500_000,
        "the thawed worker does not go on",
    )
    assert house.bus.outbox.attempts(view.id) == before
    house.check()
    assert receiver.times().total() == 2
