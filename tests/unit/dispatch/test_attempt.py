"""One attempt: whatever a channel's hook does becomes an outcome."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bellwire.core.deadlines import Deadlines
from bellwire.core.dispatch import attempt
from bellwire.core.dispatch.attempt import call_hook
from bellwire.core.dispatch.threads import DaemonThreads
from bellwire.core.http import failure_of
from bellwire.core.plugins import BoundHook
from bellwire.hookspecs import Delivery, DeliveryError, Failed, Outcome, Sent, sample_workflow_event

DELIVERY = Delivery(id="d", channel="ops", deadline=datetime.now(UTC))


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "GRACE", 0.0)


def bound(function: Callable[[object, object], object]) -> BoundHook:
    return BoundHook("notify_workflow", asyncio.iscoroutinefunction(function), function)


def outcome_of(
    function: Callable[[object, object], object],
    *,
    timeout: float = 60.0,
    meanwhile: Callable[[asyncio.Task[Outcome], list[asyncio.Future[Any]]], Awaitable[object]] | None = None,
) -> Outcome:
    async def main() -> Outcome:
        threads = DaemonThreads(1, "bellwire-test")
        deadlines = Deadlines[asyncio.Task[Any]]()
        overdue: list[asyncio.Future[Any]] = []
        call = call_hook(
            bound(function),
            sample_workflow_event(),
            DELIVERY,
            timeout=timeout,
            threads=threads,
            deadlines=deadlines,
            classify=failure_of,
            on_overdue=overdue.append,
        )
        task = asyncio.ensure_future(call)
        try:
            if meanwhile is not None:
                await meanwhile(task, overdue)
            return await asyncio.wait_for(task, 60)
        finally:
            threads.close()

    return asyncio.run(main())


def both(function: Callable[[], object]) -> list[Outcome]:
    """What comes of *function* as an ``async def`` and as a ``def``."""

    async def coroutine(event: object, delivery: object) -> object:
        return function()

    return [outcome_of(coroutine), outcome_of(lambda event, delivery: function())]


def raising(error: BaseException) -> Callable[[], object]:
    def function() -> object:
        raise error

    return function


def test_the_outcome_that_a_hook_returns_is_the_outcome() -> None:
    sent, failed = Sent(status_code=200), Failed(stage="status", detail="no")
    assert both(lambda: sent) == [sent, sent]
    assert both(lambda: failed) == [failed, failed]


def test_a_hook_is_given_the_event_and_the_delivery() -> None:
    given: list[object] = []

    async def hook(event: object, delivery: object) -> Outcome:
        given.extend((event, delivery))
        return Sent()

    outcome_of(hook)
    assert (type(given[0]).__name__, given[1]) == ("WorkflowEvent", DELIVERY)


@pytest.mark.parametrize("value", [None, True, "ok", 200, {"ok": True}])
def test_anything_else_that_is_returned_is_a_failure_that_is_not_repeated(value: object) -> None:
    for outcome in both(lambda: value):
        assert isinstance(outcome, Failed)
        assert (outcome.stage, outcome.retryable) == ("channel", False)
        assert type(value).__name__ in outcome.detail
        assert "return Sent()" in outcome.detail


def test_an_exception_is_a_failure_with_its_type_and_message() -> None:
    for outcome in both(raising(LookupError("no such room"))):
        assert outcome == Failed(stage="channel", detail="LookupError: no such room")


def test_a_delivery_error_carries_its_failure() -> None:
    failed = Failed(stage="policy", detail="refused", retryable=False)
    assert both(raising(DeliveryError(failed))) == [failed, failed]


def test_the_channels_own_time_out_is_told_as_its_own() -> None:
    for outcome in both(raising(TimeoutError("the pager is slow"))):
        assert isinstance(outcome, Failed)
        assert outcome.stage == "timeout"
        assert "the pager is slow" in outcome.detail


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError("inner"), BaseException("x")])
def test_not_even_what_is_no_exception_gets_past(error: BaseException) -> None:
    for outcome in both(raising(error)):
        assert isinstance(outcome, Failed)
        assert outcome.stage == "channel"
        assert type(error).__name__ in outcome.detail


@pytest.mark.parametrize("error", [KeyboardInterrupt(), StopIteration(5), GeneratorExit()])
def test_in_a_thread_nothing_at_all_gets_past(error: BaseException) -> None:
    outcome = outcome_of(lambda event, delivery: raising(error)())
    assert isinstance(outcome, Failed)
    assert type(error).__name__ in outcome.detail


def test_a_coroutine_that_is_still_running_at_its_deadline_is_cancelled() -> None:
    cancelled = []

    async def hook(event: object, delivery: object) -> Outcome:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return Sent()

    outcome = outcome_of(hook, timeout=0.01)
    assert outcome == Failed(stage="timeout", detail="notify_workflow was still running after 0.01 s")
    assert cancelled == [True]


def test_a_hook_that_swallows_its_cancellation_and_returns_is_taken_at_its_word() -> None:
    async def hook(event: object, delivery: object) -> Outcome:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            return Sent(response="just in time")
        return Sent()

    assert outcome_of(hook, timeout=0.01) == Sent(response="just in time")


def test_a_hook_that_turns_its_cancellation_into_an_error_has_that_error() -> None:
    async def hook(event: object, delivery: object) -> Outcome:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            raise LookupError("closed") from None
        return Sent()

    outcome = outcome_of(hook, timeout=0.01)
    assert isinstance(outcome, Failed)
    assert outcome.detail == "LookupError: closed"


def test_a_cancellation_from_outside_passes_through_even_at_the_deadline() -> None:
    async def hook(event: object, delivery: object) -> Outcome:
        await asyncio.sleep(600)
        return Sent()

    async def cancel(task: asyncio.Task[Outcome], _: object) -> None:
        await asyncio.sleep(0.01)
        task.cancel()

    for timeout in (60.0, 0.01):
        with pytest.raises(asyncio.CancelledError):
            outcome_of(hook, timeout=timeout, meanwhile=cancel)
        with pytest.raises(asyncio.CancelledError):
            outcome_of(lambda event, delivery: threading.Event().wait(0.2), meanwhile=cancel)


def test_an_overdue_call_in_a_thread_is_a_time_out_and_its_future_ends_when_it_returns() -> None:
    release = threading.Event()
    seen: list[bool] = []

    async def watch(task: asyncio.Task[Outcome], overdue: list[asyncio.Future[Any]]) -> None:
        outcome = await task
        assert isinstance(outcome, Failed)
        seen.append(overdue[0].done())
        release.set()
        await asyncio.wait_for(overdue[0], 60)
        seen.append(overdue[0].done())

    def hook(event: object, delivery: object) -> object:
        release.wait(60)
        return Sent()

    outcome = outcome_of(hook, timeout=0.01, meanwhile=watch)
    assert outcome == Failed(stage="timeout", detail="notify_workflow was still running after 0.01 s")
    assert seen == [False, True]


def test_a_coroutine_that_a_plain_function_returns_runs_on_the_loop_under_the_same_deadline() -> None:
    async def inner() -> Outcome:
        assert threading.current_thread() is threading.main_thread()
        return Sent(response="async after all")

    async def slow() -> Outcome:
        await asyncio.sleep(600)
        return Sent()

    assert outcome_of(lambda event, delivery: inner()) == Sent(response="async after all")
    assert isinstance(outcome_of(lambda event, delivery: slow(), timeout=0.01), Failed)


def test_a_deadline_leaves_nothing_behind_for_the_next_call_in_the_same_task() -> None:
    async def main() -> int:
        threads = DaemonThreads(1, "bellwire-test")

        async def slow(event: object, delivery: object) -> Outcome:
            await asyncio.sleep(600)
            return Sent()

        await call_hook(
            bound(slow),
            sample_workflow_event(),
            DELIVERY,
            timeout=0.01,
            threads=threads,
            deadlines=Deadlines(),
            classify=failure_of,
            on_overdue=lambda _: None,
        )
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(main()) == 0


def test_without_its_grace_the_engine_would_cut_in_before_the_channels_own_time_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()

    async def hook(event: object, delivery: object) -> Outcome:
        await asyncio.sleep(0.05)  # the guarded client's own time-out takes as long, and knows the stage
        return Failed(stage="timeout", detail="no answer to the request")

    outcome = outcome_of(hook, timeout=0.01)
    assert isinstance(outcome, Failed)
    assert outcome.detail == "no answer to the request"


class Unreadable(Exception):
    """What a library raises that builds its text late, and fails at it."""

    def __str__(self) -> str:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


def test_an_error_that_cannot_say_what_it_is_ends_its_attempt_and_nothing_else() -> None:
    outcome = Failed(stage="channel", detail="Unreadable, which cannot be read (UnicodeDecodeError)")
    assert both(raising(Unreadable())) == [outcome, outcome]


def test_a_keyboard_interrupt_away_from_the_main_thread_is_the_channels_own_doing() -> None:
    """No key was pressed: it would end the loop in which all channels are served."""
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.extend(both(raising(KeyboardInterrupt()))))
    thread.start()
    thread.join()
    assert [outcome.detail for outcome in outcomes if isinstance(outcome, Failed)] == [
        "KeyboardInterrupt",
        "RuntimeError: KeyboardInterrupt: ",
    ]
