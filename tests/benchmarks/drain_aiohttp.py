"""A loop over bare aiohttp that sends the same request as often, and keeps nothing."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import aiohttp

from bellwire.hookspecs import sample_workflow_event


async def _send(session: aiohttp.ClientSession, url: str, body: bytes, times: int) -> None:
    headers = {"Authorization": "Bearer test123", "Content-Type": "application/json"}
    for _ in range(times):
        async with session.post(url, data=body, headers=headers) as response:
            await response.read()
            response.raise_for_status()


async def main(url: str, deliveries: int, concurrency: int) -> None:
    """Prints the figures as one JSON object."""
    body = sample_workflow_event().to_json().encode()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        began, cpu = time.perf_counter(), time.process_time()
        shares = [deliveries // concurrency + (slot < deliveries % concurrency) for slot in range(concurrency)]
        await asyncio.gather(*(_send(session, url, body, share) for share in shares))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"per_second": deliveries / seconds, "cpu_us": cpu / deliveries * 1e6}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
