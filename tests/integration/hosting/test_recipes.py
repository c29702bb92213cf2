"""The recipes of docs/guide/hosts.md, each run as its reader would run it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.hosting.conftest import Receiver, Start

RECIPES = Path(__file__).parents[3] / "docs" / "examples" / "hosts"


def test_the_script_delivers_before_it_ends(receiver: Receiver, start: Start) -> None:
    script = start("python", str(RECIPES / "script.py"), "1734")
    assert script.ends() == 0, script.text
    (document,) = receiver.documents
    assert (document["action"], document["payload"]["workflow"]["workflow_id"]) == ("exec_success", "1734")
    assert len(script.text.split()) == 1, script.text  # the event's id, and no warning


def test_fastapi_publishes_on_a_request_and_ends_cleanly(receiver: Receiver, start: Start) -> None:
    host = start("uvicorn", "fastapi_app:app", "--port", "{port}", cwd=RECIPES).answers()
    assert host.post("/workflows/1734/approve")["event"]
    receiver.wait_for(1)
    host.terminate()
    assert host.ends() in {0, -15}, host.text  # uvicorn raises the signal again once it is done
    assert "Application shutdown complete" in host.text
    assert receiver.workflow_ids == ["1734"]


def test_flask_publishes_on_a_request(receiver: Receiver, start: Start) -> None:
    host = start("flask", "--app", "flask_app", "run", "--port", "{port}", cwd=RECIPES).answers()
    assert host.post("/workflows/1734/approve")["event"]
    receiver.wait_for(1)
    assert receiver.workflow_ids == ["1734"]


def test_flask_under_its_reloader_still_delivers_once(receiver: Receiver, start: Start, tmp_path: Path) -> None:
    app = tmp_path / "app"
    shutil.copytree(RECIPES, app, ignore=shutil.ignore_patterns("django_app", "__pycache__"))
    (app / "watchdog.py").touch()  # hides the real one, which watches the whole environment: an idle machine's luxury
    host = start(
        "flask", "--app", "flask_app", "run", "--debug", "--port", "{port}", cwd=app, PYTHONPATH=str(app)
    ).answers()
    host.says("Debugger is active!")
    host.post("/workflows/1734/approve")
    receiver.wait_for(1)

    file = app / "flask_app.py"
    file.write_text(file.read_text("utf-8").replace('"payments"', '"billing"'), "utf-8")
    host.says("Debugger is active!", times=2)
    host.answers().post("/workflows/1735/approve")
    receiver.wait_for(2)
    assert [document["payload"]["workflow"]["project_name"] for document in receiver.documents] == [
        "payments",
        "billing",
    ]


@pytest.mark.parametrize("name", ["fastapi", "flask"])
def test_a_hosts_own_test_looks_like_this(name: str, start: Start, tmp_path: Path) -> None:
    file = tmp_path / f"test_{name}.py"
    file.write_text((RECIPES / f"test_{name}_app.py").read_text("utf-8"), "utf-8")
    run = start("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file), PYTHONPATH=str(RECIPES))
    assert run.ends() == 0, run.text
