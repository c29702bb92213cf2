"""Daemon threads that an event loop hands blocking calls to.

Not ``asyncio.to_thread``: its pool is shared, so overdue calls would starve the neighbours, and the interpreter waits
for its threads when it exits.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


class DaemonThreads:
    """At most *size* threads, started when they are needed. :meth:`close` lets idle ones end and waits for none."""

    def __init__(self, size: int, name: str) -> None:
        self._size: Final = size
        self._name: Final = name
        self._jobs: Final[queue.SimpleQueue[Callable[[], None] | None]] = queue.SimpleQueue()
        self._started = 0
        self._busy = 0
        self._closed = False

    async def run(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of ``function(*args, **kwargs)``, called in one of the threads.

        Cancelling it does not stop the call: threads cannot be stopped. The thread is busy until the call returns.
        """
        return await self.submit(lambda: function(*args, **kwargs))

    def submit(self, function: Callable[[], R]) -> asyncio.Future[R]:
        """A future of the running loop for ``function()``; it is done when the call has returned."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._busy += 1
        if self._busy > self._started and self._started < self._size:
            self._started += 1
            threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()

        def job() -> None:
            result: Any = None
            error: BaseException | None = None
            try:
                result = function()
            except BaseException as caught:  # noqa: BLE001 - handed to the awaiting coroutine, whatever it is
                error = caught
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits for this call any more
                loop.call_soon_threadsafe(self._finish, future, result, error)

        self._jobs.put(job)
        return future

    def _finish(self, future: asyncio.Future[R], result: R, error: BaseException | None) -> None:
        self._busy -= 1
        if future.done():
            return
        if isinstance(error, StopIteration) or (error is not None and not isinstance(error, Exception)):
            # a future cannot raise what ends a generator, and SystemExit would end the loop instead of this one call
            error = RuntimeError(f"{type(error).__name__}: {error}")
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # a job keeps its arguments alive until the next one comes

    def close(self) -> None:
        """Lets the threads end as soon as they are idle."""
        if not self._closed:
            self._closed = True
            for _ in range(self._started):
                self._jobs.put(None)
