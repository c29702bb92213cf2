"""gunicorn with ``--preload``: the app, and so the bus, is made in the master and crosses a fork into each worker."""

from __future__ import annotations

import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.hosting.conftest import Receiver, Running, Start

pytestmark = pytest.mark.slow

APP = """
import os
from flask_app import create_app
from bellwire.hookspecs import Workflow

def publish(bus, workflow_id):
    bus.notify_workflow("create", Workflow(
        project_name="p", workflow_id=workflow_id, workflow_subject="s", workflow_status="wait_for_audit"))

app = create_app()
bus = app.extensions["bellwire"]
publish(bus, "master-at-import")

@app.post("/pid")
def pid():
    return {"pid": os.getpid()}
"""

CONFIG = """
preload_app = True
workers = 4

def when_ready(server):
    from app import bus, publish
    publish(bus, "master-when-ready")

def post_fork(server, worker):
    from app import bus, publish
    publish(bus, f"worker-{worker.age}")
"""

RECIPES = Path(__file__).parents[3] / "docs" / "examples" / "hosts"


@pytest.fixture
def host(start: Start, tmp_path: Path) -> Running:
    (tmp_path / "app.py").write_text(APP, "utf-8")
    (tmp_path / "conf.py").write_text(CONFIG, "utf-8")
    arguments = ("-c", "conf.py", "-b", "127.0.0.1:{port}", "app:app")
    return start("gunicorn", *arguments, PYTHONPATH=f"{RECIPES}{os.pathsep}{tmp_path}").answers()


def workers(host: Running) -> set[int]:
    with ThreadPoolExecutor(16) as pool:
        return set(pool.map(lambda _: host.post("/pid")["pid"], range(64)))


def test_everything_that_master_and_workers_publish_arrives_once(host: Running, receiver: Receiver) -> None:
    numbers = [str(number) for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: host.post(f"/workflows/{number}/approve"), numbers))
    expected = [*numbers, "master-at-import", "master-when-ready", *(f"worker-{age}" for age in range(1, 5))]
    receiver.wait_for(len(expected))
    host.terminate()
    assert host.ends() == 0, host.text
    assert sorted(receiver.workflow_ids) == sorted(expected)


def test_what_was_published_stays_when_workers_are_killed_and_replaced(
    host: Running, receiver: Receiver, tmp_path: Path
) -> None:
    published: list[str] = []
    for round_number in range(3):
        for number in range(10):
            published.append(f"{round_number}-{number}")
            host.post(f"/workflows/{published[-1]}/approve")
        os.kill(min(workers(host)), signal.SIGKILL)
        host.says("was sent SIGKILL", times=round_number + 1)
    published += ["master-at-import", "master-when-ready", *(f"worker-{age}" for age in range(1, 8))]
    receiver.wait_for(len(published))
    host.terminate()
    assert host.ends() == 0, host.text
    assert set(receiver.workflow_ids) == set(published)  # a killed worker's may come twice
    with sqlite3.connect(tmp_path / "bellwire.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
