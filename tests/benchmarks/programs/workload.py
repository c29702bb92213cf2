"""What every contender sends, and how a program is told its task. Imports nothing but Python's own library."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final, TypedDict

JOB: Final = "BENCH_JOB"
"""The environment variable that holds a :class:`Job` as JSON."""

HEADERS: Final = {"Authorization": "Bearer test123", "Content-Type": "application/json", "User-Agent": "bench"}
FILL_BATCH: Final = 500


class Job(TypedDict, total=False):
    """What the runner tells a program."""

    url: str
    """The receiver's."""
    broker: str
    """The URL of the Redis server or of the PostgreSQL database."""
    deliveries: int
    concurrency: int
    publishes: int
    pause: float
    """Seconds between two publishes."""
    folder: str


def job() -> Job:
    """The task that the runner has set this process."""
    told: Job = json.loads(os.environ[JOB])
    return told


def event_id(number: int) -> str:
    """The id of the *number*-th event, as long as Bellwire's."""
    return f"0190d2a0-0000-7000-8000-{number:012d}"


def body(number: int) -> str:
    """The *number*-th event's document: the specification's example, each of a workflow of its own."""
    return (
        '{"event":"workflow","action":"create","timestamp":"2023-05-18T15:45:25+08:00","payload":{"workflow":'
        f'{{"project_name":"test_project","workflow_id":"{number}","workflow_subject":"test_workflow",'
        '"workflow_status":"wait_for_audit"}}}'
    )


def headers(number_or_id: int | str) -> dict[str, str]:
    """The headers of an event's request."""
    told = number_or_id if isinstance(number_or_id, str) else event_id(number_or_id)
    return {**HEADERS, "webhook-id": told}


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """The 50th and the 99th, in microseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return {"p50": cuts[49] * 1e6, "p99": cuts[98] * 1e6}


def publish_timed(publish: Callable[[int], object]) -> None:
    """Publishes as often as the job says, pausing as a host does, and prints how long one took."""
    task = job()
    times = []
    for number in range(task["publishes"] + 50):
        time.sleep(task["pause"])
        began = time.perf_counter()
        publish(number)
        times.append(time.perf_counter() - began)
    print(json.dumps(percentiles(times[50:])))


def wait_to_be_ended() -> None:
    """Keeps the process, and so its CPU time, where the runner can read it."""
    sys.stdin.read()
