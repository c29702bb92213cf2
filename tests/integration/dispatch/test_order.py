"""Order where it is hardest: many workflows, failures at random, two dispatchers in processes of their own."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bellwire.core.outbox import DeliveryFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.dispatch.receivers import Arrived, Receiver
    from tests.integration.dispatch.town import Town

    from bellwire.core import Bus

KEYS, EACH = 8, 5

CONFIG = """
database = "{database}"
dispatch = "off"

[channels.ops]
type = "webhook"
enable = true
url = "{url}"
retry_schedule = [{schedule}]
ordering = "{ordering}"
concurrency = 4
"""


class Stumbling:
    """Refuses every third request or so, by chance; remembers what it took, key by key.

    It answers nobody before more have come than one dispatcher has slots, so that both have their share.
    """

    def __init__(self) -> None:
        self._both = threading.Barrier(2 * 4)
        self._first: list[Arrived] = []
        self._random = random.Random(7)
        self.taken: defaultdict[str, list[str]] = defaultdict(list)

    def __call__(self, one: Arrived) -> int:
        if len(self._first) < 2 * 4:
            self._first.append(one)
            self._both.wait(60)
        if self._random.random() < 0.3:
            return 500
        self.taken[one.key].append(one.subject)
        return 200


@pytest.fixture
def stumbling() -> Stumbling:
    return Stumbling()


@pytest.fixture
def receiver(town: Town, stumbling: Stumbling) -> Receiver:
    return town.receiver(stumbling)


class Workers:
    """Dispatchers in processes of their own."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder, self._database = folder, database
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, receiver: Receiver, *, ordering: str = "key") -> None:
        """Two of them."""
        file = self._folder / "bellwire.toml"
        schedule = ", ".join(['"1ms"'] * 20)
        file.write_text(
            CONFIG.format(database=self._database, url=receiver.url, schedule=schedule, ordering=ordering), "utf-8"
        )
        for _ in range(2):
            command = [sys.executable, "-m", "bellwire.core.cli", "worker"]
            environment = {**os.environ, "BELLWIRE_CONFIG": str(file)}
            self._processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))

    def stop(self) -> None:
        """Both."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            assert process.wait(30) == 0


@pytest.fixture
def workers(tmp_path: Path, town: Town) -> Iterator[Workers]:
    workers = Workers(tmp_path, town.url)
    yield workers
    workers.stop()


def publish_all(town: Town, bus: Bus) -> None:
    for number in range(EACH):
        for key in range(KEYS):
            town.publish(bus, str(number), key=f"wf-{key}")


def test_two_processes_send_each_workflows_events_one_at_a_time_in_publish_order_through_failures(
    town: Town, workers: Workers, receiver: Receiver, stumbling: Stumbling
) -> None:
    bus = town.bus({"ops": town.hook(receiver)}, dispatch="off")
    workers.start(receiver)
    town.until(lambda: len(bus.status().dispatchers) == 2)
    publish_all(town, bus)
    town.wait_until_settled()
    in_order = [str(number) for number in range(EACH)]
    assert stumbling.taken == {f"wf-{key}": in_order for key in range(KEYS)}
    for key in range(KEYS):
        attempted = receiver.of(f"wf-{key}")
        assert attempted == sorted(attempted), "nor is a later one tried before an earlier one got through"
    assert set(receiver.together.values()) == {1}
    views = bus.outbox.deliveries(DeliveryFilter(limit=1000))
    assert {view.state for view in views} == {"delivered"}
    assert len({one.dispatcher for view in views for one in bus.outbox.attempts(view.id)}) == 2, "both had their share"


def test_without_order_one_workflows_events_go_side_by_side(town: Town) -> None:
    barrier = threading.Barrier(3)
    receiver = town.receiver(lambda _: 200 if barrier.wait(30) >= 0 else 500)
    bus = town.bus({"ops": town.hook(receiver, ordering="none")})
    town.publish(bus, "a", "b", "c", key="wf")
    town.wait_until_settled()
    assert receiver.together == {"wf": 3}
