"""The database goes while deliveries flow, and comes back: the dispatcher waits, and nothing is lost."""

from __future__ import annotations

import functools
import itertools
import logging
import socket
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.integration.outbox.samples import event

from bellwire.core.dispatch import dispatcher as dispatcher_module
from bellwire.core.errors import DatabaseError
from bellwire.core.outbox import Database, LaneDemand, Outbox
from bellwire.core.outbox import outbox as outbox_module
from bellwire.core.outbox.backends.server import KEEPALIVE

from .conftest import MakesHost, Receiver, Server, text, until

if TYPE_CHECKING:
    from bellwire.core.outbox import ChannelHealth

servers = pytest.mark.parametrize("place", ["postgresql", "mysql"], indirect=True)
GONE, BACK = "the outbox cannot be reached; nothing is lost", "the outbox can be reached again"


def has_come(receiver: Receiver, number: int) -> bool:
    return len(receiver.times) >= number


@servers
def test_a_database_that_goes_and_comes_back_loses_nothing_and_is_told_once_each_way(
    server: Server,
    host: MakesHost,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatcher_module, "SWEEP", 3600.0)  # what is found afterwards, the watch has found
    url, proxy = server.behind(server.url)
    publisher, dispatching = host(text(server.url)), host(text(url), "embedded")
    dispatching.bus.start()
    numbers = itertools.count()

    def fifty() -> None:
        publisher.publish(*(str(next(numbers)) for _ in range(50)))

    def told(sentence: str, times: int) -> None:
        until(lambda: caplog.text.count(sentence) == times, lambda: caplog.text)

    for outage in (1, 2, 3):
        before = len(receiver.times)
        fifty()
        until(functools.partial(has_come, receiver, before + 5))
        proxy.cut()
        fifty()
        told(GONE, outage)
        proxy.mend()
        told(BACK, outage)
        until(publisher.is_settled, lambda: str(publisher.bus.status()))
    published = 300
    assert len(receiver.times) == published
    levels = [record.levelno for record in caplog.records if GONE in record.message or BACK in record.message]
    assert levels == [logging.ERROR, logging.WARNING] * 3

    publisher.publish("afterwards")  # its NOTIFY, or its row, is noticed by a connection made since
    until(lambda: len(receiver.times) == published + 1)


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_it_listens_again_on_a_connection_of_its_own(server: Server, host: MakesHost) -> None:
    url, proxy = server.behind(server.empty())
    dispatching = host(text(url), "embedded")
    dispatching.bus.start()

    def listening() -> list[Any]:
        return server.run(
            f"SELECT pid FROM pg_stat_activity WHERE datname = '{url.database}' AND query = 'LISTEN bellwire'"
        )

    until(lambda: len(listening()) == 1)
    [first] = listening()
    proxy.cut()
    until(lambda: listening() == [])
    proxy.mend()
    until(lambda: len(listening()) == 1)
    assert listening() != [first]


@servers
def test_leases_that_run_out_meanwhile_are_taken_over_and_what_comes_late_does_not_count(
    server: Server, host: MakesHost, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "LEASE", 500_000)
    monkeypatch.setattr(dispatcher_module, "HEARTBEAT", 0.05)
    url, proxy = server.behind(server.url)
    cut_off, publisher = host(text(url), "embedded"), host(text(server.url))
    cut_off.bus.start()
    receiver.may_answer.clear()
    publisher.publish(*map(str, range(8)))
    until(lambda: len(receiver.times) == 8)
    proxy.cut()
    receiver.may_answer.set()  # all are delivered, and cannot be settled
    until(lambda: publisher.bus.outbox.counts()["hook"].in_flight == 8)

    other = host(text(server.url), "embedded")
    other.bus.start()
    until(publisher.is_settled)
    proxy.mend()
    publisher.publish("more")
    until(lambda: len(receiver.times) == 9)
    until(publisher.is_settled)
    logs = [
        [(attempt.number, attempt.outcome) for attempt in publisher.bus.outbox.attempts(delivery)]
        for delivery in receiver.times
    ]
    assert sorted(logs) == [[(1, "interrupted"), (1, "sent")]] * 8 + [[(1, "sent")]]
    assert sorted(receiver.times.values()) == [1] + [2] * 8


