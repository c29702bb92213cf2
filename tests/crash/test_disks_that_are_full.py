"""The disk fills up under load: publishing says so, the worker waits, and once there is room nothing is lost."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bellwire.core.errors import OutboxUnavailable
from tests.crash.house import Figures, House
from tests.crash.smithy import until

MOST_EVENTS = 20_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        reason = f"a small disk cannot be mounted here: {mounted.stderr.strip()}; root may"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 10, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC
    return filler


def test_a_full_disk_loses_nothing(
    small_disk: Path, make_house: Callable[..., House], repeats: int, tell: Callable[[Figures], None]
) -> None:
    house = make_house("sqlite", f"sqlite:///{small_disk}/bellwire.db")
    house.receiver.seconds = 0.02
    worker = house.worker(heartbeat_seconds=0.1)
    for _ in range(repeats):
        house.publish()
        filler = fill(small_disk)
        with pytest.raises(OutboxUnavailable, match="nothing was stored, publish it again: .*the disk is full"):
            for number in range(MOST_EVENTS):  # into what room the write-ahead log had taken already
                house.publish_one(f"filling-{house.happened}", number)
        before = house.read("SELECT count(*) FROM bellwire_events")
        with pytest.raises(OutboxUnavailable, match="the disk is full"):
            house.publish_one("never", 0)
        assert house.read("SELECT count(*) FROM bellwire_events") == before
        assert house.read("PRAGMA integrity_check") == [("ok",)]
        outages = worker.diary.count("the outbox can be reached again")
        until(lambda: any("trying again" in line for line in worker.diary), lambda: f"{worker.diary}")
        filler.unlink()
        house.happened += 1
        house.wait_until_settled()
        assert worker.diary.count("the outbox can be reached again") > outages
    assert worker.status is None
    house.check()
    tell(house.figures("disk", "the disk is full, and has room again"))
