"""A Celery worker: tasks run in processes that were forked from one that has the bus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.hosting.conftest import Receiver, Start

pytestmark = pytest.mark.slow

TASKS = """
import os
from celery import Celery
from bellwire.core import Bus
from bellwire.hookspecs import Workflow

app = Celery("tasks", broker="filesystem://")
app.conf.update(
    broker_transport_options={{"data_folder_in": "{queue}", "data_folder_out": "{queue}", "control_folder": "{queue}"}},
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)
bus = Bus.from_file()
if os.environ.get("START"):
    bus.start()

@app.task
def approve(workflow_id):
    bus.notify_workflow("approve", Workflow(
        project_name="p", workflow_id=workflow_id, workflow_subject="s", workflow_status="wait_for_execution"))
"""


@pytest.mark.parametrize("parent", ["", "1"], ids=["made before the fork", "started before the fork"])
def test_a_task_in_a_prefork_worker_publishes_and_it_arrives(
    parent: str, receiver: Receiver, start: Start, tmp_path: Path
) -> None:
    queue = tmp_path / "queue"
    queue.mkdir()
    (tmp_path / "tasks.py").write_text(TASKS.format(queue=queue), "utf-8")
    send = "from tasks import approve; [approve.delay(str(number)) for number in range(20)]"
    sent = start("python", "-c", send)
    assert sent.ends() == 0, sent.text

    worker = start(
        "celery",
        "-A",
        "tasks",
        "worker",
        "-c",
        "2",
        "-P",
        "prefork",
        "--without-gossip",
        "--without-mingle",
        START=parent,
    )
    receiver.wait_for(20)
    worker.terminate()
    assert worker.ends() == 0, worker.text
    assert sorted(receiver.workflow_ids, key=int) == [str(number) for number in range(20)]
