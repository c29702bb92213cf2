from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.benchmarks.machine import Quiet, busy_share, listen, quietness
from tests.benchmarks.processes import Stat, cpu_seconds, descendants, memory, parse_pss, parse_stat

_REST = "1 1 0 -1 4194304 9 0 0 0 {user} {system} {reaped_user} {reaped_system} 20 0 1 0 100 0 0"


def line(pid: int, command: str, parent: int, *ticks: int) -> str:
    rest = _REST.format(**dict(zip(("user", "system", "reaped_user", "reaped_system"), ticks, strict=True)))
    return f"{pid} ({command}) S {parent} {rest}"


@pytest.mark.parametrize("command", ["python3", "Web Content", "a) b (c", "((("])
def test_a_command_may_hold_blanks_and_parentheses(command: str) -> None:
    assert parse_stat(line(7, command, 3, 10, 20, 300, 4000)) == Stat(pid=7, parent=3, ticks=4330)


def test_of_all_processes_only_the_roots_and_those_below_them_count_each_once() -> None:
    stats = [Stat(1, 0, 1), Stat(2, 1, 1), Stat(3, 2, 1), Stat(4, 3, 1), Stat(9, 1, 1)]
    assert sorted(stat.pid for stat in descendants([2, 3, 77], stats)) == [2, 3, 4]


def test_the_share_of_shared_memory_is_what_counts() -> None:
    assert parse_pss("Rss:  4000 kB\nPss:      1500 kB\nPss_Dirty:  9 kB\n") == 1500 * 1024
    assert parse_pss("") == 0


_SPENDS = """
import subprocess, sys, time
def spend(seconds):
    while time.process_time() < seconds: pass
if len(sys.argv) == 1:
    subprocess.run([sys.executable, "-c", SOURCE, "child"], check=True)
    held = bytearray(b"x" * 50_000_000)
else:
    spend(0.3)
    sys.exit()
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def parent_whose_child_has_ended() -> Iterator[int]:
    child = f"SOURCE = None\n{_SPENDS}"
    source = f"SOURCE = {child!r}\n{_SPENDS}"
    process = subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        yield process.pid
    finally:
        process.communicate()


def test_a_child_that_ended_still_counts_and_memory_is_seen() -> None:
    with parent_whose_child_has_ended() as pid:
        assert cpu_seconds([pid]) >= 0.3
        assert memory([pid]) > 50_000_000


def test_a_process_that_is_gone_costs_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert cpu_seconds([process.pid]) == 0
    assert memory([process.pid]) == 0
    assert cpu_seconds([os.getpid()]) > 0


def stat(user: int, idle: int, waiting: int = 0, stolen: int = 0) -> str:
    return f"cpu  {user} 0 0 {idle} {waiting} 0 0 {stolen} 0 0\ncpu0 9 9 9 9\n"


def test_what_others_use_is_all_but_idling_and_waiting_and_a_stolen_core_is_used() -> None:
    assert busy_share(stat(100, 100), stat(110, 170, 10, 10)) == pytest.approx(0.2)
    assert busy_share(stat(1, 1), stat(1, 101)) == 0


def test_listening_takes_no_part_itself() -> None:
    slept: list[float] = []
    heard = listen(3, seconds=0.5, sleep=slept.append)
    assert slept == [0.5]
    assert heard.round == 3
    assert 0 <= heard.busy <= 1


def test_a_run_on_a_busy_machine_says_so() -> None:
    assert "not quiet" not in quietness([Quiet(1, 0.01, 0.5), Quiet(2, 0.05, 3.0)])
    assert "**The machine was not quiet**: others used up to 40%" in quietness(
        [Quiet(1, 0.01, 0.0), Quiet(2, 0.4, 0.0)]
    )
    assert quietness([]) == ""
