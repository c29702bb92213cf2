"""A host of Bellwire: ``fill`` publishes a backlog, ``publish`` times single publishes."""

from __future__ import annotations

import sys

from tests.benchmarks.programs.workload import FILL_BATCH, job, publish_timed

from bellwire.core import Bus
from bellwire.hookspecs import Workflow, WorkflowEvent


def event(number: int) -> WorkflowEvent:
    workflow = Workflow(
        project_name="test_project",
        workflow_id=str(number),
        workflow_subject="test_workflow",
        workflow_status="wait_for_audit",
    )
    return WorkflowEvent(action="create", workflow=workflow)


def main(command: str) -> None:
    task = job()
    with Bus.from_file(f"{task['folder']}/bellwire.toml", dispatch="off") as bus:
        if command == "publish":
            publish_timed(lambda number: bus.publish(event(number)))
            return
        for start in range(0, task["deliveries"], FILL_BATCH):
            stop = min(start + FILL_BATCH, task["deliveries"])
            bus.publish_many([event(number) for number in range(start, stop)])


if __name__ == "__main__":
    main(sys.argv[1])
