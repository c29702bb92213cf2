"""A loop that hands prebuilt requests to Bellwire's own HTTP transport, and keeps nothing."""

from __future__ import annotations

import asyncio

import httpx
from tests.benchmarks.programs.workload import body, headers, job, wait_to_be_ended

from bellwire.core.http import EgressPolicy, GuardedTransport, Limits


async def main() -> None:
    task = job()
    slots = task["concurrency"]
    prebuilt = (
        httpx.Request("POST", task["url"], content=body(number).encode(), headers=headers(number))
        for number in range(task["deliveries"])
    )
    requests = iter(list(prebuilt))  # built before the first is sent

    async def send(transport: GuardedTransport) -> None:
        for request in requests:
            response = await transport.handle_async_request(request)
            response.raise_for_status()

    transport = GuardedTransport(policy=EgressPolicy(), limits=Limits(connections_per_origin=slots))
    await asyncio.gather(*(send(transport) for _ in range(slots)))
    wait_to_be_ended()
    await transport.aclose()


if __name__ == "__main__":
    asyncio.run(main())
