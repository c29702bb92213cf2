"""Whether another dispatcher on this machine is certainly gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from bellwire.core.dispatch.presence import gone, this_process
from bellwire.core.outbox import DispatcherRow

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are told apart by /proc alone")

_CHILD = (
    "from bellwire.core.dispatch.presence import this_process; print(this_process(), flush=True); import time; "
    "time.sleep(600)"
)


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[str], DispatcherRow]]:
    process = subprocess.Popen([sys.executable, "-c", _CHILD], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process, row(process.stdout.readline())
    process.kill()
    process.wait(30)
    process.stdout.close()


def row(process: str) -> DispatcherRow:
    return DispatcherRow(id="child", host="here", pid=1, process=process, version="1", config_digest="x")


def test_this_process_is_not_gone() -> None:
    assert gone([row(this_process())]) == []


def test_a_process_that_lives_is_not_gone_and_one_that_was_killed_is(
    child: tuple[subprocess.Popen[str], DispatcherRow],
) -> None:
    process, presence = child
    assert gone([presence]) == []
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet fetched by its parent: a zombie
    assert gone([presence]) == ["child"]
    process.wait(30)
    assert gone([presence]) == ["child"]


def test_another_process_with_the_same_number_is_not_taken_for_it(
    child: tuple[subprocess.Popen[str], DispatcherRow],
) -> None:
    _, presence = child
    known = json.loads(presence.process)
    earlier = str(int(known["started"]) - 1)
    assert gone([row(json.dumps(known | {"started": earlier}))]) == ["child"]


@pytest.mark.parametrize(
    "change",
    [{"machine": "another-boot/4026531836"}, {"machine": None}, {"started": None}],
    ids=["another machine", "unknown machine", "unknown start"],
)
def test_of_a_process_elsewhere_or_unknown_nothing_is_claimed(change: dict[str, object]) -> None:
    known = json.loads(this_process()) | {"pid": 2**22 + 1} | change
    assert gone([row(json.dumps(known))]) == []


@pytest.mark.parametrize("process", ["", "{}", "null", "[]", "7", '{"pid": 1}', "not json"])
def test_what_an_older_or_newer_version_wrote_is_no_proof_of_death(process: str) -> None:
    assert gone([row(process)]) == []


def test_only_those_that_are_gone_are_named() -> None:
    dead = json.loads(this_process()) | {"started": "1"}
    rows = [row(this_process()), attrs.evolve(row(json.dumps(dead)), id="dead")]
    assert gone(rows) == ["dead"]
