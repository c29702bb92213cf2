"""The outbox under test: on every database that is at hand, with a clock to set, and short words for what tests do."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Final, Literal

import attrs
import pytest
import sqlalchemy as sa

from bellwire.core.outbox import (
    AttemptRecord,
    ChannelHealth,
    Claim,
    Database,
    DeliveryView,
    DispatcherRow,
    Exchange,
    LaneDemand,
    NewEvent,
    Outbox,
    Settlement,
)
from bellwire.hookspecs import new_id

SECOND: Final = 1_000_000

# Read here, because every test starts without anybody's BELLWIRE_ variables.
_SERVERS: Final = {
    "postgresql": (os.environ.get("BELLWIRE_TEST_POSTGRES"), "postgresql://postgres@127.0.0.1:5432/postgres", 5432),
    "mysql": (os.environ.get("BELLWIRE_TEST_MYSQL"), "mysql://root@127.0.0.1:3306/mysql", 3306),
}
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
_IN_MEMORY: Final = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # what is tested is not the disk
_TABLES: Final = ("attempts", "deliveries", "events", "channel_state", "dispatchers")


@attrs.frozen
class Place:
    """A database that is at hand; :meth:`fresh` gives the URL of an outbox with nothing in it."""

    kind: str
    fresh: Callable[[], str]


@pytest.fixture(scope="session", params=["sqlite", "postgresql", "mysql"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Each database in turn. One that is not there is skipped; in CI it must be there."""
    kind: str = request.param
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="bellwire-", dir=_IN_MEMORY) as folder:
            numbers = iter(range(1_000_000))
            yield Place(kind, lambda: f"sqlite:///{folder}/{next(numbers)}.db")
        return
    with _a_database_of_our_own(kind) as url, ExitStack() as stack:
        engine = sa.create_engine(url.set(drivername=_DRIVERS[kind]))
        stack.callback(engine.dispose)

        def fresh() -> str:
            database = Database(url.render_as_string(hide_password=False))
            database.open()
            database.close()
            with engine.begin() as connection:
                for table in _TABLES:
                    connection.execute(sa.text(f"DELETE FROM bellwire_{table}"))
            return url.render_as_string(hide_password=False)

        yield Place(kind, fresh)


class _a_database_of_our_own:  # noqa: N801 - reads as a sentence
    """On the server of that kind, for as long as the block lasts."""

    def __init__(self, kind: str) -> None:
        given, usual, port = _SERVERS[kind]
        self._server = sa.make_url(given or usual).set(drivername=_DRIVERS[kind])
        self._shown = sa.make_url(given or usual).set(database=f"bellwire_test_{os.getpid()}")
        if given is None and not _listens(port):
            reason = f"no {kind} server listens on 127.0.0.1:{port}; name one by BELLWIRE_TEST_{_variable(kind)}"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)

    def __enter__(self) -> sa.URL:
        self._run("DROP DATABASE IF EXISTS {}", "CREATE DATABASE {}")
        return self._shown

    def __exit__(self, *_: object) -> None:
        force = " WITH (FORCE)" if self._server.get_backend_name() == "postgresql" else ""
        self._run("DROP DATABASE IF EXISTS {}" + force)

    def _run(self, *statements: str) -> None:
        engine = sa.create_engine(self._server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.format(self._shown.database))


def _variable(kind: str) -> str:
    return {"postgresql": "POSTGRES", "mysql": "MYSQL"}[kind]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class FakeTime:
    """Microseconds since 1970 that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000 * SECOND

    def __call__(self) -> int:
        return self.now

    def passes(self, seconds: float) -> None:
        """Moves on."""
        self.now += round(seconds * SECOND)


def unmoved(health: ChannelHealth, ended: Sequence[bool], now: int) -> ChannelHealth:
    """An advance that leaves a channel's health as it is."""
    return health


End = Literal["sent", "failed", "retry", "interrupted", "given back"]


