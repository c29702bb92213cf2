"""Publish in one process, deliver in another, look in a third."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from .conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Bellwire, Receiver

SAMPLE = {
    "event": "workflow",
    "action": "create",
    "timestamp": "2023-05-18T15:45:25+08:00",
    "payload": {
        "workflow": {
            "project_name": "test_project",
            "workflow_id": "1658637666259832832",
            "workflow_subject": "test_workflow",
            "workflow_status": "wait_for_audit",
        }
    },
}


def test_what_is_published_from_the_wires_shape_arrives_byte_by_byte(bellwire: Bellwire, receiver: Receiver) -> None:
    text = json.dumps(SAMPLE, separators=(",", ":"))
    bellwire.configure(receiver.url, token="test123")
    bellwire.ok("publish", "--json", "-", stdin=text)
    bellwire.ok("worker", "--once")
    assert receiver.bodies == [text]
    assert len(text) == 239
    assert receiver.headers[0]["authorization"] == "Bearer test123"
    (delivery,) = bellwire.json("deliveries", "--state", "delivered")
    assert receiver.headers[0]["webhook-id"] == delivery["id"]


def test_publish_and_worker_against_listen_show_the_sample_request(bellwire: Bellwire) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bellwire.configure(f"http://127.0.0.1:{port}")
    listening = bellwire.start("listen", "--port", str(port), "--count", "1")
    try:
        assert listening.stdout is not None
        assert "listening on" in listening.stdout.readline()
        bellwire.ok("publish", "--json", "-", stdin=json.dumps(SAMPLE))
        bellwire.ok("worker", "--once")
        shown, _ = listening.communicate(timeout=PATIENCE)
    finally:
        listening.kill()
        listening.wait()
    assert "POST / HTTP/1.1" in shown
    assert json.dumps(SAMPLE, separators=(",", ":")) in shown


@pytest.fixture
def worker(bellwire: Bellwire, receiver: Receiver, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """A worker that has begun to send a delivery whose receiver does not answer yet."""
    receiver.hold.clear()
    bellwire.configure(receiver.url, max_retry_times=1)
    bellwire.publish()
    process = bellwire.start("worker", *getattr(request, "param", ()))
    try:
        assert receiver.arrived.acquire(timeout=PATIENCE)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_is_being_sent_finish(
    bellwire: Bellwire, receiver: Receiver, worker: subprocess.Popen[str], number: signal.Signals
) -> None:
    bellwire.publish(workflow="2")
    worker.send_signal(number)
    assert_logged(worker, "stopping; waiting up to 10 s for what is being sent")
    receiver.hold.set()
    _, err = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0, err
    assert "Traceback" not in err
    states = sorted(each["state"] for each in bellwire.json("deliveries"))
    assert states in (["delivered", "waiting"], ["delivered", "delivered"])  # the second may have been taken before
    assert bellwire.json("status")["dispatchers"] == []


def test_a_second_signal_breaks_off_and_nothing_is_lost(
    bellwire: Bellwire, receiver: Receiver, worker: subprocess.Popen[str]
) -> None:
    worker.send_signal(signal.SIGTERM)
    assert_logged(worker, "stopping")
    worker.send_signal(signal.SIGTERM)
    _, err = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0, err
    (delivery,) = bellwire.json("deliveries")
    assert (delivery["state"], delivery["attempt_count"]) == ("waiting", 0)
    receiver.hold.set()
    bellwire.ok("worker", "--once")
    assert bellwire.json("deliveries")[0]["state"] == "delivered"


@pytest.mark.parametrize("worker", [("--drain", "0.1")], indirect=True)
def test_a_drain_that_is_over_breaks_off_too(bellwire: Bellwire, worker: subprocess.Popen[str]) -> None:
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
    assert bellwire.json("deliveries")[0]["state"] == "waiting"


def assert_logged(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    pytest.fail(f"the worker ended without saying {words!r}")


def test_a_running_worker_is_seen_and_is_woken_by_a_publish_of_another_process(
    bellwire: Bellwire, receiver: Receiver
) -> None:
    bellwire.configure(receiver.url)
    process = bellwire.start("worker")
    try:
        assert_logged(process, "delivers through ops; database")
        give_up = time.monotonic() + PATIENCE
        while not bellwire.json("status")["dispatchers"]:
            assert time.monotonic() < give_up
        (dispatcher,) = bellwire.json("status")["dispatchers"]
        assert dispatcher["pid"] == process.pid
        assert f"pid {process.pid}, bellwire " in bellwire.ok("status")
        run = bellwire("publish", "--json", "-", stdin=json.dumps(SAMPLE))
        assert (run.returncode, run.stderr) == (0, "")  # somebody dispatches: nothing to remark
        assert receiver.arrived.acquire(timeout=PATIENCE)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_the_test_of_a_channel_reaches_the_receiver_and_is_not_stored(bellwire: Bellwire, receiver: Receiver) -> None:
    bellwire.configure(receiver.url, enable=False, token="test123")
    shown = bellwire.ok("test", "ops")
    assert "delivered, the receiver answered 200" in shown
    assert "the channel is disabled" in shown
    assert "test123" not in shown
    assert json.loads(receiver.bodies[0])["event"] == "test"
    assert not (bellwire.folder / "bellwire.db").exists()


def test_the_test_of_a_channel_that_refuses_says_so_in_the_words_that_users_search_for(bellwire: Bellwire) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        bellwire.configure(f"http://127.0.0.1:{port}")
        run = bellwire("test", "ops")
    assert run.returncode == 1
    assert f'Post "http://127.0.0.1:{port}": dial tcp 127.0.0.1:{port}: connect: connection refused' in run.stdout
    assert "FAILED at connect" in run.stdout


@pytest.mark.parametrize(("status", "hint"), [(204, 'set accept_status = "2xx"'), (400, 'test_payload = "workflow"')])
def test_the_hints_name_the_webhooks_own_settings(
    bellwire: Bellwire, receiver: Receiver, status: int, hint: str
) -> None:
    receiver.status, receiver.answer = status, b""
    bellwire.configure(receiver.url)
    assert hint in bellwire("test", "ops").stdout
