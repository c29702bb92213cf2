"""Group commit: threads that want to write at the same moment share one transaction.

The first to come leads and commits alone; whoever comes meanwhile queues up, and one of those leads the next group.
No thread stands between a publisher and the database, because a hand-over there doubled the latency of publishing.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


class _Entry(Generic[T]):
    __slots__ = ("done", "error", "item", "leads", "wake")

    def __init__(self, item: T) -> None:
        self.item: Final = item
        self.done = False
        self.leads = False
        self.error: BaseException | None = None
        self.wake: threading.Event | None = None


class GroupCommit(Generic[T]):
    """Hands items to *commit* in groups of at most *limit*, in the order of their arrival."""

    def __init__(self, commit: Callable[[Sequence[T]], None], *, limit: int = 256) -> None:
        self._commit: Final = commit
        self._limit: Final = limit
        self._lock: Final = threading.Lock()
        self._queue: list[_Entry[T]] = []
        self._led = False

    def submit(self, item: T) -> None:
        """Returns when *item* is committed; raises what the commit of its group raised."""
        entry = _Entry(item)
        with self._lock:
            self._queue.append(entry)
            entry.leads = not self._led
            self._led = True
            if not entry.leads:
                entry.wake = threading.Event()
        if entry.wake is not None:
            entry.wake.wait()
        if not entry.done:
            self._lead()
        if entry.error is not None:
            raise entry.error

    def _lead(self) -> None:
        with self._lock:
            group, self._queue = self._queue[: self._limit], self._queue[self._limit :]
        error: BaseException | None = None
        try:
            self._commit([entry.item for entry in group])
        except BaseException as caught:  # noqa: BLE001 - every waiting publisher must hear of it, and the leader re-raises
            error = caught
        for entry in group:
            entry.error = error
            entry.done = True
        with self._lock:
            successor = self._queue[0] if self._queue else None
            self._led = successor is not None
        if successor is not None and successor.wake is not None:
            successor.wake.set()
        for entry in group:
            if entry.wake is not None:
                entry.wake.set()
