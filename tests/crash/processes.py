"""Publishers and workers in processes of their own, and the smithy that forks them.

``python -m tests.crash.processes`` has imported everything and has no thread, so a fork of it is at work within
milliseconds. It reads one JSON object a line: ``{"start": {…}}`` is answered with a process number, ``{"ask": pid}``
with its exit status as :mod:`subprocess` has it, or ``null`` while it lives.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import attrs
import cattrs
from tests.crash.seams import Seams

import bellwire.core.dispatch.dispatcher as dispatcher_module
import bellwire.core.outbox.outbox as outbox_module
import bellwire.core.outbox.upkeep as upkeep_module
from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.core.errors import PublishError
from bellwire.core.outbox import Outbox, Retention
from bellwire.core.outbox.backends import Backend, mysql, postgresql, sqlite
from bellwire.hookspecs import Workflow, WorkflowEvent

SECOND: Final = 1_000_000


@attrs.frozen(kw_only=True)
class Orders:
    """What a process is to do."""

    role: Literal["publisher", "worker"]
    database: str
    url: str
    diary: str
    """A file: what this process says, a line each. What it wrote there outlives it."""
    channels: tuple[str, ...] = ("hook",)
    moment: str = ""
    """Where it ends itself; nowhere when empty."""
    after: int = 1
    """At the so manieth time."""
    signal: int = signal.SIGKILL
    lease_seconds: float = 30.0
    heartbeat_seconds: float = 5.0
    sweep_seconds: float = 0.1
    interruption_seconds: float = 0.05
    """What a delivery waits whose worker died: a second and more in earnest, which 30 deaths would add up."""
    ordering: Literal["key", "none"] = "key"
    order_patience: str = "10m"
    retry_after: str = "50ms"
    expires: bool = False
    once: bool = False
    amount: int = 0
    """How many events a publisher publishes; 0: as long as it lives."""
    batch: int = 1
    """How many of them at once."""
    pause_seconds: float = 0.0
    """What a publisher waits between two events."""
    name: str = "p"
    """The project of a publisher's events."""
    clock: str = ""
    """A file with the seconds by which this process's clocks are wrong."""


def settings(orders: Orders) -> Settings:
    """The same for publishers and workers."""
    hook = WebhookConfig(
        enable=True,
        url=orders.url,
        concurrency=4,
        ordering=orders.ordering,
        order_patience=orders.order_patience,
        retry_schedule=(orders.retry_after,) * 9,
    )
    return Settings(database=orders.database, dispatch="off", channels=dict.fromkeys(orders.channels, hook))


class Diary:
    """Lines that survive the process."""

    def __init__(self, path: str) -> None:
        self._file: Final = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def write(self, line: str) -> None:
        """One line, in one write."""
        os.write(self._file, f"{line}\n".encode())

    def keep_log(self) -> None:
        """What is logged is written here too."""
        handler = logging.StreamHandler(open(self._file, "a", closefd=False))  # noqa: SIM115  # as long as the process
        logging.basicConfig(format="%(message)s", level=logging.INFO, handlers=[handler])


class Reaper:
    """Ends the process, or freezes it, at a moment."""

    def __init__(self, orders: Orders, diary: Diary) -> None:
        self._moment: Final = orders.moment
        self._left = orders.after
        self._signal: Final = orders.signal
        self._diary: Final = diary
        self._told: Final[set[str]] = set()

    def __call__(self, moment: str) -> None:
        """Has *moment* come?"""
        if moment.startswith("refused") or moment not in self._told:
            self._told.add(moment)
            self._diary.write(moment)
        if moment == self._moment:
            self._left -= 1
            if self._left == 0:
                # this very thread: of a process's threads the others take a while to stop
                signal.pthread_kill(threading.get_ident(), self._signal)


def hurry(orders: Orders) -> None:
    """Shortens what a test cannot wait for."""
    outbox_module.LEASE = round(orders.lease_seconds * SECOND)  # type: ignore[misc]  # half a minute in earnest
    dispatcher_module.HEARTBEAT = orders.heartbeat_seconds  # type: ignore[misc]  # five seconds in earnest
    dispatcher_module.LONGEST_OUTAGE_PAUSE = 0.2  # type: ignore[misc]  # as on the line above
    dispatcher_module.SWEEP = orders.sweep_seconds  # type: ignore[misc]  # two seconds in earnest
    upkeep_module.interruption_wait = lambda interruptions: round(orders.interruption_seconds * SECOND)


