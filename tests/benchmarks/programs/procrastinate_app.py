"""Procrastinate on PostgreSQL, sending with httpx: ``work`` is its worker; ``fill`` and ``publish`` are its hosts."""

from __future__ import annotations

import asyncio
import contextlib
import sys

import httpx
from procrastinate import App, PsycopgConnector, RetryStrategy
from tests.benchmarks.programs.workload import FILL_BATCH, body, event_id, headers, job, publish_timed

app = App(connector=PsycopgConnector(conninfo=job()["broker"], min_size=4, max_size=8))
client: httpx.AsyncClient


@app.task(name="send", queue="hooks", retry=RetryStrategy(max_attempts=3, wait=1))  # type: ignore[untyped-decorator]  # not in this environment
async def send(document: str, identity: str) -> None:
    answer = await client.post(job()["url"], content=document.encode(), headers=headers(identity))
    answer.raise_for_status()


async def work() -> None:
    global client
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(trust_env=False, timeout=5, limits=limits) as client, app.open_async():
        with contextlib.suppress(asyncio.CancelledError):
            await app.run_worker_async(concurrency=job()["concurrency"], update_heartbeat_interval=10)


def main(command: str) -> None:
    if command == "work":
        asyncio.run(work())
        return
    with app.open():
        if command == "publish":
            publish_timed(lambda number: send.defer(document=body(number), identity=event_id(number)))
            return
        app.schema_manager.apply_schema()
        for start in range(0, job()["deliveries"], FILL_BATCH):
            numbers = range(start, min(start + FILL_BATCH, job()["deliveries"]))
            send.batch_defer(*({"document": body(number), "identity": event_id(number)} for number in numbers))


if __name__ == "__main__":
    main(sys.argv[1])
