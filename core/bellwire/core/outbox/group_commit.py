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
    """Hands items to *commit* in groups of at most *limit*, in the order of their arrival.

    When a group fails with an exception for which *alone* says yes, each of its items is committed by itself, so that
    one that cannot be stored fails alone.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[T]], None],
        *,
        alone: Callable[[Exception], bool] = lambda _: False,
        limit: int = 256,
    ) -> None:
        self._commit: Final = commit
        self._alone: Final = alone
        self._limit: Final = limit
        self._lock: Final = threading.Lock()
        self._queue: list[_Entry[T]] = []
        self._led = False

    def submit(self, item: T) -> None:
        """Returns when *item* is committed; raises what its commit raised."""
        entry = _Entry(item)
        with self._lock:
            self._queue.append(entry)
            entry.leads = not self._led
            self._led = True
            if not entry.leads:
                entry.wake = threading.Event()
        if entry.wake is not None:
            try:
                entry.wake.wait()
            except BaseException:  # a signal's, such as Ctrl-C or a task's time limit: nobody else may wait for us
                self._step_aside(entry)
                raise
        if not entry.done:
            self._lead(entry)
        if entry.error is not None:
            raise entry.error

    def _lead(self, leader: _Entry[T]) -> None:
        with self._lock:
            group, self._queue = self._queue[: self._limit], self._queue[self._limit :]
        left = self._commit_group(group, leader)
        with self._lock:
            self._queue[:0] = left
            successor = self._promote()
        if successor is not None and successor.wake is not None:
            successor.wake.set()
        for entry in group:
            if entry.done and entry.wake is not None:
                entry.wake.set()

    def _commit_group(self, group: list[_Entry[T]], leader: _Entry[T]) -> list[_Entry[T]]:
        """Commits *group*; returns those that somebody else must lead."""
        error: Exception | None = None
        try:
            self._commit([entry.item for entry in group])
        except Exception as caught:  # noqa: BLE001 - every waiting publisher must hear of it, and the leader raises it
            if len(group) > 1 and self._alone(caught):
                return [left for entry in group for left in self._commit_group([entry], leader)]
            error = caught
        except BaseException as caught:  # noqa: BLE001 - it ends the leader, and concerns nobody else in its group
            leader.error, leader.done = caught, True
            return [entry for entry in group if entry is not leader]
        for entry in group:
            entry.error, entry.done = error, True
        return []

    def _promote(self) -> _Entry[T] | None:
        successor = self._queue[0] if self._queue else None
        if successor is not None:
            successor.leads = True
        self._led = successor is not None
        return successor

    def _step_aside(self, entry: _Entry[T]) -> None:
        with self._lock:
            if entry not in self._queue:
                return  # it is being committed
            self._queue.remove(entry)
            successor = self._promote() if entry.leads else None
        if successor is not None and successor.wake is not None:
            successor.wake.set()
