"""The Django recipe: served by ``runserver`` with its autoreloader, by gunicorn, and tested by its own tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.hosting.conftest import Receiver, Start

RECIPE = Path(__file__).parents[3] / "docs" / "examples" / "hosts" / "django_app"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy that may be changed."""
    folder = tmp_path / "django_app"
    shutil.copytree(RECIPE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_a_change_of_a_file_reloads_it_and_it_still_delivers(receiver: Receiver, start: Start, project: Path) -> None:
    host = start("python", "manage.py", "runserver", "127.0.0.1:{port}", cwd=project).answers()
    assert host.post("/workflows/1/approve")["event"]
    receiver.wait_for(1)

    for number, name in enumerate(("billing", "shipping"), start=2):
        views = project / "workflows" / "views.py"
        text = views.read_text("utf-8")
        views.write_text(text.replace('project_name="', f'project_name="{name}" if True else "', 1), "utf-8")
        host.says("changed, reloading", times=number - 1)
        host.says("Starting development server", times=number)
        assert host.answers().post(f"/workflows/{number}/approve")["event"]
        receiver.wait_for(number)
        assert receiver.documents[-1]["payload"]["workflow"]["project_name"] == name
    assert receiver.workflow_ids == ["1", "2", "3"]


def test_the_reloader_ends_when_it_is_told_to(receiver: Receiver, start: Start, project: Path) -> None:
    host = start("python", "manage.py", "runserver", "127.0.0.1:{port}", cwd=project).answers()
    host.post("/workflows/1/approve")
    receiver.wait_for(1)
    host.terminate()
    host.ends()


def test_a_management_command_dispatches_nothing(receiver: Receiver, start: Start, project: Path) -> None:
    code = (
        "import threading; from django.apps import apps; "
        "print([thread.name for thread in threading.enumerate()], apps.get_app_config('workflows').bus)"
    )
    shell = start("python", "manage.py", "shell", "-c", code, cwd=project)
    assert shell.ends() == 0, shell.text
    assert "['MainThread']" in shell.text
    assert receiver.documents == []


def test_its_own_tests_pass(start: Start, project: Path) -> None:
    tests = start("python", "-W", "error", "manage.py", "test", cwd=project)
    assert tests.ends() == 0, tests.text
    assert "Ran 1 test" in tests.text


def test_under_gunicorn_its_workers_deliver(receiver: Receiver, start: Start, project: Path) -> None:
    host = start("gunicorn", "-w", "2", "-b", "127.0.0.1:{port}", "project.wsgi", cwd=project).answers()
    for number in range(6):
        host.post(f"/workflows/{number}/approve")
    receiver.wait_for(6)
    host.terminate()
    assert host.ends() == 0, host.text
    assert sorted(receiver.workflow_ids) == [str(number) for number in range(6)]
