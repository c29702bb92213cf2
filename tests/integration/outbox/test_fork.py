"""Forking: the parent's connections stay the parent's."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.outbox.conftest import Desk


def in_a_child(desk: Desk, event_id: str) -> int:
    """Publishes in a forked child as a bus does; the child's exit status."""
    outbox = desk.outbox
    outbox.before_fork()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            outbox.after_fork()
            desk.publish(event_id, key=event_id)
            status = 0 if outbox.events(event_id=event_id) else 2
            outbox.close()
        finally:
            os._exit(status)
    outbox.after_fork_in_parent()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_parent_and_child_both_go_on_publishing(desk: Desk) -> None:
    desk.publish("before")
    for number in range(5):
        assert in_a_child(desk, f"child-{number}") == 0
        desk.publish(f"parent-{number}")
    found = {event.id for event in desk.outbox.events()}
    assert found == {"before", *(f"child-{n}" for n in range(5)), *(f"parent-{n}" for n in range(5))}


def test_a_fork_while_other_threads_publish_loses_nothing_and_blocks_nobody(desk: Desk) -> None:
    desk.outbox.database.open()
    stop = threading.Event()
    published: list[str] = []
    errors: list[BaseException] = []

    def publish(thread: int) -> None:
        number = 0
        try:
            while not stop.is_set():
                desk.publish(f"{thread}-{number}", key=str(thread))
                published.append(f"{thread}-{number}")
                number += 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    statuses = [in_a_child(desk, f"child-{number}") for number in range(8)]
    stop.set()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert statuses == [0] * 8
    missing = [one for one in published if not desk.outbox.events(event_id=one)]
    assert missing == []
    with desk.outbox.database.read() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