@servers
def test_a_database_that_is_dropped_is_named_and_used_again_once_it_is_there(
    server: Server, host: MakesHost, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bellwire")
    url = server.empty()
    dispatching = host(text(url), "embedded")
    dispatching.bus.start()
    dispatching.publish("before")
    until(lambda: len(receiver.times) == 1)
    force = " WITH (FORCE)" if url.get_backend_name() == "postgresql" else ""
    server.run(f"DROP DATABASE {url.database}{force}")
    until(lambda: "there is no such database; create it" in caplog.text, lambda: caplog.text)
    server.run(f"CREATE DATABASE {url.database}")
    until(lambda: "a table of Bellwire's is missing; run `bellwire migrate`" in caplog.text, lambda: caplog.text)
    assert Database(text(url)).migrate()[0] is None
    until(lambda: BACK in caplog.text, lambda: caplog.text)
    dispatching.publish("after")
    until(lambda: len(receiver.times) == 2)
    assert caplog.text.count(GONE) == 1


@servers
def test_what_was_claimed_in_a_commit_whose_end_is_unknown_does_not_wait_for_its_lease(server: Server) -> None:
    commits: list[str] = []

    def lose_the_answer(data: bytes) -> bytes:
        if commits:  # the next thing that the server says is its answer to one
            raise ConnectionError
        return data

    url, _ = server.behind(server.url, lose_the_answer)
    outbox, direct = Outbox(Database(text(url))), Outbox(Database(text(server.url)))
    server.cleanup.callback(outbox.close)
    server.cleanup.callback(direct.close)
    direct.publish([event("e1")])
    demands = [LaneDemand(channel="ops", slots=5, ordered=True)]
    engine = outbox.database._opened()
    sa.event.listen(engine, "commit", lambda _: commits.append("lost"))
    with pytest.raises(DatabaseError) as caught:
        outbox.exchange("first", (), demands, unmoved)
    assert caught.value.while_committing
    assert direct.counts()["ops"].in_flight == 1, "the server has committed it"

    outbox.database._engine = None  # one that loses no answer
    commits.clear()
    [claim] = outbox.exchange("first", (), demands, unmoved).claims
    assert (claim.event_id, claim.attempt, claim.interruptions) == ("e1", 1, 0)
    assert outbox.attempts(claim.delivery_id) == []


def unmoved(health: ChannelHealth, ended: Any, now: int) -> ChannelHealth:
    return health


@servers
def test_looking_works_at_once_when_the_server_was_restarted_meanwhile(server: Server, host: MakesHost) -> None:
    url, proxy = server.behind(server.url)
    looking = host(text(url))
    looking.publish("one")
    assert looking.bus.outbox.counts()["hook"].due == 1
    proxy.cut()
    with pytest.raises(DatabaseError, match="cannot be reached"):
        looking.bus.outbox.counts()
    proxy.mend()
    assert looking.bus.outbox.counts()["hook"].due == 1
    proxy.cut()
    proxy.mend()
    assert looking.bus.outbox.counts()["hook"].due == 1, "the pool's connections are dead, and nobody was told"


@servers
def test_a_network_that_drops_a_connection_without_a_word_is_noticed(server: Server) -> None:
    database = Database(text(server.url))
    server.cleanup.callback(database.close)
    with database.read() as connection:
        driver: Any = connection.connection.driver_connection
        number = driver.fileno() if server.url.get_backend_name() == "postgresql" else driver._sock.fileno()
        plug = socket.socket(fileno=number)
        try:
            assert plug.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            options = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
            values = [plug.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in options]
        finally:
            plug.detach()
    assert values == [KEEPALIVE.idle, KEEPALIVE.interval, KEEPALIVE.count, KEEPALIVE.seconds * 1000]
