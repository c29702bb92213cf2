"""Daemon threads that a loop hands blocking calls to."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bellwire.core.dispatch.threads import DaemonThreads


def run(test: Callable[[DaemonThreads], Awaitable[Any]], size: int = 2, name: str = "bellwire-test") -> Any:
    async def main() -> Any:
        threads = DaemonThreads(size, name)
        try:
            return await asyncio.wait_for(test(threads), 60)
        finally:
            threads.close()

    return asyncio.run(main())


def test_a_calls_result_comes_back_from_a_thread_of_its_own() -> None:
    async def test(threads: DaemonThreads) -> tuple[str, bool]:
        return await threads.run(lambda: (threading.current_thread().name, threading.current_thread().daemon))

    assert run(test) == ("bellwire-test-1", True)


def test_a_calls_error_comes_back_too_and_the_thread_goes_on() -> None:
    async def test(threads: DaemonThreads) -> int:
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)
        return await threads.run(int, "7")

    assert run(test, size=1) == 7


@pytest.mark.parametrize("kind", [StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit, BaseException])
def test_what_would_end_the_loop_is_just_this_calls_error(kind: type[BaseException]) -> None:
    def leave() -> None:
        raise kind("3")

    async def test(threads: DaemonThreads) -> str:
        with pytest.raises(RuntimeError, match=f"{kind.__name__}: 3"):
            await threads.run(leave)
        return await threads.run(str, "still there")

    assert run(test, size=1) == "still there"


def test_no_more_threads_than_its_size_and_none_before_they_are_needed() -> None:
    async def test(threads: DaemonThreads) -> int:
        release = threading.Event()
        seen: set[int] = set()

        def work() -> None:
            seen.add(threading.get_ident())
            release.wait(60)

        assert named("bellwire-counted") == 0
        calls = [asyncio.ensure_future(threads.submit(work)) for _ in range(10)]
        while len(seen) < 3:
            await asyncio.sleep(0.005)
        started = named("bellwire-counted")
        release.set()
        await asyncio.gather(*calls)
        assert len(seen) == 3
        return started

    assert run(test, size=3, name="bellwire-counted") == 3


def named(prefix: str) -> int:
    return sum(thread.name.startswith(prefix) for thread in threading.enumerate())


def test_an_idle_thread_is_used_again() -> None:
    async def test(threads: DaemonThreads) -> set[str]:
        return {await threads.run(lambda: threading.current_thread().name) for _ in range(20)}

    assert run(test, size=5) == {"bellwire-test-1"}


def test_cancelling_a_call_does_not_stop_it_and_its_thread_stays_busy_until_it_returns() -> None:
    async def test(threads: DaemonThreads) -> bool:
        release, done = threading.Event(), threading.Event()

        def work() -> None:
            release.wait(60)
            done.set()

        task = asyncio.ensure_future(threads.run(work))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        follower = asyncio.ensure_future(threads.run(done.is_set))
        await asyncio.sleep(0.02)
        assert not follower.done()
        release.set()
        return await follower

    assert run(test, size=1)


def test_closing_lets_the_threads_end_and_does_not_wait_for_a_call_that_hangs() -> None:
    release = threading.Event()
    names = {thread.name for thread in threading.enumerate()}

    async def main() -> None:
        threads = DaemonThreads(2, "bellwire-closing")
        await threads.run(int)
        hanging = threads.submit(lambda: release.wait(60))
        threads.close()
        threads.close()
        hanging.cancel()

    asyncio.run(main())
    release.set()
    give_up = time.monotonic() + 60
    while {thread.name for thread in threading.enumerate()} - names:
        assert time.monotonic() < give_up
        time.sleep(0.005)


def test_a_call_that_outlives_its_loop_ends_in_silence() -> None:
    release, ended = threading.Event(), threading.Event()

    def work() -> None:
        release.wait(60)
        ended.set()

    async def main() -> None:
        threads = DaemonThreads(1, "bellwire-orphan")
        _ = threads.submit(work)
        threads.close()

    asyncio.run(main())
    release.set()
    assert ended.wait(60)


def test_a_process_ends_although_a_call_hangs() -> None:
    script = """
import asyncio, time
from bellwire.core.dispatch.threads import DaemonThreads
async def main():
    DaemonThreads(1, "x").submit(lambda: time.sleep(600))
asyncio.run(main())
"""
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
