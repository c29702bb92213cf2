"""Group commit: many publishers, few transactions, and nobody is left waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import pytest

from bellwire.core.outbox import group_commit
from bellwire.core.outbox.group_commit import GroupCommit


class Log:
    """A commit that keeps its groups; the first one waits until it is let go."""

    def __init__(self, *, held: bool = False) -> None:
        self.groups: list[list[int]] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.fails: Callable[[Sequence[int]], BaseException | None] = lambda _: None
        if not held:
            self.go_on.set()

    def __call__(self, items: Sequence[int]) -> None:
        self.begun.set()
        assert self.go_on.wait(60)
        self.groups.append(list(items))
        if (error := self.fails(items)) is not None:
            raise error


class Publishers:
    """Threads that submit, and how each ended."""

    def __init__(self, group: GroupCommit[int]) -> None:
        self._group = group
        self.ended: dict[int, BaseException | None] = {}
        self._threads: list[threading.Thread] = []

    def submit(self, item: int) -> None:
        """From a thread of its own; returns when it is queued."""

        def run() -> None:
            try:
                self._group.submit(item)
            except BaseException as error:
                self.ended[item] = error
            else:
                self.ended[item] = None

        waiting = len(self._group._queue)
        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()
        until(lambda: len(self._group._queue) > waiting or item in self.ended or self._is_first())

    def _is_first(self) -> bool:
        return len(self._threads) == 1

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a publisher waits for ever"


def until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.001)


def held(log: Log, *items: int, limit: int = 256, alone: Callable[[Exception], bool] = lambda _: False) -> Publishers:
    """The first of *items* is being committed, and the others are queued behind it in this order."""
    publishers = Publishers(GroupCommit(log, limit=limit, alone=alone))
    publishers.submit(items[0])
    assert log.begun.wait(60)
    for item in items[1:]:
        publishers.submit(item)
    return publishers


def test_one_alone_is_committed_at_once() -> None:
    log = Log()
    group = GroupCommit(log)
    group.submit(1)
    group.submit(2)
    assert log.groups == [[1], [2]]


def test_those_who_come_during_a_commit_share_the_next_in_the_order_of_their_arrival() -> None:
    log = Log(held=True)
    publishers = held(log, 1, 2, 3, 4)
    log.go_on.set()
    publishers.join()
    assert log.groups == [[1], [2, 3, 4]]
    assert publishers.ended == dict.fromkeys((1, 2, 3, 4))


def test_a_group_is_no_larger_than_the_limit_and_the_rest_is_led_by_one_of_its_own() -> None:
    log = Log(held=True)
    publishers = held(log, *range(8), limit=3)
    log.go_on.set()
    publishers.join()
    assert log.groups == [[0], [1, 2, 3], [4, 5, 6], [7]]


def test_nobody_returns_before_its_item_is_committed() -> None:
    log = Log(held=True)
    publishers = held(log, 1, 2, 3)
    assert publishers.ended == {}
    log.go_on.set()
    publishers.join()


def test_an_error_reaches_all_of_its_group_and_nobody_else() -> None:
    log = Log(held=True)
    error = OSError("disk")
    log.fails = lambda items: error if 2 in items else None
    publishers = held(log, 1, 2, 3)
    log.go_on.set()
    publishers.join()
    assert publishers.ended == {1: None, 2: error, 3: error}


def test_a_leader_that_fails_does_not_strand_those_behind_it() -> None:
    log = Log(held=True)
    log.fails = lambda items: OSError("disk") if 1 in items else None
    publishers = held(log, 1, 2, 3)
    log.go_on.set()
    publishers.join()
    assert isinstance(publishers.ended.pop(1), OSError)
    assert publishers.ended == {2: None, 3: None}


def test_after_a_failure_the_next_one_is_committed_as_if_nothing_had_happened() -> None:
    log = Log()
    log.fails = lambda items: OSError() if 1 in items else None
    group = GroupCommit(log)
    with pytest.raises(OSError):
        group.submit(1)
    group.submit(2)
    assert log.groups == [[1], [2]]


def test_an_item_that_cannot_be_committed_fails_alone_where_that_is_wanted() -> None:
    log = Log(held=True)
    log.fails = lambda items: ValueError() if 3 in items else None
    publishers = held(log, 1, 2, 3, 4, alone=lambda error: isinstance(error, ValueError))
    log.go_on.set()
    publishers.join()
    assert isinstance(publishers.ended.pop(3), ValueError)
    assert publishers.ended == {1: None, 2: None, 4: None}
    assert log.groups == [[1], [2, 3, 4], [2], [3], [4]]


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_leader_itself_does_not_end_the_others(signal: type[BaseException]) -> None:
    """Ctrl-C reaches the main thread alone; a web server's other threads go on publishing."""
    log = Log(held=True)
    log.fails = lambda items: signal() if items[0] == 2 else None
    publishers = held(log, 1, 2, 3, 4)
    log.go_on.set()
    publishers.join()
    assert isinstance(publishers.ended.pop(2), signal)
    assert publishers.ended == {1: None, 3: None, 4: None}
    assert log.groups == [[1], [2, 3, 4], [3, 4]]


