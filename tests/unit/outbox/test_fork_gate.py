"""The gate that keeps forks and transactions apart."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from bellwire.core.outbox import fork_gate
from bellwire.core.outbox.fork_gate import ForkGate


def in_a_thread(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    return thread


def use(gate: ForkGate) -> None:
    with gate.use():
        pass


def test_users_pass_while_it_is_open_and_may_be_nested() -> None:
    gate = ForkGate()
    with gate.use(), gate.use():
        use(gate)
    assert gate.close()
    gate.open()


def test_closing_waits_for_those_inside() -> None:
    gate = ForkGate()
    inside, may_leave, closed = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        with gate.use():
            inside.set()
            may_leave.wait()

    def close() -> None:
        if gate.close():
            closed.set()

    worker = in_a_thread(work)
    inside.wait()
    closer = in_a_thread(close)
    assert not closed.wait(0.05)
    may_leave.set()
    assert closed.wait(10)
    worker.join()
    closer.join()


def test_newcomers_wait_until_it_opens_again() -> None:
    gate = ForkGate()
    assert gate.close()
    newcomer = in_a_thread(lambda: use(gate))
    newcomer.join(0.05)
    assert newcomer.is_alive()
    gate.open()
    newcomer.join(10)
    assert not newcomer.is_alive()


def test_whoever_is_inside_may_go_deeper_while_it_closes() -> None:
    gate = ForkGate()
    inside, closing = threading.Event(), threading.Event()

    def work() -> None:
        with gate.use():
            inside.set()
            closing.wait()
            use(gate)

    worker = in_a_thread(work)
    inside.wait()
    threading.Timer(0.05, closing.set).start()
    assert gate.close()
    worker.join(10)
    assert not worker.is_alive()
    gate.open()


def test_closing_gives_up_on_those_who_stay_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_gate, "PATIENCE", 0.05)
    gate = ForkGate()
    inside, may_leave = threading.Event(), threading.Event()

    def work() -> None:
        with gate.use():
            inside.set()
            may_leave.wait()

    worker = in_a_thread(work)
    inside.wait()
    assert not gate.close()
    gate.open()
    may_leave.set()
    worker.join()
    assert gate.close()
    gate.open()


def test_whoever_forks_inside_does_not_wait_for_itself() -> None:
    gate = ForkGate()
    with gate.use():
        assert not gate.close()  # and no connection may be closed, for one is in use
        gate.open()
    assert gate.close()
    gate.open()


def test_two_who_fork_at_once_both_hold_it_shut() -> None:
    gate = ForkGate()
    assert gate.close()
    assert gate.close()
    gate.open()
    newcomer = in_a_thread(lambda: use(gate))
    newcomer.join(0.05)
    assert newcomer.is_alive()
    gate.open()
    newcomer.join(10)
    assert not newcomer.is_alive()
