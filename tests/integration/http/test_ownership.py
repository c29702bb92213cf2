"""Who owns a connection, under any sequence of events: real sockets, a receiver that does as it is told, a clock too.

At every moment each connection has one owner: a request, the pool, or nobody, and then it is closed. The machine knows
of each request where it must be and what must become of it.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Coroutine
from typing import Any, Final, cast

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bellwire.core.http import (
    AnswerInvalid,
    AnswerLost,
    AnswerTimedOut,
    EgressPolicy,
    GuardedTransport,
    Limits,
    TransportClosed,
    WaitTimedOut,
)

LIMIT: Final = 2
TOTAL_SECONDS: Final = 15.0
IDLE_SECONDS: Final = 7.0
TURNS: Final = 40
"""Of the loop, until a step has had all its consequences: on the loopback a byte is there as soon as it is sent."""

Outcome = type[Exception] | type[asyncio.CancelledError] | None
_request: Final = re.compile(rb"\r\nContent-Length: (\d+)(?=\r\n).*?\r\n\r\n", re.DOTALL)


class Loop(asyncio.SelectorEventLoop):
    """A loop whose clock stands still unless it is put forward."""

    now = 1000.0

    def time(self) -> float:
        return self.now


class Peer(asyncio.Protocol):
    """The receiver's end of a connection."""

    def __init__(self, machine: Ownership) -> None:
        self.machine = machine
        self.asked: int | None = None
        """The request that waits for its answer here."""
        self.served = 0
        self.spoiled = False
        """Whether no request may come here any more."""
        self.idle_since = 0.0
        self.transport: asyncio.Transport
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.machine.peers.append(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        found = _request.search(self._received)
        if found and len(self._received) == found.end() + int(found[1]):
            body, self._received = self._received[found.end() :], b""
            self.machine.arrived(self, int(body))

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.machine.peers.remove(self)

    def shut(self) -> None:
        """Sends the end at once; asyncio's own ways to close wait for the loop's next turn."""
        self.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.transport.abort()


class Ownership(RuleBasedStateMachine):
    """Requests, the connections that they are on, and what the receiver does to them."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = Loop()
        self.peers: list[Peer] = []
        self.faults: list[str] = []
        self.sent = 0
        self.tasks: dict[int, asyncio.Task[httpx.Response]] = {}
        self.since: dict[int, float] = {}
        self.expected: dict[int, Outcome] = {}
        """What became of those that are over; ``None`` is an answer."""
        self.arrivals: set[int] = set()
        self.retried: set[int] = set()
        self.transport = GuardedTransport(
            policy=EgressPolicy("internal"),
            total_timeout=TOTAL_SECONDS,
            limits=Limits(connections_per_origin=LIMIT, idle_seconds=IDLE_SECONDS),
        )
        self.server = self.run(self.loop.create_server(lambda: Peer(self), "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/"

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def settle(self) -> None:
        async def turns() -> None:
            for _ in range(TURNS):
                await asyncio.sleep(0)

        self.run(turns())

    # --- what the machine knows ---

    def arrived(self, peer: Peer, number: int) -> None:
        """A request came in on *peer*; called within the loop, so faults are kept for :meth:`all_is_well`."""
        if peer.asked is not None:
            self.faults.append(f"{number} came before {peer.asked} was answered")
        if peer.spoiled:
            self.faults.append(f"{number} came on a connection that was over")
        if peer.served and self.loop.time() - peer.idle_since > IDLE_SECONDS:
            self.faults.append(f"{number} came on a connection that had been idle for too long")
        if self.expected.get(number) is asyncio.CancelledError:
            peer.spoiled = True  # it was on its way when it was cancelled
        elif number in self.expected:
            self.faults.append(f"{number} came though it was over")
        if number in self.arrivals and number not in self.retried:
            self.faults.append(f"{number} came twice")
        if number in self.retried and peer.served:
            self.faults.append(f"{number} was tried again on a connection that was not fresh")
        if number not in self.arrivals and any(earlier in self.queue for earlier in range(number)):
            self.faults.append(f"{number} jumped the queue {self.queue}")
        self.arrivals.add(number)
        peer.asked = number

    @property
    def under_way(self) -> list[int]:
        return [number for number in self.tasks if number not in self.expected]

    @property
    def queue(self) -> list[int]:
        return [number for number in self.under_way if number not in self.arrivals]

    @property
    def asked(self) -> list[Peer]:
        return [peer for peer in self.peers if peer.asked is not None and not peer.spoiled]

    @property
    def idle(self) -> list[Peer]:
        return [peer for peer in self.peers if peer.asked is None and not peer.spoiled]

    def start(self) -> None:
        number, self.sent = self.sent, self.sent + 1
        request = httpx.Request("POST", self.url, content=b"%d" % number)
        self.since[number] = self.loop.time()
        self.tasks[number] = self.loop.create_task(self.transport.handle_async_request(request))

    # --- what happens ---

    @rule()
    def send(self) -> None:
        self.start()
        self.settle()

    @precondition(lambda self: self.asked)
    @rule(choice=st.integers(0, 99), how=st.sampled_from(["with a length", "in chunks", "in pieces"]))
    def answer(self, choice: int, how: str) -> None:
        self.answer_on(self.asked[choice % len(self.asked)], how)
        self.settle()

    def answer_on(self, peer: Peer, how: str) -> None:
        assert peer.asked is not None
        body = b"%d" % peer.asked
        self.expected[peer.asked] = None
        peer.asked, peer.served, peer.idle_since = None, peer.served + 1, self.loop.time()
        write = peer.transport.write
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        match how:
            case "in chunks":
                write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
            case "in pieces":
                write(whole[:20])
                self.settle()
                write(whole[20:])
            case "and closes":
                peer.spoiled = True
                write(whole)
                peer.shut()
            case "and says that it closes":
                peer.spoiled = True
                write(whole.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"))
            case "and more behind it":
                peer.spoiled = True
                write(whole + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n?")
            case _:
                write(whole)

    @precondition(lambda self: self.asked)
    @rule(
        choice=st.integers(0, 99),
        how=st.sampled_from(["and closes", "and says that it closes", "and more behind it"]),
    )
    def answer_for_the_last_time(self, choice: int, how: str) -> None:
        self.answer_on(self.asked[choice % len(self.asked)], how)
        self.settle()

    @precondition(lambda self: self.asked)
    @rule(choice=st.integers(0, 99), how=st.sampled_from(["end", "reset"]))
    def die_without_a_byte(self, choice: int, how: str) -> None:
        peer = self.asked[choice % len(self.asked)]
        assert peer.asked is not None
        if peer.served:
            self.retried.add(peer.asked)  # a kept connection that was dead: once more on a fresh one
        else:
            self.expected[peer.asked] = AnswerInvalid if how == "end" else AnswerLost
        peer.spoiled = True
        peer.shut() if how == "end" else peer.reset()
        self.settle()

    @precondition(lambda self: self.asked)
    @rule(choice=st.integers(0, 99), what=st.sampled_from([b"H", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n?"]))
    def die_in_the_middle(self, choice: int, what: bytes) -> None:
        peer = self.asked[choice % len(self.asked)]
        assert peer.asked is not None
        self.expected[peer.asked] = AnswerInvalid
        peer.spoiled = True
        peer.transport.write(what)
        peer.shut()
        self.settle()

    @precondition(lambda self: self.asked)
    @rule(choice=st.integers(0, 99))
    def answer_nonsense(self, choice: int) -> None:
        peer = self.asked[choice % len(self.asked)]
        assert peer.asked is not None
        self.expected[peer.asked] = AnswerInvalid
        peer.spoiled = True
        peer.transport.write(b"\0\0\0")
        self.settle()

    @precondition(lambda self: self.idle)
    @rule(
        choice=st.integers(0, 99), what=st.sampled_from([b"", b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n?"])
    )
    def speak_unasked(self, choice: int, what: bytes) -> None:
        self.speak_on(self.idle[choice % len(self.idle)], what)
        self.settle()

    @precondition(lambda self: self.idle)
    @rule(
        choice=st.integers(0, 99), what=st.sampled_from([b"", b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n?"])
    )
    def speak_unasked_just_before_a_request(self, choice: int, what: bytes) -> None:
        self.speak_on(self.idle[choice % len(self.idle)], what)
        self.start()
        self.settle()

    def speak_on(self, peer: Peer, what: bytes) -> None:
        peer.spoiled = True
        peer.transport.write(what) if what else peer.shut()

    @precondition(lambda self: self.under_way)
    @rule(choice=st.integers(0, 99), turns=st.integers(0, 5))
    def cancel(self, choice: int, turns: int) -> None:
        number = self.under_way[choice % len(self.under_way)]
        self.give_up(number)
        self.settle()

    @rule(turns=st.integers(0, 8))
    def send_and_cancel(self, turns: int) -> None:
        self.start()
        for _ in range(turns):
            self.run(asyncio.sleep(0))
        self.give_up(self.sent - 1)
        self.settle()

    @precondition(lambda self: self.asked)
    @rule(choice=st.integers(0, 99), turns=st.integers(0, 4))
    def answer_and_cancel(self, choice: int, turns: int) -> None:
        # Whichever comes first counts; the connection may serve on only if it was the answer.
        peer = self.asked[choice % len(self.asked)]
        number = peer.asked
        assert number is not None
        self.answer_on(peer, "with a length")
        for _ in range(turns):
            self.run(asyncio.sleep(0))
        if not self.tasks[number].done():
            self.give_up(number)
        self.settle()

    @precondition(lambda self: self.asked and self.queue)
    @rule(choice=st.integers(0, 99), turns=st.integers(0, 2))
    def answer_and_cancel_the_next(self, choice: int, turns: int) -> None:
        # The one who waits is cancelled when its turn has just come: the next one gets it.
        number, waiting = self.queue[0], len(self.queue)
        slots = next(iter(cast("Any", self.transport._pool)._slots.values()))
        self.answer_on(self.asked[choice % len(self.asked)], "with a length")

        async def cancel() -> None:
            while len(slots._waiting) == waiting:
                await asyncio.sleep(0)
            for _ in range(turns):
                await asyncio.sleep(0)
            self.give_up(number)

        self.run(cancel())
        self.settle()

    def give_up(self, number: int) -> None:
        self.expected[number] = asyncio.CancelledError
        for peer in self.peers:
            peer.spoiled = peer.spoiled or peer.asked == number
        self.tasks[number].cancel()

    @rule(seconds=st.sampled_from([1.0, 4.0, 20.0]))
    def wait(self, seconds: float) -> None:
        self.loop.now += seconds
        now = self.loop.time()
        for number in self.under_way:
            if now - self.since[number] >= TOTAL_SECONDS:
                self.expected[number] = AnswerTimedOut if number in self.arrivals else WaitTimedOut
        for peer in self.peers:
            peer.spoiled = peer.spoiled or peer.asked in self.expected
        self.settle()

    # --- what must be so after each of them ---

    @invariant()
    def all_is_well(self) -> None:
        assert not self.faults, self.faults
        for number, task in self.tasks.items():
            assert task.done() == (number in self.expected), number
            if task.done():
                self.check(number, task, self.expected[number])
        assert not any(peer.spoiled for peer in self.peers), "a connection that was over is still open"
        assert len(self.peers) <= LIMIT
        assert not self.queue or len(self.asked) == LIMIT, "somebody waits though there is room"
        assert sorted(cast("int", peer.asked) for peer in self.asked) == sorted(set(self.under_way) - set(self.queue))
        pool = self.transport._pool
        if pool is not None:
            slots = next(iter(pool._slots.values()), None)
            assert len(pool._open) == len(self.peers)
            assert (slots._used if slots else 0) == len(self.peers)
            assert (len(slots._idle) if slots else 0) == len(self.idle)
            assert (len(slots._waiting) if slots else 0) == len(self.queue)

    def check(self, number: int, task: asyncio.Task[httpx.Response], expected: Outcome) -> None:
        if expected is None:
            assert self.run(task.result().aread()) == b"%d" % number
        elif expected is asyncio.CancelledError:
            assert task.cancelled()
        else:
            assert type(task.exception()) is expected

    def teardown(self) -> None:
        try:
            if self.sent % 2:
                while self.asked:
                    self.answer_on(self.asked[0], "with a length")
                    self.settle()
                assert not self.under_way
            self.run(self.transport.aclose())
            for number in self.under_way:
                self.expected[number] = TransportClosed
            self.settle()
            for number, task in self.tasks.items():
                self.check(number, task, self.expected[number])
            assert not self.peers
            assert not asyncio.all_tasks(self.loop)
        finally:
            self.server.close()
            self.loop.close()


Ownership.TestCase.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOwnership = Ownership.TestCase
