"""A host brings its own SQLAlchemy: the outbox works with the oldest that the package asks for, as with the newest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

# What uses most of SQLAlchemy: the hot statements, the schema, and a host's own connections and sessions.
ROOMS = (
    "test_host_transaction.py",
    "test_settle.py",
    "databases/test_versions.py::test_what_the_revisions_make_is_what_the_code_has",
)


def lowest() -> str:
    """The lower bound in the package's own metadata."""
    asked = re.compile(r"sqlalchemy\b.*>=([\d.]+)", re.IGNORECASE)  # hatchling writes names in lower case
    [found] = [match[1] for line in requires("bellwire") or () if (match := asked.match(line))]
    return found


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A folder with that SQLAlchemy, to be looked into before this environment."""
    folder = tmp_path / "older"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    run = subprocess.run(
        [*command, "--target", str(folder), f"SQLAlchemy=={lowest()}"], capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        reason = f"SQLAlchemy {lowest()} could not be installed: {run.stderr.strip()[-300:]}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.mark.slow
def test_the_outbox_works_with_the_oldest_sqlalchemy_that_the_package_allows(older: Path, repository: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(older)}
    asked = "import sqlalchemy; print(sqlalchemy.__version__)"
    found = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True, cwd=repository
    )
    assert found.stdout.strip() == lowest()

    rooms = [str(repository / "tests" / "integration" / "outbox" / room) for room in ROOMS]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *rooms],
        env=environment,
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    assert re.search(r"\d+ passed", run.stdout)
