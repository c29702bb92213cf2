"""Many requests, many of them cancelled or timed out: ``python -m tests.fuzz.soak --requests 1000000``.

Each answer must hold what its own request sent, and at the end nothing may be left: no socket, task, timer or object.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import attrs
import httpx

from bellwire.core.http import EgressPolicy, GuardedTransport, Limits, TransportFailure
from bellwire.core.http.connection import Connection

SEED = 20231118
WORKERS: Final = 64
CONNECTIONS: Final = 24  # fewer than workers, so that there is always a queue


@attrs.define
class Soak:
    """What became of the requests."""

    ends: Counter[str] = attrs.field(factory=Counter)
    mixed_up: list[str] = attrs.field(factory=list)
    """Answers that belong to another request."""
    left: dict[str, int] = attrs.field(factory=dict)
    """What was left when all was over, by kind."""


@contextmanager
def a_moody_receiver(seed: int) -> Iterator[str]:
    """Its URL, for as long as the block lasts."""
    command = (sys.executable, "-m", "tests.fuzz.echo", str(seed))
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/hook"
        finally:
            process.stdin.close()
            process.stdout.read()


def soak(
    requests: int,
    *,
    seed: int = SEED,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    tell: Callable[[int, Soak], None] = lambda *_: None,
) -> Soak:
    """Sends *requests*; *tell* is told of each thousandth."""
    found = Soak()
    with a_moody_receiver(seed) as url, asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(_warm_up())  # what the loop opens for itself is not ours
        sockets = _open_sockets()
        runner.run(_work(url, requests, random.Random(seed), found, tell))
        gc.collect()
        found.left["sockets"] = _open_sockets() - sockets
    found.left["connections"] = sum(isinstance(each, Connection) for each in gc.get_objects())
    return found


async def _warm_up() -> None:
    await asyncio.sleep(0)


async def _work(url: str, requests: int, chance: random.Random, found: Soak, tell: Callable[[int, Soak], None]) -> None:
    transport = GuardedTransport(
        policy=EgressPolicy("internal"), limits=Limits(connections_per_origin=CONNECTIONS, idle_seconds=0.5)
    )
    numbers = iter(range(requests))

    async def worker() -> None:
        for number in numbers:
            await _one(transport, url, b"request %d %b" % (number, b"." * (number % 97)), chance, found)
            if number % 1000 == 0:
                tell(number, found)

    await asyncio.gather(*(worker() for _ in range(WORKERS)))
    pool = transport._pool
    await transport.aclose()
    assert pool is not None
    found.left["pool"] = len(pool._open) + sum(slots._used for slots in pool._slots.values())
    found.left["tasks"] = len(asyncio.all_tasks()) - 1
    timers = getattr(asyncio.get_running_loop(), "_scheduled", ())  # uvloop shows none
    found.left["timers"] = sum(not timer.cancelled() for timer in timers)


async def _one(transport: GuardedTransport, url: str, body: bytes, chance: random.Random, found: Soak) -> None:
    # A time-out of a few milliseconds is another way to give up; most are long enough for any mood.
    seconds = chance.random() * 0.01 if chance.random() < 0.02 else 30.0
    request = httpx.Request("POST", url, content=body, extensions={"timeout": {"read": seconds}})
    sending = transport.handle_async_request(request)
    try:
        if chance.random() < 0.15:
            response = await _cancelled(sending, chance)
        else:
            response = await sending
        answered = await response.aread()
    except asyncio.CancelledError:
        found.ends["cancelled"] += 1
    except TransportFailure as failure:
        found.ends[f"failed: {failure.failed.stage}"] += 1
    else:
        found.ends["answered"] += 1
        if answered != body:
            found.mixed_up.append(f"{body!r} got {answered!r}")


async def _cancelled(sending: Coroutine[Any, Any, httpx.Response], chance: random.Random) -> httpx.Response:
    task = asyncio.create_task(sending)
    for _ in range(chance.randrange(10)):  # turns of the loop: at any step of the exchange
        await asyncio.sleep(0)
    if chance.random() < 0.3:
        await asyncio.sleep(chance.random() * 0.004)
    task.cancel()
    return await task


def _open_sockets() -> int:
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the folder's own is closed by now
            found += str(link.readlink()).startswith("socket:")
    return found


def main() -> int:
    """The program."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--uvloop", action="store_true")
    given = options.parse_args()
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if given.uvloop:
        import uvloop

        factory = uvloop.new_event_loop
    began, sizes = time.monotonic(), []

    def tell(number: int, found: Soak) -> None:
        sizes.append(_resident())
        if number % 50_000 == 0:
            reached = f"{number:,} requests, {len(found.mixed_up)} mixed up, {time.monotonic() - began:.0f} s"
            print(reached, file=sys.stderr, flush=True)

    found = soak(given.requests, seed=given.seed, loop_factory=factory, tell=tell)
    print("| end | requests |\n|---|---:|")
    for end, count in sorted(found.ends.items()):
        print(f"| {end} | {count:,} |")
    print(f"| got another request's answer | {len(found.mixed_up):,} |\n")
    print("left over:", ", ".join(f"{count} {kind}" for kind, count in found.left.items()))
    print(
        f"memory: {sizes[len(sizes) // 10]:,} KiB after a tenth of them, {sizes[-1]:,} KiB at the end; "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:,} KiB at most"
    )
    print(f"{found.ends.total():,} requests, seed {given.seed}, {time.monotonic() - began:.0f} s")
    for line in found.mixed_up[:20]:
        print(line, file=sys.stderr)
    return 1 if found.mixed_up or any(found.left.values()) else 0


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


if __name__ == "__main__":
    sys.exit(main())