class Desk:
    """An outbox, its clock, and two dispatchers' hands."""

    def __init__(self, url: str) -> None:
        self.time = FakeTime()
        self.url = url
        self.outbox = Outbox(Database(url, clock=self.time, lock_patience=5.0))

    def another(self) -> Outbox:
        """The same outbox as another process has it; the test closes it."""
        return Outbox(Database(self.url, clock=self.time))

    def new_event(
        self, event_id: str, *, key: str = "wf-1", channels: Iterable[str] = ("ops",), kind: str = "workflow"
    ) -> NewEvent:
        """An event as a bus would store it."""
        return NewEvent(
            id=event_id,
            kind=kind,
            action="create",
            ordering_key=key,
            payload=f'{{"event":"{kind}"}}',
            wanted_by={channel: new_id() for channel in channels},
            unwanted_by={},
        )

    def publish(self, *ids: str, key: str = "wf-1", channels: Iterable[str] = ("ops",), kind: str = "workflow") -> None:
        """Publishes one event after another."""
        for event_id in ids:
            self.outbox.publish([self.new_event(event_id, key=key, channels=channels, kind=kind)])

    def exchange(
        self,
        settlements: Sequence[Settlement] = (),
        *,
        channels: Iterable[str] = (),
        slots: int = 10,
        ordered: bool = True,
        dispatcher: str = "first",
    ) -> Exchange:
        """One visit of a dispatcher."""
        demands = [LaneDemand(channel=channel, slots=slots, ordered=ordered) for channel in channels]
        return self.outbox.exchange(dispatcher, settlements, demands, unmoved)

    def claim(
        self, channel: str = "ops", *, slots: int = 10, ordered: bool = True, dispatcher: str = "first"
    ) -> list[Claim]:
        """What a dispatcher gets for one lane."""
        visit = self.exchange(channels=[channel], slots=slots, ordered=ordered, dispatcher=dispatcher)
        return list(visit.claims)

    def claimed_ids(self, channel: str = "ops", *, slots: int = 10, ordered: bool = True) -> list[str]:
        """The events of a claim."""
        return [claim.event_id for claim in self.claim(channel, slots=slots, ordered=ordered)]

    def end(self, claim: Claim, how: End = "sent", *, delay: float = 0, dispatcher: str = "first") -> bool:
        """Settles *claim*; says whether its lease was still held."""
        return bool(self.exchange([self.settlement(claim, how, delay=delay)], dispatcher=dispatcher).settled)

    def settlement(
        self, claim: Claim, how: End = "sent", *, delay: float = 0, detail: str = "boom", patience: float = 600
    ) -> Settlement:
        """How an attempt ended, as a dispatcher writes it; *patience* is that of the key's followers."""
        wait = round(delay * SECOND)
        record = AttemptRecord(number=claim.attempt, outcome="sent", started_at=self.time.now, duration=1500)
        match how:
            case "sent":
                return Settlement(claim=claim, state="delivered", record=record, error=claim.error)
            case "interrupted":
                record = attrs.evolve(record, outcome="interrupted")
                return Settlement(claim=claim, state="waiting", delay=wait, record=record, error=claim.error)
            case "given back":
                return Settlement(claim=claim, state="waiting", delay=wait, error=claim.error)
            case "failed" | "retry":
                record = attrs.evolve(record, outcome="failed", stage="connect", detail=detail)
                state: Literal["failed", "waiting"] = "failed" if how == "failed" else "waiting"
                return Settlement(
                    claim=claim, state=state, delay=wait, record=record, error=detail, hold_key=round(patience * SECOND)
                )

    def view(self, event_id: str, channel: str = "ops") -> DeliveryView:
        """The delivery of that event."""
        (view,) = (view for view in self.outbox.deliveries_of(event_id) if view.channel == channel)
        return view

    def state(self, event_id: str, channel: str = "ops") -> str:
        """Where that delivery stands."""
        return self.view(event_id, channel).state

    def outcomes(self, event_id: str, channel: str = "ops") -> list[tuple[int, str]]:
        """Number and outcome of each attempt."""
        return [(one.number, one.outcome) for one in self.outbox.attempts(self.view(event_id, channel).id)]

    def row(self, dispatcher: str) -> DispatcherRow:
        """A dispatcher's presence."""
        return DispatcherRow(id=dispatcher, host="here", pid=1, process="{}", version="1", config_digest="x")

    def beat(self, dispatcher: str = "first", *, gone: Sequence[str] = ()) -> int:
        """A dispatcher's heartbeat; how many deliveries it took over."""
        return self.outbox.beat(self.row(dispatcher), gone)

    def close(self) -> None:
        """Closes every connection."""
        self.outbox.close()


@pytest.fixture
def make_desk(place: Place) -> Callable[[], Desk]:
    """Makes one empty outbox after another; whoever makes one closes it."""

    def make() -> Desk:
        desk = Desk(place.fresh())
        desk.outbox.database.open()
        return desk

    return make


@pytest.fixture
def desk(make_desk: Callable[[], Desk]) -> Iterator[Desk]:
    """An empty outbox, on each database."""
    desk = make_desk()
    yield desk
    desk.close()