def set_clocks(path: str) -> None:
    """Has this process's clock, and the database's as it sees it, be wrong by what stands in a file."""
    right = time.time_ns

    def wrong_by() -> int:
        return int(float(Path(path).read_text() or 0) * 1e9)

    def shifted(backend: type[Backend]) -> None:
        now = backend.now
        backend.now = lambda self, connection: now(self, connection) + wrong_by() // 1000  # type: ignore[method-assign]  # a server's clock cannot be set by a test

    shifted(postgresql.PostgreSQL)
    shifted(mysql.MySQL)
    assert sqlite.SQLite.now.__name__ == "now"  # SQLite has this process's clock
    time.time_ns = lambda: right() + wrong_by()
    time.time = lambda: time.time_ns() / 1e9


def publish(orders: Orders, diary: Diary) -> None:
    """Publishes, and says each number as soon as ``publish`` has returned; what was refused is tried again."""
    bus = Bus(settings(orders), channel_types={})
    for first in itertools.count(0, orders.batch):
        if orders.amount and first == orders.amount:
            break
        numbers = range(first, first + orders.batch)
        events = [event(orders.name, number) for number in numbers]
        while True:
            try:
                bus.publish_many(events)
            except PublishError as error:
                diary.write(f"{type(error).__name__}: {error}")
                time.sleep(0.01)
            else:
                break
        diary.write("\n".join(f"published {number}" for number in numbers))
        time.sleep(orders.pause_seconds)
    bus.close()


def event(name: str, number: int) -> WorkflowEvent:
    """One of four workflows' events; published again it is the same."""
    workflow = Workflow(
        project_name=name,
        workflow_id=f"{name}-{number % 4}",
        workflow_subject=str(number),
        workflow_status="finished",
    )
    return WorkflowEvent(action="create", workflow=workflow, id=f"{name}-{number}")


def work(orders: Orders, diary: Diary) -> None:
    """Dispatches until it is killed, or with ``once`` until nothing is due."""
    bus = Bus(settings(orders), channel_types={})
    bus.outbox.database.open()
    if orders.expires:
        expire(bus.outbox)
    asyncio.run(bus.make_dispatcher(once=orders.once).run(lambda: diary.write("ready")))


def expire(outbox: Outbox) -> None:
    """What a dispatcher does every ten minutes, with nothing to be kept."""
    after: int | None = 0
    while after is not None:
        _, after = outbox.expire(after, Retention(delivered=0, failed=0))


def child(orders: Orders) -> None:
    """The whole life of a process."""
    diary = Diary(orders.diary)
    diary.keep_log()
    try:
        hurry(orders)
        if orders.clock:
            set_clocks(orders.clock)
        Seams(Reaper(orders, diary)).install()
        (publish if orders.role == "publisher" else work)(orders, diary)
    except BaseException:
        diary.write(traceback.format_exc())
        os._exit(1)
    os._exit(0)


_NEEDED: Final = ("bellwire.channels.webhook.channel", "bellwire.core.dispatch.setup", "bellwire.core.insight.status")


def main() -> None:
    """The smithy."""
    for module in _NEEDED:  # what is imported here no fork has to import
        importlib.import_module(module)
    ended: dict[int, int] = {}

    def start(orders: object) -> int:
        pid = os.fork()
        if pid == 0:
            os.close(0)
            os.dup2(2, 1)
            child(cattrs.structure(orders, Orders))
        ended.pop(pid, None)  # an earlier process may have had that number: a long run uses all of them up
        return pid

    def ask(pid: object) -> int | None:
        while pid not in ended:
            found, status = os.waitpid(-1, os.WNOHANG)
            if not found:
                return None
            ended[found] = os.waitstatus_to_exitcode(status)
        return ended[pid]

    commands: dict[str, Callable[[object], int | None]] = {"start": start, "ask": ask}
    for line in sys.stdin:
        ((command, argument),) = json.loads(line).items()
        print(json.dumps(commands[command](argument)), flush=True)


if __name__ == "__main__":
    main()
