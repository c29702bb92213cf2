"""Any number of processes share one database: nothing is sent twice while nobody dies, and news travels."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from bellwire.core.dispatch import dispatcher as dispatcher_module
from bellwire.core.outbox import Database, Outbox
from bellwire.core.outbox.tables import attempts
from bellwire.core.outbox.watch import ANNOUNCE_PAUSE
from bellwire.hookspecs import Workflow, WorkflowEvent

from .conftest import MakesHost, Process, Receiver, Server, text, until

if TYPE_CHECKING:
    from tests.conftest import Place

Run = Callable[..., Process]
AMOUNT = 2000


def ready(process: Process) -> Process:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_three_processes_share_the_work_and_send_each_delivery_once_and_in_order(
    place: Place, host: MakesHost, receiver: Receiver, run: Run
) -> None:
    url = place.fresh()
    publisher = host(url)
    publisher.bus.start()
    workers = [run("dispatching.py", url, receiver.url) for _ in range(3)]
    for worker in workers:
        ready(worker)
    workflows = [
        Workflow(project_name="p", workflow_id=str(n % 200), workflow_subject=str(n), workflow_status="finished")
        for n in range(AMOUNT)
    ]
    for start in range(0, AMOUNT, 20):
        publisher.bus.publish_many(
            [WorkflowEvent(action="create", workflow=workflow) for workflow in workflows[start : start + 20]]
        )
    until(lambda: len(receiver.times) == AMOUNT, lambda: str(publisher.bus.status()))
    until(publisher.is_settled)
    assert set(receiver.times.values()) == {1}
    arrived = [int(subject) for subject, _ in receiver.subjects]
    for key in range(200):
        of_key = [number for number in arrived if number % 200 == key]
        assert of_key == sorted(of_key)
    with publisher.bus.outbox.database.read() as connection:
        by_worker = Counter(connection.execute(sa.select(attempts.c.dispatcher)).scalars())
        outcomes = set(connection.execute(sa.select(attempts.c.outcome)).scalars())
    assert (sum(by_worker.values()), outcomes) == (AMOUNT, {"sent"})
    assert len(by_worker) == 3, f"one of them did nothing: {by_worker}"
    for worker in workers:
        _, errors = worker.communicate(timeout=60)
        assert worker.returncode == 0, errors
        assert not errors


def test_a_dispatcher_is_woken_by_what_another_process_publishes(
    place: Place, host: MakesHost, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by the sweep, which would find it some time."""
    monkeypatch.setattr(dispatcher_module, "SWEEP", 3600.0)
    url = place.fresh()
    dispatching, publisher = host(url, "embedded"), host(url)
    dispatching.bus.start()
    delays = []
    for number in range(10):
        begun = time.monotonic()
        publisher.publish(str(number))
        until(lambda wanted=number + 1: len(receiver.times) == wanted)  # type: ignore[misc]  # a default binds the number
        delays.append(receiver.subjects[-1][1] - begun)
    print(f"{place.kind}: woken after {sorted(delays)[5] * 1000:.1f} ms (median), at most {max(delays) * 1000:.1f} ms")
    assert sorted(delays)[5] < 1.0


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_what_is_published_in_quick_succession_is_announced_together_after_the_commits(server: Server) -> None:
    """NOTIFY in each transaction would cost half the throughput: PostgreSQL commits those one after another."""
    heard: list[float] = []
    listening, done = threading.Event(), threading.Event()

    def listen() -> None:
        import psycopg

        with psycopg.connect(text(server.url), autocommit=True) as connection:
            connection.execute("LISTEN bellwire")
            listening.set()
            while not done.is_set():
                heard.extend(time.monotonic() for _ in connection.notifies(timeout=0.05))

    thread = threading.Thread(target=listen)
    thread.start()
    listening.wait(60)
    outbox = Outbox(Database(text(server.url)))
    server.cleanup.callback(outbox.close)
    outbox.database.open()
    statements: list[str] = []
    engine = outbox.database._opened()
    sa.event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    begun = time.monotonic()
    for _ in range(200):
        outbox._announcer.announce()
        time.sleep(0.001)
    took = time.monotonic() - begun
    until(lambda: heard)
    time.sleep(5 * ANNOUNCE_PAUSE)
    done.set()
    thread.join(60)
    assert 1 <= len(heard) <= took / ANNOUNCE_PAUSE + 3, f"{len(heard)} announcements in {took:.2f} s"
    assert set(statements) == {"NOTIFY bellwire"}
