"""A Bellwire channel that appends every event to a file, one JSON document a line."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from pathlib import Path

from bellwire.hookspecs import (
    ChannelConfig,
    ChannelContext,
    Delivery,
    Event,
    Failed,
    Outcome,
    Sent,
    TestMessage,
    channel_config,
    hookimpl,
    setting,
)

__all__ = ["LogfileChannel", "LogfileConfig"]


@channel_config
class LogfileConfig(ChannelConfig):
    """Appends every event to a file."""

    path: str = setting(
        default="",
        title="File",
        help="An absolute path; the folder must exist.",
        format="line",
        pattern=r"/.*[^/]",
        required_when_enabled=True,
        examples=("/var/log/platform/workflows.jsonl",),
    )
    fsync: bool = setting(
        default=True,
        title="Wait for the disk",
        help="Whether a line must be on the disk, and not only in its cache, before the event counts as sent.",
    )

    async def open(self, context: ChannelContext) -> LogfileChannel:
        return LogfileChannel(Path(self.path), fsync=self.fsync)


class LogfileChannel:
    """Its hooks are plain `def`, because files block: Bellwire calls them in threads of the channel's own."""

    def __init__(self, path: Path, *, fsync: bool) -> None:
        self._path = path
        self._fsync = fsync

    @hookimpl
    def notify_event(self, event: Event, delivery: Delivery) -> Outcome:
        # for events of every kind; a channel for workflows alone would have notify_workflow
        return self._append(event, delivery)

    @hookimpl
    def notify_test(self, test: TestMessage, delivery: Delivery) -> Outcome:
        return self._append(test, delivery)

    def _append(self, event: Event, delivery: Delivery) -> Outcome:
        # the delivery's id is the same at every attempt: readers drop what they have seen
        document = {"delivery": delivery.id, **json.loads(event.to_json())}
        line = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            append(self._path, line, fsync=self._fsync)
        except OSError as error:
            return failure(error, self._path)
        return Sent(response=f"{len(line)} bytes appended to {self._path}")


def append(path: Path, line: bytes, *, fsync: bool) -> None:
    """Appends all of *line* or, raising `OSError`, nothing of it."""
    # opened anew each time, so that a rotated file is let go
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":  # somebody died in the middle of a line
            line = b"\n" + line
        try:
            _write_whole(file, line)
            if fsync:
                os.fsync(file)
        except OSError:
            with contextlib.suppress(OSError):  # the first error is the one to tell
                os.ftruncate(file, size)
            raise
    finally:
        os.close(file)


def _write_whole(file: int, line: bytes) -> None:
    written = os.write(file, line)
    if written < len(line):
        raise OSError(errno.ENOSPC, f"only {written} of {len(line)} bytes could be written")


def failure(error: OSError, path: Path) -> Failed:
    """Where appending failed, and whether trying again can help before a person has done something."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            detail = f"the folder {path.parent} does not exist; create it, or set another path"
            return Failed(stage="config", detail=detail, retryable=False)
        case errno.EISDIR:
            return Failed(stage="config", detail=f"{path} is a folder; set the path of a file", retryable=False)
        case errno.EACCES | errno.EPERM | errno.EROFS:
            detail = f"{path} may not be written to by this process's user; change its owner or mode"
            return Failed(stage="config", detail=detail, retryable=False)
        case errno.ENOSPC | errno.EDQUOT:
            return Failed(stage="send", detail=f"the disk that holds {path} is full; free some room")
        case _:
            return Failed(stage="send", detail=f"{path} cannot be written: {error.strerror or error}")
