"""A publisher in a process of its own, which kills itself at a named step.

``python publisher_process.py DATABASE STEP AFTER``: says each event's id as soon as ``publish`` has returned.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from typing import Any, Final

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.hookspecs import Workflow

STEPS: Final = ("before publishing", "written, not committed", "committed, not returned", "returned")


def main(database: str, step: str, after: str) -> None:
    """Publishes until it is killed."""
    left = int(after)

    def at(reached: str) -> None:
        nonlocal left
        if reached == step:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    hook = WebhookConfig(enable=True, url="http://127.0.0.1:9/")
    bus = Bus(Settings(database=database, dispatch="off", channels={"hook": hook}), channel_types={})
    insert, commit = bus.outbox.insert, bus.outbox._commit

    def insert_with_step(connection: Any, events: Any) -> None:
        insert(connection, events)
        at("written, not committed")

    def commit_with_step(groups: Any) -> None:
        commit(groups)
        at("committed, not returned")

    bus.outbox.insert = insert_with_step  # type: ignore[method-assign]  # the steps are ours alone
    bus.outbox._publishing._commit = commit_with_step  # type: ignore[misc]  # as on the line above
    for number in itertools.count():
        at("before publishing")
        workflow = Workflow(
            project_name="p", workflow_id=str(number % 3), workflow_subject=str(number), workflow_status="finished"
        )
        event = bus.notify_workflow("create", workflow)
        os.write(1, f"{event.id}\n".encode())
        at("returned")


if __name__ == "__main__":
    main(*sys.argv[1:])
