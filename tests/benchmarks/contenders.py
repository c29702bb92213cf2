"""Who takes part, with the settings that the page states.

The peers' settings are the best of those that were tried on two cores: what was tried stands in each one's words.
"""

from __future__ import annotations

import os
from typing import Final

import attrs
from tests.benchmarks.contender import Contender

PROGRAMS: Final = "tests.benchmarks.programs"
CORES: Final = len(os.sched_getaffinity(0))

_BELLWIRE_TOML: Final = """\
database = "{database}"
dispatch = "off"

[channels.ops]
type = "webhook"
enable = true
url = "{url}"
token = "test123"
concurrency = 64
"""
BELLWIRE_COMMAND: Final = "bellwire.core.cli"
_WORKER: Final = (BELLWIRE_COMMAND, "worker", "--config", "bellwire.toml", "--log-level", "warning")

AIOHTTP: Final = Contender(
    name="aiohttp",
    title="loop over bare aiohttp, keeps nothing",
    settings="one `ClientSession`, 64 requests under way, asyncio's own event loop (as Bellwire's)",
    deliveries=40_000,
    worker=(f"{PROGRAMS}.aiohttp_loop",),
    is_peer=True,
)
TRANSPORT: Final = Contender(
    name="transport",
    title="loop over Bellwire's own transport, keeps nothing",
    settings="prebuilt `httpx.Request`s handed to the transport, 64 under way: what HTTP alone costs Bellwire",
    deliveries=40_000,
    worker=(f"{PROGRAMS}.transport_loop",),
)
BELLWIRE: Final = Contender(
    name="bellwire",
    title="Bellwire on SQLite",
    settings="`bellwire worker`, one webhook with a token, `concurrency = 64`, the rest as it comes: "
    "`synchronous = FULL`, order kept, every attempt on record",
    deliveries=40_000,
    fill=(f"{PROGRAMS}.bellwire_host", "fill"),
    worker=_WORKER,
    config=_BELLWIRE_TOML,
)
BELLWIRE_POSTGRESQL: Final = attrs.evolve(
    BELLWIRE,
    name="bellwire-postgresql",
    title="Bellwire on PostgreSQL",
    settings="the same, by its URL",
    deliveries=20_000,
    broker="postgresql",
)
BELLWIRE_POSTGRESQL_TWO: Final = attrs.evolve(
    BELLWIRE_POSTGRESQL,
    name="bellwire-postgresql-two",
    title="Bellwire on PostgreSQL, two workers",
    settings="the same, twice",
    workers=2,
)
_CELERY: Final = Contender(
    name="celery-prefork",
    title="Celery, prefork (Redis, requests)",
    settings=f"`-P prefork -c {CORES}`, a `requests.Session` per process, no result backend, `acks_late`, "
    "`worker_prefetch_multiplier = 32`, no events, gossip, mingle or heartbeat (tried: 1 to 4 processes, "
    "multipliers from 4 to 128)",
    deliveries=3_000,
    broker="redis",
    fill=(f"{PROGRAMS}.celery_app", "fill"),
    worker=(
        *("celery", "-A", f"{PROGRAMS}.celery_app", "worker", "-l", "error"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        *("-P", "prefork", "-c", str(CORES)),
    ),
    is_peer=True,
)
CELERY: Final = (
    _CELERY,
    attrs.evolve(
        _CELERY,
        name="celery-threads",
        title="Celery, threads (Redis, requests)",
        settings="`-P threads -c 8`, a `requests.Session` per thread, the rest as with prefork (tried: 1 to 16)",
        worker=(*_CELERY.worker[:-4], "-P", "threads", "-c", "8"),
    ),
)
DRAMATIQ: Final = Contender(
    name="dramatiq",
    title="Dramatiq (Redis, requests)",
    settings=f"`-p {CORES} -t 16`, a `requests.Session` per thread, of its middleware `Retries` alone "
    "(tried: 1 to 3 processes with 1 to 32 threads)",
    deliveries=6_000,
    broker="redis",
    fill=(f"{PROGRAMS}.dramatiq_app", "fill"),
    worker=("dramatiq", f"{PROGRAMS}.dramatiq_app", "-p", str(CORES), "-t", "16"),
    is_peer=True,
)
PROCRASTINATE: Final = Contender(
    name="procrastinate",
    title="Procrastinate (PostgreSQL, httpx)",
    settings="one worker, `concurrency = 16`, one `httpx.AsyncClient` for all, a pool of 4 to 8 connections, "
    "jobs stay on record as Bellwire's do (tried: 4 to 64)",
    deliveries=2_000,
    concurrency=16,
    broker="postgresql",
    fill=(f"{PROGRAMS}.procrastinate_app", "fill"),
    worker=(f"{PROGRAMS}.procrastinate_app", "work"),
    is_peer=True,
)

PROCRASTINATE_TWO: Final = attrs.evolve(
    PROCRASTINATE,
    name="procrastinate-two",
    title="Procrastinate, two workers",
    settings="the same, twice",
    workers=2,
)

ALL: Final = (
    AIOHTTP,
    TRANSPORT,
    BELLWIRE,
    BELLWIRE_POSTGRESQL,
    BELLWIRE_POSTGRESQL_TWO,
    *CELERY,
    DRAMATIQ,
    PROCRASTINATE,
    PROCRASTINATE_TWO,
)
