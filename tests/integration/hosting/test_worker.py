"""``dispatch = "off"`` and a worker beside the host; and how both of them end."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.hosting.conftest import Receiver, Start

HOST = """
import sys
from bellwire.core import Bus
from bellwire.hookspecs import Workflow

bus = Bus.from_file()
for number in range(int(sys.argv[1])):
    bus.notify_workflow("create", Workflow(
        project_name="p", workflow_id=str(number), workflow_subject="s", workflow_status="wait_for_audit"))
"""


@pytest.fixture
def publish(start: Start, tmp_path: Path) -> str:
    (tmp_path / "host.py").write_text(HOST, "utf-8")
    return "host.py"


def test_a_host_that_does_not_dispatch_leaves_it_to_the_worker(receiver: Receiver, start: Start, publish: str) -> None:
    host = start("python", publish, "5", BELLWIRE_DISPATCH="off")
    assert host.ends() == 0, host.text
    assert receiver.documents == []
    worker = start("bellwire", "worker")
    receiver.wait_for(5)
    worker.terminate()
    assert worker.ends() == 0, worker.text
    assert sorted(receiver.workflow_ids) == list("01234")


def test_a_worker_that_waits_is_woken_by_another_process(receiver: Receiver, start: Start, publish: str) -> None:
    start("bellwire", "worker")
    for round_number in range(1, 4):
        assert start("python", publish, "1", BELLWIRE_DISPATCH="off").ends() == 0
        receiver.wait_for(round_number)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_stopped_lets_what_is_in_flight_finish(
    signal_number: signal.Signals, receiver: Receiver, start: Start, publish: str
) -> None:
    assert start("python", publish, "1", BELLWIRE_DISPATCH="off").ends() == 0
    receiver.may_answer.clear()
    worker = start("bellwire", "worker")
    receiver.wait_for(1)
    worker.process.send_signal(signal_number)
    time.sleep(0.3)
    assert worker.process.poll() is None, worker.text
    receiver.may_answer.set()
    assert worker.ends() == 0, worker.text

    again = start("bellwire", "worker", "--once")
    assert again.ends() == 0, again.text
    assert receiver.workflow_ids == ["0"]  # it was settled, and is not sent again


def test_a_host_that_never_closes_its_bus_ends_soon_and_loses_nothing(
    receiver: Receiver, start: Start, publish: str
) -> None:
    receiver.may_answer.clear()
    begun = time.monotonic()
    host = start("python", publish, "3")
    assert host.ends() == 0, host.text
    assert time.monotonic() - begun < 20
    receiver.may_answer.set()

    worker = start("bellwire", "worker", "--once")
    assert worker.ends() == 0, worker.text
    assert set(receiver.workflow_ids) == {"0", "1", "2"}


def test_a_host_that_is_killed_loses_nothing(receiver: Receiver, start: Start, publish: str) -> None:
    receiver.may_answer.clear()
    host = start("python", "-i", publish, "3")
    receiver.wait_for(3)
    host.process.kill()
    host.ends()
    receiver.may_answer.set()

    worker = start("bellwire", "worker")
    receiver.wait_for(6)  # each once more: nobody knows how the first time ended
    worker.terminate()
    assert worker.ends() == 0, worker.text
    assert sorted(receiver.workflow_ids) == ["0", "0", "1", "1", "2", "2"]
