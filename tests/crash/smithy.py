"""The test's end of :mod:`processes`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cattrs
from tests.crash.processes import Orders

PATIENCE: Final = 60.0


class Smithy:
    """Starts processes; ends what is left of them."""

    def __init__(self, repository: Path) -> None:
        self._process: Final = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.processes"],
            cwd=repository,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, command: str, argument: object) -> int | None:
        """One line there, one line back."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({command: argument}) + "\n")
        self._process.stdin.flush()
        answer: int | None = json.loads(self._process.stdout.readline())
        return answer

    def start(self, orders: Orders) -> Forged:
        """A process that does as it is told."""
        pid = self.ask("start", cattrs.unstructure(orders))
        assert pid is not None
        return Forged(self, pid, Path(orders.diary))

    def close(self) -> None:
        """Ends itself."""
        self._process.communicate(timeout=PATIENCE)


class Forged:
    """One process."""

    def __init__(self, smithy: Smithy, pid: int, diary: Path) -> None:
        self.pid: Final = pid
        self._smithy: Final = smithy
        self._diary: Final = diary

    @property
    def diary(self) -> list[str]:
        """What it has said so far."""
        return self._diary.read_text().splitlines() if self._diary.exists() else []

    @property
    def status(self) -> int | None:
        """How it ended; ``None`` while it lives."""
        return self._smithy.ask("ask", self.pid)

    @property
    def is_stopped(self) -> bool:
        """Whether it is frozen."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def signal(self, number: int) -> None:
        """Sends a signal, if it still lives."""
        if self.status is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it, and waits until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        """Until it has ended."""
        until(lambda: self.status is not None, lambda: f"it does not end; it said {self.diary}")
        status = self.status
        assert status is not None
        return status

    def says(self, line: str) -> bool:
        """Whether it has said *line*."""
        return line in self.diary


def until(condition: Callable[[], object], what: Callable[[], str], patience: float = PATIENCE) -> None:
    """Returns when *condition* holds."""
    give_up = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < give_up, what()
        time.sleep(0.01)
