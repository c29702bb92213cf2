"""The disk fills up under load: publishing says so, the worker waits, and once there is room nothing is lost."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from io import RawIOBase
from pathlib import Path

import pytest
from tests.crash.house import Figures, House
from tests.crash.smithy import Forged, until

from bellwire.core.errors import OutboxUnavailable

MOST_EVENTS = 20_000
BACK = "the outbox can be reached again"


@pytest.fixture
def small_disk(tmp_path: Path, repeats: int) -> Iterator[Path]:
    """A file system of two megabytes, and a quarter more for what each time leaves in the log."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={2048 + 256 * repeats}k", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        reason = f"a small disk cannot be mounted here: {mounted.stderr.strip()}; root may"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def tries(worker: Forged) -> int:
    """How many outages it has told of."""
    return sum("nothing is lost, trying again" in line for line in worker.diary)


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 10, 1):
            while _fits(file, b"\0" * size):
                pass
    return filler


def _fits(file: RawIOBase, piece: bytes) -> bool:
    try:
        file.write(piece)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False
    return True


def fill_up(house: House, worker: Forged, disk: Path) -> None:
    """Until nothing can be stored, nor settled; then there is room again."""
    outages = worker.diary.count(BACK)
    house.publish()
    filler = fill(disk)
    with pytest.raises(OutboxUnavailable, match="nothing was stored, publish it again: .*the disk is full"):
        for number in range(MOST_EVENTS):  # into what room the write-ahead log had taken already
            house.publish_one(f"filling-{house.happened}", number)
    # not one more try: the worker may just have made room in the log
    assert house.read("SELECT count(*) FROM bellwire_events") == [(sum(map(len, house.told.values())),)]
    assert house.read("PRAGMA integrity_check") == [("ok",)]
    until(lambda: tries(worker) > outages, lambda: f"{worker.diary}")
    filler.unlink()
    house.happened += 1
    until(lambda: worker.diary.count(BACK) > outages, lambda: f"{worker.diary}")
    house.wait_until_settled()


def test_a_full_disk_loses_nothing(
    small_disk: Path, make_house: Callable[..., House], repeats: int, tell: Callable[[Figures], None]
) -> None:
    house = make_house("sqlite", f"sqlite:///{small_disk}/bellwire.db")
    house.receiver.seconds = 0.02
    worker = house.worker(heartbeat_seconds=0.1)
    for _ in range(repeats):
        fill_up(house, worker, small_disk)
    assert worker.status is None
    house.check()
    tell(house.figures("disk", "the disk is full, and has room again"))
