"""Raw bytes as answers to the whole webhook channel: ``python -m tests.fuzz.channel --inputs 200000``.

Whatever comes back, an attempt ends as ``Sent`` or as ``Failed`` with a stage, a sentence and an excerpt within bounds,
and as the one that the bytes deserve. Nothing is raised.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import logging
import random
import sys
import time
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, cast, get_args

import attrs
import httpx
from tests.fuzz.inputs import Input, answer, mutated
from tests.fuzz.readers import Read, by_ours

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.answer import DETAIL_CHARACTERS, EXCERPT_CHARACTERS
from bellwire.channels.webhook.channel import WebhookChannel
from bellwire.core.http import EgressPolicy, GuardedTransport
from bellwire.hookspecs import Delivery, Failed, FailureStage, Outcome, Sent, Stage, sample_workflow_event

SEED = 20231118
_IN_FLIGHT: Final = 8
_NO_TEXT: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_LONGEST_DETAIL: Final = 10 * DETAIL_CHARACTERS + 100  # as each character may be escaped
_CODINGS: Final = (b"gzip", b"x-gzip", b"deflate", b"br", b"identity", b"gzip, gzip", b"\xff")


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@attrs.frozen
class _Context:
    """What the channel uses of a context."""

    http: httpx.AsyncBaseTransport
    clock: _Clock = attrs.field(factory=_Clock)
    name: str = "ops"
    platform_name: str = "SQLE"
    logger: logging.Logger = attrs.field(factory=lambda: logging.getLogger("bellwire.channels.ops"))

    def transport(self, *, connect_timeout: float = 5.0) -> httpx.AsyncBaseTransport:
        return self.http


def raw_answers(seed: int, count: int) -> Iterator[Input]:
    """*count* answers that are right, meddled with, compressed, or no more than noise."""
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.random()
        if kind < 0.1:
            stream = chance.randbytes(chance.choice((0, 1, 3, 20, 200)))
        elif kind < 0.3:
            stream = mutated(_compressed(chance), chance)
        else:
            stream = mutated(answer(chance), chance)
        cuts = sorted(chance.randrange(len(stream) + 1) for _ in range(chance.choice((0, 0, 1, 3))))
        yield Input(stream, tuple(cuts), to_head=False)


def _compressed(chance: random.Random) -> bytes:
    plain = chance.choice((b"", b"no", "工单 \u202e\x1b[2J\0".encode(), b"\xff\xfe" * 40, bytes(300_000)))
    body = gzip.compress(plain, mtime=0) if chance.random() < 0.5 else zlib.compress(plain)
    fields = b"Content-Encoding: %b\r\nContent-Length: %d" % (chance.choice(_CODINGS), len(body))
    return b"HTTP/1.1 %d X\r\n%b\r\n\r\n%b" % (chance.choice((200, 200, 400, 500)), fields, body)


class _Receiver(asyncio.Protocol):
    """Answers a request with the bytes that are next, and closes."""

    def __init__(self, answers: dict[str, Input]) -> None:
        self._answers = answers
        self._received = b""
        self._transport: asyncio.Transport
        self._answering: asyncio.Task[None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if end and len(rest) == int(fields[b"Content-Length"]):
            self._received = b""
            given = self._answers[fields[b"webhook-id"].decode()]
            self._answering = asyncio.get_running_loop().create_task(self._answer(given))

    async def _answer(self, given: Input) -> None:
        for piece in given.pieces():
            self._transport.write(piece)
            await asyncio.sleep(0)
        self._transport.close()


@attrs.define
class Tally:
    """What came of many inputs."""

    ends: Counter[str] = attrs.field(factory=Counter)
    problems: list[str] = attrs.field(factory=list)


async def tally(*, seed: int, count: int) -> Tally:
    """Sends an event for each of *count* inputs."""
    found = Tally()
    answers: dict[str, Input] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Receiver(answers), "127.0.0.1", 0)
    transport = GuardedTransport(policy=EgressPolicy("internal"))
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    context: Any = _Context(transport)
    channels = {
        accept: WebhookChannel(WebhookConfig(enable=True, url=url, accept_status=accept), context)
        for accept in ("200", "2xx")
    }
    numbered = enumerate(raw_answers(seed, count))

    async def worker() -> None:
        for number, given in numbered:
            accept = ("200", "2xx")[number % 2]
            answers[str(number)] = given
            delivery = Delivery(id=str(number), channel="ops", deadline=datetime.max.replace(tzinfo=UTC))
            try:
                outcome = await channels[accept].notify_event(sample_workflow_event(), delivery)
            except Exception as error:
                found.problems.append(f"raised {error!r}\n  {given}")
                continue
            del answers[str(number)]
            found.ends[outcome.stage if isinstance(outcome, Failed) else "sent"] += 1
            if problem := _problem(outcome, given, accept):
                found.problems.append(f"{problem}: {outcome}\n  {given}")

    await asyncio.gather(*(worker() for _ in range(_IN_FLIGHT)))
    await transport.aclose()
    server.close()
    return found


def _problem(outcome: Outcome, given: Input, accept: str) -> str | None:
    match by_ours(given):
        case Read(status):
            deserved = "sent" if status == 200 or (accept == "2xx" and 200 <= status < 300) else "status"
        case _:
            deserved = "response"
    match outcome:
        case Sent():
            stage = "sent"
        case Failed(stage=stage, detail=detail, stages=stages):
            if stage not in get_args(FailureStage) or not detail or not isinstance(outcome.retryable, bool):
                return "it is not classified"
            if any(unicodedata.category(each) in _NO_TEXT for each in detail) or len(detail) > _LONGEST_DETAIL:
                return "its sentence is no line of text"
            if not (stages and all(isinstance(each, Stage) for each in stages)):
                return "it has no stages"
    if stage != deserved:
        return f"it deserves {deserved}"
    response = outcome.response or ""
    if len(response) > EXCERPT_CHARACTERS or "\0" in response:
        return "its excerpt cannot be kept"
    return None


def main() -> int:
    """The program."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inputs", type=int, default=200_000)
    options.add_argument("--seed", type=int, default=SEED)
    given = options.parse_args()
    began = time.monotonic()
    found = asyncio.run(tally(seed=given.seed, count=given.inputs))
    print("| end | inputs |\n|---|---:|")
    for end, count in sorted(found.ends.items()):
        print(f"| {end} | {count:,} |")
    print(f"| raised, or not as the bytes deserve | {len(found.problems):,} |\n")
    print(f"{given.inputs:,} inputs, seed {given.seed}, {time.monotonic() - began:.0f} s")
    for problem in found.problems[:20]:
        print(problem, file=sys.stderr)
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
