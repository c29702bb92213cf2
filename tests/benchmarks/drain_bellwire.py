"""Publishes deliveries, then measures how fast one worker drains them: SQLite in a file, each outcome on record."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.hookspecs import Secret, Workflow, WorkflowEvent

_BATCH = 500


def _event(number: int) -> WorkflowEvent:
    workflow = Workflow(
        project_name="test_project",
        workflow_id=str(number),
        workflow_subject="test_workflow",
        workflow_status="wait_for_audit",
    )
    return WorkflowEvent(action="create", workflow=workflow)


def main(url: str, deliveries: int, concurrency: int) -> None:
    """Prints the figures as one JSON object."""
    with tempfile.TemporaryDirectory(dir=".") as folder:  # a real disk, not a memory file system
        config = WebhookConfig(enable=True, url=url, token=Secret("test123"), concurrency=concurrency)
        settings = Settings(database=f"sqlite:///{folder}/bellwire.db", dispatch="off", channels={"ops": config})
        bus = Bus(settings)
        for start in range(0, deliveries, _BATCH):
            bus.publish_many([_event(number) for number in range(start, min(start + _BATCH, deliveries))])
        dispatcher = bus.make_dispatcher(once=True)
        began, cpu = time.perf_counter(), time.process_time()
        asyncio.run(dispatcher.run())
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        counts = bus.outbox.counts().get("ops")
        bus.close()
        if counts is not None:
            sys.exit(f"not everything was delivered: {counts}")
    print(json.dumps({"per_second": deliveries / seconds, "cpu_us": cpu / deliveries * 1e6}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
