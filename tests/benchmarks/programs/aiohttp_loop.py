"""A loop over bare aiohttp that sends the same requests, and keeps nothing."""

from __future__ import annotations

import asyncio

import aiohttp
from tests.benchmarks.programs.workload import body, headers, job, wait_to_be_ended


async def main() -> None:
    task = job()
    url, slots = task["url"], task["concurrency"]
    numbers = iter(range(task["deliveries"]))

    async def send(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            async with session.post(url, data=body(number).encode(), headers=headers(number)) as response:
                await response.read()
                response.raise_for_status()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=slots)) as session:
        await asyncio.gather(*(send(session) for _ in range(slots)))
        wait_to_be_ended()


if __name__ == "__main__":
    asyncio.run(main())
