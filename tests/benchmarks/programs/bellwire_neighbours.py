"""A host with a healthy channel and perhaps a neighbour: from publish to outcome on record, of the healthy one.

Prints ``{"p50": …, "p99": …, "settled": …}``, in milliseconds.
"""

from __future__ import annotations

import json
import threading
import time

from tests.benchmarks.programs.bellwire_host import event
from tests.benchmarks.programs.workload import job, percentiles

from bellwire.core import Bus
from bellwire.hookspecs import Delivery, Event, Outcome, hookimpl

_WARM_UP = 100


class Watch:
    """Notes when each event was published, and when it was settled in the healthy channel."""

    def __init__(self, wanted: int) -> None:
        self.published: dict[str, float] = {}
        self.settled: dict[str, float] = {}
        self.wanted = wanted
        self.all_settled = threading.Event()

    @hookimpl
    def notify_settled(self, event: Event, delivery: Delivery, outcome: Outcome) -> None:
        if delivery.channel == "healthy":
            self.settled[event.id] = time.perf_counter()
            if len(self.settled) == self.wanted:
                self.all_settled.set()


def main() -> None:
    task = job()
    watch = Watch(task["publishes"] + _WARM_UP)
    with Bus.from_file(f"{task['folder']}/bellwire.toml", plugins=[watch]) as bus:
        bus.start()
        due = time.perf_counter()
        for number in range(watch.wanted):
            due += task["pause"]
            time.sleep(max(0.0, due - time.perf_counter()))
            told = event(number)
            watch.published[told.id] = time.perf_counter()
            bus.publish(told)
        if not watch.all_settled.wait(30):
            raise SystemExit(f"only {len(watch.settled)} of {watch.wanted} were settled")
        bus.close(drain=0)
    took = [watch.settled[name] - began for name, began in watch.published.items()][_WARM_UP:]
    print(json.dumps({name: value / 1000 for name, value in percentiles(took).items()}))


if __name__ == "__main__":
    main()
