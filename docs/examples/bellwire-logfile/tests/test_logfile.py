import errno
import json
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bellwire_logfile import LogfileConfig, append, failure

from bellwire.core.testing import BusForTests, bus_for_tests
from bellwire.hookspecs import Failed, InvalidConfig, Sent, Workflow

WORKFLOW = Workflow(
    project_name="payments", workflow_id="1734", workflow_subject="工单", workflow_status="wait_for_execution"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder / "workflows.jsonl"


@pytest.fixture
def bus(file: Path) -> Iterator[BusForTests]:
    channels = {"audit": LogfileConfig(enable=True, path=str(file), max_retry_times=1)}
    with bus_for_tests(channels=channels, channel_types={"logfile": LogfileConfig}) as bus:
        yield bus


def test_an_event_becomes_one_line_with_the_id_of_its_delivery(bus: BusForTests, file: Path) -> None:
    event = bus.notify_workflow("approve", WORKFLOW)
    bus.wait_until_settled()

    (line,) = file.read_text("utf-8").splitlines()
    (delivery,) = bus.outbox.deliveries_of(event.id)
    assert json.loads(line) == {"delivery": delivery.id, **json.loads(event.to_json())}
    assert "工单" in line


def test_a_replayed_delivery_stands_there_twice_under_one_id(bus: BusForTests, file: Path) -> None:
    event = bus.notify_workflow("approve", WORKFLOW)
    bus.wait_until_settled()
    bus.replay([delivery.id for delivery in bus.outbox.deliveries_of(event.id)])
    bus.wait_until_settled()

    first, second = file.read_text("utf-8").splitlines()
    assert first == second


def test_a_rotated_file_is_let_go(bus: BusForTests, file: Path) -> None:
    bus.notify_workflow("create", WORKFLOW)
    bus.wait_until_settled()
    file.rename(file.with_suffix(".1"))
    bus.notify_workflow("approve", WORKFLOW)
    bus.wait_until_settled()

    assert [json.loads(line)["action"] for line in file.read_text("utf-8").splitlines()] == ["approve"]


def test_pressing_test_writes_a_line_that_says_so(bus: BusForTests, file: Path) -> None:
    trial = bus.test("audit")

    assert isinstance(trial.outcome, Sent)
    assert json.loads(file.read_text("utf-8"))["event"] == "test"


def test_a_missing_folder_fails_once_and_says_what_to_do(bus: BusForTests, file: Path) -> None:
    file.parent.rmdir()
    event = bus.notify_workflow("approve", WORKFLOW)
    bus.wait_until_settled()

    (delivery,) = bus.outbox.deliveries_of(event.id)
    (attempt,) = bus.outbox.attempts(delivery.id)
    assert (delivery.state, attempt.stage) == ("failed", "config")
    assert attempt.detail == f"the folder {file.parent} does not exist; create it, or set another path"


def test_a_line_that_somebody_cut_off_is_not_continued(file: Path) -> None:
    file.write_bytes(b'{"delivery":"half')
    append(file, b"{}\n", fsync=True)
    append(file, b"{}\n", fsync=False)
    assert file.read_bytes() == b'{"delivery":"half\n{}\n{}\n'


def test_what_does_not_fit_on_the_disk_leaves_no_half_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(file, b"whole\n", fsync=True)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:3]))
    with pytest.raises(OSError, match="only 3 of 5 bytes") as caught:
        append(file, b"half\n", fsync=True)
    assert file.read_bytes() == b"whole\n"
    assert failure(caught.value, file).retryable


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_may_be_tried_again() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        append(Path("/dev/full"), b"line\n", fsync=True)
    assert failure(caught.value, Path("/dev/full")) == Failed(
        stage="send", detail="the disk that holds /dev/full is full; free some room"
    )


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EROFS, errno.EISDIR])
def test_what_a_person_must_put_right_is_not_tried_again(number: int, file: Path) -> None:
    failed = failure(OSError(number, os.strerror(number)), file)
    assert (failed.stage, failed.retryable) == ("config", False)


def test_a_channel_without_a_file_cannot_be_enabled() -> None:
    with pytest.raises(InvalidConfig, match="path: is required while the channel is enabled"):
        LogfileConfig(enable=True)
    with pytest.raises(InvalidConfig, match="path: must match"):
        LogfileConfig(path="relative.jsonl")


def test_many_processes_write_whole_lines(file: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.starmap(write_many, [(file, letter) for letter in (b"a", b"b", b"c")])
    lines = file.read_bytes().splitlines()
    assert sorted(line[:1] for line in lines) == [b"a"] * 50 + [b"b"] * 50 + [b"c"] * 50
    assert {len(line) for line in lines} == {5000}


def write_many(file: Path, letter: bytes) -> None:
    for _ in range(50):
        append(file, letter * 5000 + b"\n", fsync=False)