class Interruptible(threading.Event):
    """Waits like an event, until a signal's exception comes."""

    def wait(self, timeout: float | None = None) -> bool:
        raise KeyboardInterrupt


@pytest.mark.parametrize("interrupted", [2, 3, 4])
def test_a_follower_that_a_signal_takes_away_strands_nobody(monkeypatch: pytest.MonkeyPatch, interrupted: int) -> None:
    log = Log(held=True)
    group = GroupCommit(log)
    publishers = Publishers(group)
    publishers.submit(1)
    assert log.begun.wait(60)
    for item in (2, 3, 4):
        if item == interrupted:
            with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
                patch.setattr(group_commit, "threading", SimpleNamespace(Event=Interruptible))
                group.submit(item)
        else:
            publishers.submit(item)
    log.go_on.set()
    publishers.join()
    others = [item for item in (2, 3, 4) if item != interrupted]
    assert log.groups == [[1], others]
    group.submit(5)
    assert log.groups[-1] == [5]


class WokenThenInterrupted(threading.Event):
    """A signal's exception that comes at the very moment at which the follower is to lead."""

    def wait(self, timeout: float | None = None) -> bool:
        super().wait(timeout)
        raise KeyboardInterrupt


def test_a_follower_that_is_taken_away_just_as_it_was_to_lead_hands_the_lead_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = Log(held=True)
    publishers = held(log, 1)
    with monkeypatch.context() as patch:
        patch.setattr(group_commit, "threading", SimpleNamespace(Event=WokenThenInterrupted))
        publishers.submit(2)
    publishers.submit(3)
    publishers.submit(4)
    log.go_on.set()
    publishers.join()
    assert isinstance(publishers.ended.pop(2), KeyboardInterrupt)
    assert publishers.ended == {1: None, 3: None, 4: None}
    assert log.groups == [[1], [3, 4]]


def test_fifty_threads_with_two_hundred_items_each_lose_none_and_keep_their_order() -> None:
    committed: list[int] = []
    inside = threading.Lock()

    def commit(items: Sequence[int]) -> None:
        assert inside.acquire(blocking=False), "two commits at once"
        committed.extend(items)
        inside.release()
        if len(committed) % 7 == 0:
            time.sleep(0)

    group = GroupCommit(commit, limit=16)
    errors: list[BaseException] = []

    def publish(thread: int) -> None:
        try:
            for number in range(200):
                group.submit(thread * 1000 + number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert errors == []
    assert len(committed) == 10_000
    for thread_number in range(50):
        own = [item for item in committed if item // 1000 == thread_number]
        assert own == [thread_number * 1000 + number for number in range(200)]


def test_failures_at_random_strand_nobody_and_each_hears_of_its_own() -> None:
    def commit(items: Sequence[int]) -> None:
        if any(item % 5 == 0 for item in items):
            raise ValueError

    group = GroupCommit(commit, alone=lambda _: True, limit=8)
    wrong: list[int] = []

    def publish(thread: int) -> None:
        for number in range(100):
            item = thread * 1000 + number
            try:
                group.submit(item)
                failed = False
            except ValueError:
                failed = True
            if failed != (item % 5 == 0):
                wrong.append(item)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert wrong == []
