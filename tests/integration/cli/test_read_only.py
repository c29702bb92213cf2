"""A database that this user may not write."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from .conftest import Bellwire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Root may write everything, but for this: PR_CAPBSET_DROP of CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, then exec.
LIKE_ANYBODY = """
import ctypes, os, sys
prctl = ctypes.CDLL(None, use_errno=True).prctl
for capability in (1, 2):
    if prctl(24, capability, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
os.execv(sys.argv[1], sys.argv[1:])
"""


EVENT = (
    '{"action":"create","workflow":{"project_name":"p","workflow_id":"1","workflow_subject":"s","workflow_status":"x"}}'
)


@pytest.fixture
def restricted(tmp_path: Path) -> Iterator[Bellwire]:
    """The command, run by somebody for whom the modes of files hold."""
    yield Bellwire(tmp_path, (sys.executable, "-c", LIKE_ANYBODY) if os.geteuid() == 0 else ())
    tmp_path.chmod(0o755)  # so that it can be removed


def test_a_read_only_database_is_told_with_the_way_out(bellwire: Bellwire, restricted: Bellwire) -> None:
    bellwire.configure("http://127.0.0.1:9")
    bellwire.publish()
    for path in bellwire.folder.iterdir():
        path.chmod(0o444)
    bellwire.folder.chmod(0o555)
    checked = restricted("check")
    assert checked.returncode == 1
    assert "is read-only here; make the file and its folder writable" in checked.stderr
    for arguments in (("worker",), ("publish", "--json", "-")):
        run = restricted(*arguments, stdin=EVENT)
        assert run.returncode == 1
        assert "is read-only here" in run.stderr
        assert "Traceback" not in run.stderr


def test_a_folder_in_which_no_database_can_be_made_is_told(bellwire: Bellwire, restricted: Bellwire) -> None:
    bellwire.configure("http://127.0.0.1:9")
    bellwire.folder.chmod(0o555)
    checked = restricted("check")
    assert checked.returncode == 1
    assert "cannot be created, because this user may not write into" in checked.stderr
    started = restricted("worker")
    assert started.returncode == 1
    assert "cannot be opened; is it a file that this user may read and write?" in started.stderr


def test_a_configuration_that_may_not_be_read_is_told(bellwire: Bellwire, restricted: Bellwire) -> None:
    bellwire.configure("http://127.0.0.1:9")
    (bellwire.folder / "bellwire.toml").chmod(0o000)
    run = restricted("check")
    assert run.returncode == 1
    assert "it cannot be read: Permission denied" in run.stderr


def test_init_where_nothing_may_be_written_is_told(bellwire: Bellwire, restricted: Bellwire) -> None:
    bellwire.folder.chmod(0o555)
    run = restricted("init")
    assert run.returncode == 1
    assert "bellwire.key cannot be written: Permission denied" in run.stderr
