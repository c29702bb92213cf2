"""One attempt: the channel's hook is called, held to its deadline, and whatever it does becomes an outcome."""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import TYPE_CHECKING, Any, Final, cast

from bellwire.hookspecs import Delivery, Event, Failed, Outcome, Sent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bellwire.core.deadlines import Deadlines
    from bellwire.core.plugins import BoundHook

    from .threads import DaemonThreads

GRACE: Final = 1.0
"""Seconds beyond ``timeout_seconds`` before the engine cuts a call off: the guarded client's own time-out comes first,
because it knows at which stage it happened."""


async def call_hook(
    hook: BoundHook,
    event: Event,
    delivery: Delivery,
    *,
    timeout: float,
    threads: DaemonThreads,
    deadlines: Deadlines[asyncio.Task[Any]],
    classify: Callable[[BaseException], Failed],
    on_overdue: Callable[[asyncio.Future[Any]], None],
) -> Outcome:
    """The outcome of ``hook(event, delivery)``; never raises, but for cancellation from outside.

    *on_overdue* gets the future of a thread's call that outlived its deadline: its slot is not free until that is done.
    """
    try:
        if hook.is_async:
            result = hook.call(event, delivery)
            if inspect.isawaitable(result):
                result = await _until(deadlines, timeout, result)
        else:
            future = threads.submit(lambda: hook.call(event, delivery))
            result = await _returned(future, deadlines, timeout, on_overdue)
    except TimeoutError as error:
        if isinstance(error, _Overdue):
            return Failed(stage="timeout", detail=f"{hook.name} was still running after {timeout:g} s")
        return _classified(error, classify)
    except BaseException as error:
        if is_from_outside(error):
            raise
        return _classified(error, classify)
    if isinstance(result, Sent | Failed):
        return result
    return Failed(
        stage="channel",
        detail=f"{hook.name} returned {type(result).__name__}, not an outcome; end it with `return Sent()`",
        retryable=False,  # the message may well have gone out; sending it again would repeat it
    )


def _classified(error: BaseException, classify: Callable[[BaseException], Failed]) -> Failed:
    try:
        return classify(error)
    except Exception as further:  # noqa: BLE001 - an error may not even be able to say what it is
        detail = f"{type(error).__name__}, which cannot be read ({type(further).__name__})"
        return Failed(stage="channel", detail=detail)


def is_from_outside(error: BaseException) -> bool:
    """Whether *error* is somebody's wish that this task ends, and nothing that a channel's code did by itself."""
    if isinstance(error, asyncio.CancelledError):
        return cast("asyncio.Task[object]", asyncio.current_task()).cancelling() > 0
    if isinstance(error, KeyboardInterrupt):  # Python raises it in the main thread alone
        return threading.current_thread() is threading.main_thread()
    return isinstance(error, GeneratorExit)


class _Overdue(TimeoutError):
    """Raised by the engine's own deadline, and by nothing else."""


async def _returned(
    future: asyncio.Future[object],
    deadlines: Deadlines[asyncio.Task[Any]],
    timeout: float,
    on_overdue: Callable[[asyncio.Future[Any]], None],
) -> object:
    done, _ = await asyncio.wait({future}, timeout=timeout + GRACE)
    if not done:
        on_overdue(future)
        raise _Overdue
    result = future.result()
    # a plain function that returns a coroutine: the coroutine belongs to the loop
    return await _until(deadlines, timeout, result) if inspect.isawaitable(result) else result


async def _until(deadlines: Deadlines[asyncio.Task[Any]], timeout: float, awaitable: Awaitable[object]) -> object:
    """``await awaitable``, cancelled after *timeout* and the grace."""
    task = cast("asyncio.Task[Any]", asyncio.current_task())  # a coroutine runs in a task
    deadlines.set(task, asyncio.get_running_loop().time() + timeout + GRACE, _cancel)
    try:
        return await awaitable
    except asyncio.CancelledError:
        expired = not deadlines.discard(task)
        if expired and task.uncancel() <= 0:
            raise _Overdue from None
        raise
    finally:
        deadlines.discard(task)


def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
