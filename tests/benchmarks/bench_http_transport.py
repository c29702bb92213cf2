"""Requests per second and CPU per exchange of the guarded transport, against a bare asyncio responder.

    python tests/benchmarks/bench_http_transport.py [--tls] [--uvloop] [--requests 50000] [--in-flight 64]

The responder runs in a process of its own and answers each request with 200 as soon as its body is there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import resource
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import httpx
import trustme

from bellwire.core.http import EgressPolicy, GuardedTransport, Limits

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

BODY = (
    b'{"event":"workflow","action":"create","timestamp":"2023-05-18T15:45:25+08:00","payload":{"workflow":'
    b'{"project_name":"test_project","workflow_id":"1658637666259832832","workflow_subject":"test_workflow",'
    b'"workflow_status":"wait_for_audit"}}}'
)
HEADERS = {
    "Authorization": "Bearer 0123456789abcdef0123456789abcdef",
    "Content-Type": "application/json",
    "User-Agent": "bellwire/0",
    "webhook-id": "0190d2a0-0000-7000-8000-000000000000",
}
ANSWER = b"HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


class Transport(Protocol):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response: ...


class Responder(asyncio.Protocol):
    """Counts blank lines: good enough for requests that are all alike and whose body holds none."""

    transport: asyncio.Transport
    missing = 0
    head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if not self.missing:
            self.head += data
            head, blank, body = self.head.partition(b"\r\n\r\n")
            if not blank:
                return
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.missing, self.head = length - len(body), b""
        else:
            self.missing -= len(data)
        if self.missing <= 0:
            self.missing = 0
            self.transport.write(ANSWER)


def respond(pipe: Connection, certificate: str | None) -> None:
    async def main() -> None:
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        server = await asyncio.get_running_loop().create_server(Responder, "127.0.0.1", 0, ssl=context)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())


@contextlib.contextmanager
def responder(certificate: str | None) -> Iterator[int]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=respond, args=(theirs, certificate), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


async def measure(transport: Transport, url: str, count: int, in_flight: int) -> tuple[float, float]:
    """Exchanges per second, and microseconds of this process's CPU for each."""
    requests = [httpx.Request("POST", url, headers=HEADERS, content=BODY) for _ in range(64)]

    async def worker(amount: int) -> None:
        for number in range(amount):
            response = await transport.handle_async_request(requests[number % 64])
            assert response.status_code == 200

    await asyncio.gather(*(worker(20) for _ in range(in_flight)))  # connections made, caches warm
    usage, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    await asyncio.gather(*(worker(count // in_flight) for _ in range(in_flight)))
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
    done = count // in_flight * in_flight
    return done / seconds, cpu / done * 1e6


def run(
    make: Callable[[ssl.SSLContext | None], Transport],
    *,
    tls: bool,
    uvloop: bool,
    count: int,
    in_flight: int,
    rounds: int,
) -> None:
    with contextlib.ExitStack() as stack:
        certificate, context = None, None
        if tls:
            authority = trustme.CA()
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            certificate = str(Path(folder, "server.pem"))
            authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
            context = ssl.create_default_context()
            authority.configure_trust(context)
        port = stack.enter_context(responder(certificate))
        url = f"http{'s' if tls else ''}://127.0.0.1:{port}/hook"

        async def main() -> None:
            transport = make(context)
            try:
                for _ in range(rounds):
                    rate, cpu = await measure(transport, url, count, in_flight)
                    print(f"{rate:10,.0f} exchanges/s {cpu:8.1f} µs CPU each")
            finally:
                close: Callable[[], Awaitable[None]] = transport.aclose  # type: ignore[attr-defined]  # all have it
                await close()

        if uvloop:
            import uvloop as fast

            fast.run(main())
        else:
            asyncio.run(main())


def guarded(context: ssl.SSLContext | None) -> Transport:
    return GuardedTransport(policy=EgressPolicy(), ssl_context=context, limits=Limits(connections_per_origin=1000))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    run(
        guarded,
        tls=options.tls,
        uvloop=options.uvloop,
        count=options.requests,
        in_flight=options.in_flight,
        rounds=options.rounds,
    )


if __name__ == "__main__":
    main()
