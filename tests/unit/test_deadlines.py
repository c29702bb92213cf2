from __future__ import annotations

import asyncio

from bellwire.core.deadlines import Deadlines


def test_what_is_overdue_is_called_in_its_time_and_once() -> None:
    async def main() -> list[str]:
        called: list[str] = []
        deadlines = Deadlines[str]()
        now = asyncio.get_running_loop().time()
        deadlines.set("last", now + 0.03, called.append)
        deadlines.set("first", now + 0.01, called.append)
        deadlines.set("past", now - 1, called.append)
        await asyncio.sleep(0.06)
        assert not any(deadlines.discard(key) for key in ("first", "last", "past"))
        return called

    assert asyncio.run(main()) == ["past", "first", "last"]


def test_what_was_taken_back_is_not_called_and_what_was_set_after_it_is() -> None:
    async def main() -> list[str]:
        called: list[str] = []
        deadlines = Deadlines[str]()
        now = asyncio.get_running_loop().time()
        deadlines.set("taken back", now + 0.01, called.append)
        assert deadlines.discard("taken back")
        assert not deadlines.discard("taken back")
        deadlines.set("later", now + 0.02, called.append)
        await asyncio.sleep(0.05)
        return called

    assert asyncio.run(main()) == ["later"]


def test_a_call_may_set_and_take_back_deadlines() -> None:
    async def main() -> list[str]:
        called: list[str] = []
        deadlines = Deadlines[str]()
        now = asyncio.get_running_loop().time()

        def call(key: str) -> None:
            called.append(key)
            deadlines.discard("other")
            deadlines.discard("at the same time")
            deadlines.set("again", now, called.append)

        deadlines.set("one", now + 0.01, call)
        deadlines.set("at the same time", now + 0.01, call)
        deadlines.set("other", now + 0.04, call)
        await asyncio.sleep(0.07)
        return called

    assert asyncio.run(main()) == ["one", "again"]


def test_a_thousand_deadlines_share_one_timer_and_closing_takes_it_back() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        deadlines = Deadlines[int]()
        for number in range(1000):
            deadlines.set(number, loop.time() + 60 + number, lambda _: None)
        timers = [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]  # asyncio's own
        assert len(timers) == 1
        deadlines.close()
        assert timers[0].cancelled()
        assert not deadlines.discard(0)

    asyncio.run(main())
