"""Slots under any sequence of events: none is lost, none is counted twice, and nobody jumps the queue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellwire.core.http import Limits
from bellwire.core.http.connection import Connection
from bellwire.core.http.head import Origin
from bellwire.core.http.pool import Pool, Slots, WaitedTooLong

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN = Origin("http", "h", 80)
LIMIT = 3


class FakeConnection:
    """What the pool sees of a connection."""

    def __init__(self) -> None:
        self.alive = True
        self.lost = False
        self.idle_since = 0.0
        self.on_lost: Callable[[FakeConnection], None] = lambda _: None

    @property
    def reusable(self) -> bool:
        return self.alive

    def is_quiet(self) -> bool:
        return self.alive

    def close(self) -> None:
        if not self.lost:
            self.alive, self.lost = False, True
            self.on_lost(self)

    def shut(self) -> None:
        self.close()


Step: TypeAlias = "tuple[str, int]"
STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "give back", "give back broken", "cancel", "expire", "die idle", "turn"]),
              st.integers(0, 5)),
    max_size=60,
)  # fmt: skip


class Machine:
    """Borrowers, each a task that holds a slot until it is told to give it back."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.pool = Pool(loop, Limits(connections_per_origin=LIMIT))
        self.asked = 0
        self.served: list[int] = []  # those who had to wait
        self.holders: dict[int, asyncio.Future[bool]] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.open: set[FakeConnection] = set()

    def slots(self) -> Slots:
        return self.pool._slots.get(ORIGIN) or Slots(self.pool, ORIGIN, Limits())

    async def borrow(self, number: int) -> None:
        slots = self.pool.slots(ORIGIN)
        in_line = slots._used == LIMIT and not slots._idle
        try:
            connection = await slots.acquire(self.loop, self.loop.time(), self.loop.time() + 60)
        except WaitedTooLong:
            return
        if in_line:
            self.served.append(number)
        fake = cast("FakeConnection | None", connection)
        try:
            assert fake is None or fake.alive
            if fake is None:
                fake = FakeConnection()
                self.pool.adopt(slots, cast("Connection", fake))
                self.open.add(fake)
            held = self.holders[number] = self.loop.create_future()
            if not await held:
                fake.close()
        except asyncio.CancelledError:
            if fake is not None:
                fake.close()
            raise
        finally:
            self.holders.pop(number, None)
            slots.release(cast("Connection", fake), self.loop.time())

    def pick(self, choice: int) -> int | None:
        alive = [number for number, task in self.tasks.items() if not task.done()]
        return alive[choice % len(alive)] if alive else None

    async def step(self, what: str, choice: int) -> None:
        slots = self.slots()
        match what:
            case "ask":
                self.tasks[self.asked] = self.loop.create_task(self.borrow(self.asked))
                self.asked += 1
            case "give back" | "give back broken":
                if self.holders:
                    held = self.holders[sorted(self.holders)[choice % len(self.holders)]]
                    if not held.done():
                        held.set_result(what == "give back")
            case "cancel":
                if (number := self.pick(choice)) is not None:
                    self.tasks[number].cancel()
            case "expire":
                if slots._waiting:
                    waiter = slots._waiting[choice % len(slots._waiting)]
                    if not waiter.done():
                        waiter.set_exception(WaitedTooLong())
            case "die idle":
                if slots._idle:
                    slots._idle[choice % len(slots._idle)].close()
            case _:
                await asyncio.sleep(0)
        assert 0 <= slots._used <= LIMIT
        assert len(slots._idle) <= slots._used
        assert not (slots._idle and any(not waiter.done() for waiter in slots._waiting))
        assert len(self.holders) + len(slots._idle) <= LIMIT

    async def settle(self) -> None:
        """All give back; whoever waits is served."""
        for _ in range(1000):
            for held in list(self.holders.values()):
                if not held.done():
                    held.set_result(True)
            await asyncio.sleep(0)
            if all(task.done() for task in self.tasks.values()):
                break
        else:
            pytest.fail("somebody waits for ever")
        for task in self.tasks.values():
            if not task.cancelled():
                task.result()
        slots = self.slots()
        assert not slots._waiting
        assert slots._used == len(slots._idle)
        assert self.served == sorted(self.served)
        await self.pool.aclose()
        assert not self.pool._slots
        assert all(fake.lost for fake in self.open)


@given(STEPS)
@settings(max_examples=400, deadline=None)
def test_slots_survive_any_sequence_of_events(steps: list[Step]) -> None:
    async def main() -> None:
        machine = Machine(asyncio.get_running_loop())
        for what, choice in steps:
            await machine.step(what, choice)
        await machine.settle()

    asyncio.run(main())


Ask: TypeAlias = "Callable[[], asyncio.Task[Connection | None]]"


def one_slot(loop: asyncio.AbstractEventLoop) -> tuple[Pool, Slots, Ask]:
    """One slot, and a way to ask for it."""
    pool = Pool(loop, Limits(connections_per_origin=1))
    slots = pool.slots(ORIGIN)

    def ask() -> asyncio.Task[Connection | None]:
        return loop.create_task(slots.acquire(loop, loop.time(), loop.time() + 60))

    return pool, slots, ask


def test_who_gives_up_waiting_leaves_nothing_behind() -> None:
    async def main() -> None:
        _, slots, ask = one_slot(asyncio.get_running_loop())
        assert await ask() is None
        waiting = [ask() for _ in range(5)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert not slots._waiting

    asyncio.run(main())


def test_a_connection_that_dies_while_it_is_handed_on_leaves_the_slot() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        pool, slots, ask = one_slot(loop)
        assert await ask() is None
        fake = FakeConnection()
        pool.adopt(slots, cast("Connection", fake))
        waiting = ask()
        await asyncio.sleep(0)
        slots.release(cast("Connection", fake), loop.time())
        fake.close()
        assert await waiting is None
        slots.release(None, loop.time())
        assert slots.unused

    asyncio.run(main())


def test_a_connection_that_is_lost_before_it_is_adopted_is_not_waited_for() -> None:
    async def main() -> None:
        pool, slots, _ = one_slot(asyncio.get_running_loop())
        fake = FakeConnection()
        fake.close()
        pool.adopt(slots, cast("Connection", fake))
        async with asyncio.timeout(5):
            await pool.aclose()

    asyncio.run(main())
