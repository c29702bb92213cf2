"""While a worker runs: a channel is paused and resumed, and what is being sent is cancelled or purged."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import PATIENCE

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from .conftest import Bellwire, Receiver


@pytest.fixture
def worker(bellwire: Bellwire, receiver: Receiver) -> Iterator[subprocess.Popen[str]]:
    """A worker that delivers to the receiver."""
    bellwire.configure(receiver.url)
    running = bellwire.start("worker")
    yield running
    receiver.hold.set()
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=PATIENCE)


def until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def states(bellwire: Bellwire) -> list[str]:
    """Of all deliveries, the newest first."""
    listed: list[dict[str, Any]] = bellwire.json("deliveries")
    return [one["state"] for one in listed]


@pytest.mark.usefixtures("worker")
def test_nothing_leaves_through_a_paused_channel_and_all_of_it_when_it_is_resumed(
    bellwire: Bellwire, receiver: Receiver
) -> None:
    bellwire.publish(workflow="1")
    assert receiver.arrived.acquire(timeout=PATIENCE)
    bellwire.ok("pause", "ops")
    bellwire.publish(workflow="2")
    assert not receiver.arrived.acquire(timeout=1.0)
    assert states(bellwire) == ["waiting", "delivered"]
    bellwire.ok("resume", "ops")
    assert receiver.arrived.acquire(timeout=PATIENCE)
    until(lambda: states(bellwire) == ["delivered", "delivered"])


@pytest.mark.usefixtures("worker")
def test_what_is_being_sent_can_neither_be_cancelled_nor_replayed_and_goes_on(
    bellwire: Bellwire, receiver: Receiver
) -> None:
    receiver.hold.clear()
    event = bellwire.publish()
    assert receiver.arrived.acquire(timeout=PATIENCE)
    (delivery,) = bellwire.json("deliveries")
    cancelled = bellwire("cancel", event)
    assert cancelled.returncode == 1
    assert f"Error: {delivery['id']} is being sent right now and cannot be called back" in cancelled.stderr
    replayed = bellwire("replay", event)
    assert replayed.returncode == 1
    assert f"Error: {delivery['id']} is not settled yet (being sent), so there is nothing to repeat" in replayed.stderr
    paused = bellwire("pause", "ops")
    assert paused.stderr == "1 delivery of it is being sent right now, and will end\n"
    receiver.hold.set()
    until(lambda: states(bellwire) == ["delivered"])


@pytest.mark.usefixtures("worker")
def test_an_event_that_is_being_sent_is_purged_and_the_worker_goes_on(bellwire: Bellwire, receiver: Receiver) -> None:
    receiver.hold.clear()
    event = bellwire.publish(workflow="1")
    assert receiver.arrived.acquire(timeout=PATIENCE)
    purged = bellwire("purge", event, "--yes", "--json")
    assert purged.returncode == 0
    assert "(ops claimed); what is being sent right now cannot be called back" in purged.stderr
    bellwire.publish(workflow="1")
    receiver.hold.set()
    assert receiver.arrived.acquire(timeout=PATIENCE)
    until(lambda: states(bellwire) == ["delivered"])
    assert "never published here, or purged" in bellwire("explain", event).stderr
