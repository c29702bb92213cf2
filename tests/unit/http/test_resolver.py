from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from bellwire.core.http import ThreadResolver
from bellwire.core.http.resolver import look_up


def dns_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "bellwire-dns"]


def wait_until_no_thread_is_left() -> None:
    deadline = time.monotonic() + 5
    while dns_threads() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert not dns_threads()


def test_the_system_knows_this_machine() -> None:
    assert "127.0.0.1" in look_up("localhost", 80)


def test_look_ups_of_one_name_at_one_time_are_one() -> None:
    asked: Counter[str] = Counter()
    go = threading.Event()

    def lookup(host: str, port: int) -> list[str]:
        asked[host] += 1
        go.wait(5)
        return [f"10.0.0.{len(host)}"]

    resolver = ThreadResolver(lookup=lookup)

    async def main() -> None:
        calls = [asyncio.ensure_future(resolver(host, 80)) for host in ("a", "a", "bb", "a")]
        await asyncio.sleep(0.01)
        go.set()
        assert await asyncio.gather(*calls) == [["10.0.0.1"], ["10.0.0.1"], ["10.0.0.2"], ["10.0.0.1"]]
        assert asked == {"a": 1, "bb": 1}
        assert await resolver("a", 80) == ["10.0.0.1"]  # nothing is kept: a name may move
        assert asked["a"] == 2

    asyncio.run(main())
    wait_until_no_thread_is_left()


def test_there_are_never_more_threads_than_allowed_and_none_is_kept() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def lookup(host: str, port: int) -> list[str]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002)
        with lock:
            running -= 1
        return [host]

    resolver = ThreadResolver(threads=3, lookup=lookup)

    async def main() -> None:
        names = [f"name-{number}" for number in range(40)]
        assert await asyncio.gather(*(resolver(name, 80) for name in names)) == [[name] for name in names]

    asyncio.run(main())
    assert most == 3
    wait_until_no_thread_is_left()


def test_each_who_waits_gets_an_error_of_its_own() -> None:
    def lookup(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    resolver = ThreadResolver(lookup=lookup)

    async def main() -> None:
        errors = await asyncio.gather(*(resolver("a", 80) for _ in range(3)), return_exceptions=True)
        assert [type(error) for error in errors] == [socket.gaierror] * 3
        assert len({id(error) for error in errors}) == 3
        assert errors[0].errno == socket.EAI_NONAME  # type: ignore[union-attr]  # the line above says so

    asyncio.run(main())


def test_a_look_up_that_breaks_is_an_error_and_no_hang() -> None:
    def lookup(host: str, port: int) -> list[str]:
        msg = "a plugin of the system's resolver"
        raise RuntimeError(msg)

    async def main() -> None:
        with pytest.raises(OSError, match=r"RuntimeError: a plugin"):
            await ThreadResolver(lookup=lookup)("a", 80)

    asyncio.run(main())


def test_a_cancelled_call_and_a_closed_loop_hurt_nobody() -> None:
    go = threading.Event()

    def lookup(host: str, port: int) -> list[str]:
        go.wait(5)
        return ["10.0.0.1"]

    resolver = ThreadResolver(lookup=lookup)

    async def leave() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await resolver("a", 80)

    async def stay() -> None:
        told: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        cancelled, call = asyncio.ensure_future(resolver("a", 80)), asyncio.ensure_future(resolver("a", 80))
        await asyncio.sleep(0)
        cancelled.cancel()
        go.set()
        assert await call == ["10.0.0.1"]
        assert told == []

    asyncio.run(leave())  # its loop is closed when the answer comes
    asyncio.run(stay())
    wait_until_no_thread_is_left()


def test_exit_does_not_wait_for_a_hanging_look_up() -> None:
    script = (
        "import asyncio, time\n"
        "from bellwire.core.http import ThreadResolver\n"
        "async def main():\n"
        "    try:\n"
        "        async with asyncio.timeout(0.05):\n"
        "            await ThreadResolver(lookup=lambda host, port: time.sleep(600))('a', 80)\n"
        "    except TimeoutError:\n"
        "        print('left')\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "left\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_resolves_although_its_parents_threads_are_gone() -> None:
    script = (
        "import asyncio, os, threading\n"
        "from bellwire.core.http import resolver\n"
        "shared = resolver.system_resolver\n"
        "shared._threads = shared._limit\n"  # all threads busy, which no child will ever hear of
        "shared._lock.acquire()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    print(asyncio.run(asyncio.wait_for(shared('localhost', 80), 10)), flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert "127.0.0.1" in done.stdout
