"""Leases and due times go by the database's clock: a process whose wall clock is wrong takes nothing early or late."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from bellwire.core.outbox import Database, DeliveryFilter, LaneDemand, Outbox
from bellwire.core.outbox.outbox import LEASE

from .conftest import MakesHost, Process, Server, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bellwire.core.outbox import ChannelHealth

servers = pytest.mark.parametrize("place", ["postgresql", "mysql"], indirect=True)
hours = pytest.mark.parametrize("hours", ["-1", "1"])
MINUTE = 60_000_000
WrongClock = Callable[..., str]


@pytest.fixture
def wrong_clock(run: Callable[..., Process], server: Server) -> WrongClock:
    """What a process says whose clock is so many hours off."""

    def tell(off: str, command: str) -> str:
        out, errors = run("wrong_clock.py", off, command, text(server.url)).communicate(timeout=60)
        assert not errors, errors
        return out.strip()

    return tell


def unmoved(health: ChannelHealth, ended: Sequence[bool], now: int) -> ChannelHealth:
    return health


def claimed(outbox: Outbox) -> list[str]:
    demands = [LaneDemand(channel="hook", slots=10, ordered=True)]
    return sorted(claim.event_id for claim in outbox.exchange("right", (), demands, unmoved).claims)


@servers
@hours
def test_what_a_host_with_a_wrong_clock_publishes_is_due_at_once(
    hours: str, server: Server, wrong_clock: WrongClock
) -> None:
    outbox = Outbox(Database(text(server.url)))
    server.cleanup.callback(outbox.close)
    assert wrong_clock(hours, "publish") == "published"
    with outbox.database.read() as connection:
        now = outbox.database.now(connection)
    for event in outbox.events():
        assert abs(event.created_at - now) < MINUTE
        assert all(abs(view.due_at - now) < MINUTE for view in outbox.deliveries_of(event.id))
    assert claimed(outbox) == ["alone", "within"]


@servers
@hours
def test_a_dispatcher_with_a_wrong_clock_takes_what_is_due_and_nothing_early(
    hours: str, server: Server, host: MakesHost, wrong_clock: WrongClock
) -> None:
    publisher = host(text(server.url))
    publisher.publish("due", "later")
    kind = {event.ordering_key: event.id for event in publisher.bus.outbox.events()}
    server.run(
        f"UPDATE bellwire_deliveries SET due_at = due_at + {30 * MINUTE} WHERE ordering_key = 'later'", url=server.url
    )
    assert wrong_clock(hours, "claim") == kind["due"]
    [view] = publisher.bus.outbox.deliveries_of(kind["due"])
    with publisher.bus.outbox.database.read() as connection:
        now = publisher.bus.outbox.database.now(connection)
        [[lease_until]] = connection.exec_driver_sql(
            "SELECT lease_until FROM bellwire_deliveries WHERE lease_until IS NOT NULL"
        )
    assert view.state == "claimed"
    assert 0 < lease_until - now <= LEASE


@servers
@hours
def test_a_lease_is_not_taken_over_early_nor_late_by_a_wrong_clock(
    hours: str, server: Server, host: MakesHost, wrong_clock: WrongClock
) -> None:
    publisher = host(text(server.url))
    publisher.publish("held", "expired")
    assert len(claimed(publisher.bus.outbox)) == 2
    server.run(
        f"UPDATE bellwire_deliveries SET lease_until = lease_until - {LEASE + 1_000_000} "
        "WHERE ordering_key = 'expired'",
        url=server.url,
    )
    assert wrong_clock(hours, "beat") == "1"
    states = {view.ordering_key: view.state for view in publisher.bus.outbox.deliveries(DeliveryFilter())}
    assert states == {"held": "claimed", "expired": "waiting"}
