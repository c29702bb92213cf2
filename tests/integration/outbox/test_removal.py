"""Cancelled, purged, given to another channel: also in the midst of what else goes on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from bellwire.core.outbox.tables import attempts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.outbox.conftest import Desk


def many(desk: Desk) -> int:
    """More ids than the database takes parameters in one statement."""
    return 260_000 if "sqlite" in desk.url else 70_000


def during(desk: Desk, first: Callable[[sa.Connection], object], second: Callable[[], Any]) -> Any:
    """What *second* returns, begun while *first* is done and not committed."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(second()))
    engine = sa.create_engine(desk.outbox.database._opened().url, isolation_level="READ COMMITTED")
    with engine.connect() as connection, connection.begin():
        first(connection)
        thread.start()
        thread.join(0.3)
    engine.dispose()
    thread.join(30)
    (returned,) = result
    return returned


def attempts_left(desk: Desk) -> int:
    with desk.outbox.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(attempts)).scalar_one())


def test_of_any_number_of_ids_those_that_wait_are_cancelled(desk: Desk) -> None:
    desk.publish("e1", "e2")
    strangers = [f"nobody-{number}" for number in range(many(desk))]
    wanted = [desk.view("e2").id, *strangers, desk.view("e1").id, desk.view("e1").id]
    assert sorted(desk.outbox.cancel(wanted)) == sorted({wanted[0], wanted[-1]})
    assert (desk.state("e1"), desk.state("e2"), desk.claim()) == ("cancelled", "cancelled", [])


def test_a_cancelled_delivery_says_nothing_about_its_channels_health_and_can_be_replayed(desk: Desk) -> None:
    desk.publish("e1")
    delivery = desk.view("e1").id
    desk.outbox.cancel([delivery])
    assert desk.outbox.health() == {}
    assert desk.outbox.counts() == {}
    assert desk.outbox.replay([delivery]).reopened == (delivery,)
    assert desk.claimed_ids() == ["e1"]


def test_one_that_is_being_claimed_is_not_cancelled(desk: Desk) -> None:
    if "sqlite" in desk.url:
        pytest.skip("one writer at a time: the two cannot meet")
    from bellwire.core.outbox import LaneDemand
    from bellwire.core.outbox.backends import server_statements

    desk.publish("e1")
    ids = [desk.view("e1").id]

    def claim(connection: sa.Connection) -> None:
        now, demand = desk.time.now, LaneDemand(channel="ops", slots=1, ordered=True)
        server_statements.claim(connection, [demand], now=now, token=7, lease_until=now + 1, dispatcher="first")

    assert during(desk, claim, lambda: desk.outbox.cancel(ids)) == ()
    assert desk.state("e1") == "claimed"


def test_claims_and_cancels_that_race_agree_about_each_delivery(desk: Desk) -> None:
    desk.outbox.publish([desk.new_event(f"e{number}", key=str(number)) for number in range(200)])
    ids = [view.id for number in range(200) for view in desk.outbox.deliveries_of(f"e{number}")]
    cancelled: list[str] = []
    claimed: list[str] = []

    def cancel() -> None:
        for delivery_id in reversed(ids):
            cancelled.extend(desk.outbox.cancel([delivery_id]))

    thread = threading.Thread(target=cancel)
    thread.start()
    while found := desk.claim(slots=5):
        claimed += [claim.delivery_id for claim in found]
    thread.join(60)
    assert sorted(claimed + cancelled) == sorted(ids), "each is the one or the other, and none is both"
    assert all(desk.end(claim) is False for claim in desk.claim(slots=200))


def test_an_outcome_that_comes_after_the_purge_is_dropped_and_its_batch_is_kept(desk: Desk) -> None:
    desk.publish("purged", key="a")
    desk.publish("kept", key="b")
    claims = desk.claim()
    assert desk.outbox.purge_event("purged") == 1
    visit = desk.exchange([desk.settlement(claim) for claim in claims], channels=["ops"])
    assert [settled.claim.event_id for settled in visit.settled] == ["kept"]
    assert (desk.state("kept"), desk.outcomes("kept"), attempts_left(desk)) == ("delivered", [(1, "sent")], 1)


def test_a_purge_that_meets_a_settlement_leaves_no_attempt_behind(desk: Desk) -> None:
    if "sqlite" in desk.url:
        pytest.skip("one writer at a time: the two cannot meet")
    from bellwire.core.outbox.backends import server_statements

    desk.publish("e1")
    (claim,) = desk.claim()
    settlement = desk.settlement(claim)

    def settle(connection: sa.Connection) -> None:
        server_statements.settle(connection, [settlement], now=desk.time.now, dispatcher="first")

    assert during(desk, settle, lambda: desk.outbox.purge_event("e1")) == 1
    assert (desk.outbox.events(event_id="e1"), attempts_left(desk)) == ([], 0)


def test_an_event_is_purged_from_every_channel_whatever_its_deliveries_are_doing(desk: Desk) -> None:
    channels = ("waiting", "claimed", "delivered", "failed", "retrying")
    desk.publish("e1", channels=channels)
    for channel, how in (("claimed", None), ("delivered", "sent"), ("failed", "failed"), ("retrying", "retry")):
        (claim,) = desk.claim(channel)
        if how is not None:
            desk.end(claim, how, delay=60)  # type: ignore[arg-type]  # a tuple's items are just str
    assert desk.outbox.purge_event("e1") == len(channels)
    assert (desk.outbox.counts(), attempts_left(desk)) == ({}, 0)


def test_a_purged_id_may_be_published_again(desk: Desk) -> None:
    desk.publish("e1")
    desk.outbox.purge_event("e1")
    desk.publish("e1")
    assert desk.claimed_ids() == ["e1"]


def test_a_channel_is_given_what_it_had_not_wanted_once_and_in_publish_order(desk: Desk) -> None:
    desk.publish("e1", "e2", channels=())
    desk.publish("e3", channels=("chat",))
    strangers = [f"nobody-{number}" for number in range(many(desk))]
    added = desk.outbox.deliver_to(["e3", "e2", *strangers, "e1", "e1"], "chat")
    assert added == (desk.view("e1", "chat").id, desk.view("e2", "chat").id)
    assert desk.outbox.deliver_to(["e1", "e2", "e3"], "chat") == ()
    assert desk.claimed_ids("chat", ordered=False) == ["e3", "e1", "e2"]


def test_two_who_give_a_channel_the_same_event_at_once_give_it_one_delivery(desk: Desk) -> None:
    for number in range(20):
        desk.publish(f"e{number}", channels=())
    added: list[tuple[str, ...]] = []
    barrier = threading.Barrier(2)

    def give() -> None:
        for number in range(20):
            barrier.wait(30)
            added.append(desk.outbox.deliver_to([f"e{number}"], "chat"))

    threads = [threading.Thread(target=give) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(map(len, added)) == [0] * 20 + [1] * 20
