"""A database, its publisher here, its workers in processes of their own, and what must hold however they died."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import sqlalchemy as sa
from tests.crash import overwrites
from tests.crash.processes import Orders, event, settings
from tests.crash.receiver import Receiver
from tests.crash.smithy import Forged, Smithy, until

from bellwire.core import Bus
from bellwire.core.outbox.tables import attempts, channel_state, deliveries, events, meta
from bellwire.hookspecs import WorkflowEvent


@attrs.frozen(kw_only=True)
class Figures:
    """What one step came to, on one database."""

    topic: str
    step: str
    database: str
    version: str
    happened: int
    """How often."""
    published: int
    """Deliveries owed: ``publish`` had returned."""
    delivered: int
    """At least once."""
    twice: int
    """Or more often."""
    lost: int
    overwritten: int
    """Settled outcomes that somebody changed."""


class House:
    """Short words for what the tests do."""

    def __init__(
        self, kind: str, url: str, smithy: Smithy, receiver: Receiver, folder: Path, *, orders: dict[str, Any]
    ) -> None:
        self.kind: Final = kind
        self.receiver: Final = receiver
        self._smithy: Final = smithy
        self._folder: Final = folder
        self._numbers: Final = itertools.count()
        self.orders: Final = Orders(role="worker", database=url, url=receiver.url, diary="", **orders)
        self.bus: Final = Bus(settings(self.orders), channel_types={})
        self.bus.outbox.database.open()
        self.told: Final[dict[str, list[int]]] = defaultdict(list)
        """The numbers by workflow whose ``publish`` has returned."""
        self.processes: Final[list[Forged]] = []
        self.happened = 0
        self.write(overwrites.begin)
        self.version: Final = self._version()

    # -- those who act ------------------------------------------------------------------------------------------------

    def publish(self, amount: int = 12) -> None:
        """So many events of four workflows that nobody has heard of."""
        name = f"here-{next(self._numbers)}"
        self._publish([event(name, number) for number in range(amount)])

    def publish_one(self, name: str, number: int) -> None:
        """One event."""
        self._publish([event(name, number)])

    def _publish(self, events: Sequence[WorkflowEvent]) -> None:
        for published in self.bus.publish_many(events):
            self.told[published.workflow.workflow_id].append(int(published.workflow.workflow_subject))

    def note(self, publisher: Forged, name: str) -> int:
        """Keeps for which events of a publisher's ``publish`` has returned; how many those were."""
        numbers = [int(line.split()[1]) for line in publisher.diary if line.startswith("published ")]
        for number in numbers:
            if number not in self.told[f"{name}-{number % 4}"]:
                self.told[f"{name}-{number % 4}"].append(number)
        return len(numbers)

    def start(self, **orders: Any) -> Forged:
        """A process, with orders that differ from the house's."""
        diary = str(self._folder / f"{next(self._numbers)}.diary")
        process = self._smithy.start(attrs.evolve(self.orders, diary=diary, **orders))
        self.processes.append(process)
        return process

    def worker(self, moment: str = "", after: int = 1, **orders: Any) -> Forged:
        """A worker that dies at *moment*."""
        return self.start(role="worker", moment=moment, after=after, **orders)

    def dies(self, process: Forged) -> None:
        """Waits for the death that it was sent to."""
        assert process.wait() == -signal.SIGKILL, f"it should have been killed, and said {process.diary}"
        self.happened += 1

    @contextmanager
    def killed_by_a_request(
        self, after: int = 1, number: int = signal.SIGKILL, *, seconds: float = 0.0
    ) -> Iterator[list[Forged]]:
        """The process that is put into the list is killed *seconds* after its *after*-th request has arrived."""
        victims: list[Forged] = []
        count = itertools.count(1)

        def kill() -> None:
            if next(count) == after:
                until(lambda: victims, lambda: "nobody to kill")
                time.sleep(seconds)
                os.kill(victims[0].pid, number)

        self.receiver.on_arrival = kill
        try:
            yield victims
        finally:
            self.receiver.on_arrival = lambda: None

    # -- what the database says ---------------------------------------------------------------------------------------

    def write(self, work: Any) -> Any:
        """Runs *work* in a transaction."""
        return self.bus.outbox.database.write(work)

    def read(self, query: sa.Executable | str) -> list[Any]:
        """The rows that *query* gives."""
        with self.bus.outbox.database.read() as connection:
            return list(connection.execute(sa.text(query) if isinstance(query, str) else query))

    def _version(self) -> str:
        function = "sqlite_version()" if self.kind == "sqlite" else "version()"
        found: str = self.read(f"SELECT {function}")[0][0]
        match self.kind:
            case "sqlite":
                return f"SQLite {found}"
            case "postgresql":
                return " ".join(found.split()[:2])
            case _:
                number, *names = found.split("-")
                return f"{'MariaDB' if 'MariaDB' in names else 'MySQL'} {number}"

    def forget_leaving(self) -> None:
        """As if no worker had ever signed off."""
        kept = ("instance_id", "schema", "min_compatible", "channels_revision")
        self.write(lambda connection: connection.execute(meta.delete().where(meta.c.name.not_in(kept))))

    def forget_health(self) -> None:
        """As if no channel had ever failed."""
        self.write(lambda connection: connection.execute(channel_state.delete()))

    def is_settled(self) -> bool:
        """Whether nothing is open any more."""
        return not self.read(sa.select(deliveries.c.id).where(deliveries.c.settled_at.is_(None)).limit(1))

    def wait_until_settled(self) -> None:
        """Until then."""
        until(self.is_settled, lambda: f"not settled: {self.bus.status()}")

    def finish(self, **orders: Any) -> None:
        """A last worker, which lives, delivers everything that is left."""
        worker = self.worker(**orders)
        self.wait_until_settled()
        worker.kill()

    def close(self) -> None:
        """Ends everything that is left."""
        for process in self.processes:
            process.signal(signal.SIGKILL)  # all of them before one is waited for: none may disturb the next test
        for process in self.processes:
            process.wait()
        self.write(overwrites.end)
        self.bus.close()

    # -- what must hold -----------------------------------------------------------------------------------------------

    def halves(self) -> list[Any]:
        """Events with other than one delivery per channel, and deliveries without their event."""
        count = sa.select(sa.func.count()).where(deliveries.c.event_seq == events.c.seq).scalar_subquery()
        # a worker publishes events too, of kind "channel", which no channel here asks for
        torn = sa.select(events.c.id).where(events.c.kind == "workflow", count != len(self.orders.channels))
        orphans = sa.select(deliveries.c.id).where(deliveries.c.event_seq.not_in(sa.select(events.c.seq)))
        strays = sa.select(attempts.c.delivery_id).where(attempts.c.delivery_id.not_in(sa.select(deliveries.c.id)))
        return self.read(torn) + self.read(orphans) + self.read(strays)

    def figures(self, topic: str, step: str) -> Figures:
        """What it came to."""
        times = self.receiver.times()
        arrived = self.receiver.numbers()
        lost = sum(number not in arrived[workflow] for workflow, told in self.told.items() for number in told)
        return Figures(
            topic=topic,
            step=step,
            database=self.kind,
            version=self.version,
            happened=self.happened,
            published=sum(map(len, self.told.values())) * len(self.orders.channels),
            delivered=len(times),
            twice=sum(count > 1 for count in times.values()),
            lost=lost,
            overwritten=len(self.read(f"SELECT id FROM {overwrites.TABLE}")),
        )

    def check_losses(self) -> None:
        """Nothing lost, nothing overwritten, nothing half."""
        figures = self.figures("", "")
        assert (figures.lost, figures.overwritten) == (0, 0)
        assert figures.delivered >= figures.published
        assert self.halves() == []
        if self.kind == "sqlite":
            assert self.read("PRAGMA integrity_check") == [("ok",)]

    def check(self, *, ordered: bool = True) -> None:
        """And nothing held, the log tells each request, and the order was kept."""
        self.check_losses()
        d, a = deliveries.c, attempts.c
        leases = d.lease_token.is_not(None) | d.lease_until.is_not(None) | d.dispatcher.is_not(None)
        rows = self.read(sa.select(d.id, d.state, d.attempts).where((d.state != "delivered") | d.settled_at.is_(None)))
        assert rows == [], "each was delivered"
        assert self.read(sa.select(d.id).where(leases)) == []
        self._check_attempts(self.read(sa.select(a.delivery_id, a.number, a.outcome).order_by(a.seq)))
        if ordered:
            for workflow, numbers in self.receiver.numbers().items():
                assert _first_times(numbers) == sorted(set(numbers)), f"workflow {workflow} came out of order"

    def _check_attempts(self, rows: list[Any]) -> None:
        log: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for delivery, number, outcome in rows:
            log[delivery].append((number, outcome))
        counted = dict(self.read(sa.select(deliveries.c.id, deliveries.c.attempts)))
        assert log.keys() == counted.keys()
        for delivery, attempted in log.items():
            outcomes = [outcome for _, outcome in attempted]
            assert outcomes.count("sent") == 1, "it was settled once"
            assert outcomes[-1] == "sent"
            expected = 1
            for number, outcome in attempted:
                assert number == expected, f"an interrupted attempt is not counted, every other one is: {attempted}"
                expected += outcome != "interrupted"
            assert counted[delivery] == expected - 1
            assert self.receiver.requests[delivery] <= len(attempted), "each request has its attempt in the log"


def _first_times(numbers: list[int]) -> list[int]:
    return list(dict.fromkeys(numbers))
