"""What is kept, for how long, and what is never removed: whatever still waits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import attrs
import pytest
import sqlalchemy as sa

from bellwire.core.outbox import Retention, replay
from bellwire.core.outbox.tables import attempts, deliveries, events

if TYPE_CHECKING:
    from tests.integration.outbox.conftest import Desk, End

DAY = 86_400
KEEP = Retention(delivered=30 * DAY * 1_000_000, failed=90 * DAY * 1_000_000)


def expire(desk: Desk, keep: Retention = KEEP) -> int:
    """Everything that may go; how many events went."""
    removed, after = 0, 0
    while True:
        gone, next_after = desk.outbox.expire(after, keep)
        removed += gone
        if next_after is None:
            return removed
        after = next_after


def rows(desk: Desk) -> tuple[int, int, int]:
    """How many events, deliveries and attempts there are."""
    with desk.outbox.database.read() as connection:
        counts = [connection.execute(sa.select(sa.func.count()).select_from(t)) for t in (events, deliveries, attempts)]
        return tuple(count.scalar_one() for count in counts)  # type: ignore[return-value]  # three of them


def deliver(desk: Desk, *ids: str, how: End = "sent") -> None:
    """Publishes *ids*, and ends each in channel ops."""
    for event_id in ids:
        desk.publish(event_id, key=event_id)
        (claim,) = desk.claim()
        desk.end(claim, how)


@pytest.mark.parametrize(("how", "days"), [("sent", 30), ("failed", 90)])
def test_each_is_kept_for_its_time_and_then_goes_with_its_attempts(desk: Desk, how: End, days: int) -> None:
    deliver(desk, "e1", how=how)
    desk.time.passes(days * DAY)
    assert expire(desk) == 0
    assert rows(desk) == (1, 1, 1)
    desk.time.passes(0.000_001)
    assert expire(desk) == 1
    assert rows(desk) == (0, 0, 0)


def test_the_time_counts_from_when_it_settled(desk: Desk) -> None:
    desk.publish("e1")
    desk.time.passes(60 * DAY)
    desk.end(desk.claim()[0])
    desk.time.passes(29 * DAY)
    assert expire(desk) == 0
    desk.time.passes(2 * DAY)
    assert expire(desk) == 1


def test_what_was_cancelled_is_kept_as_long_as_what_was_delivered(desk: Desk) -> None:
    desk.publish("e1")
    desk.outbox.cancel([desk.view("e1").id])
    desk.time.passes(30 * DAY)
    assert expire(desk) == 0
    desk.time.passes(1)
    assert expire(desk) == 1


@pytest.mark.parametrize("state", ["waiting", "parked", "claimed", "retrying"])
def test_what_still_waits_is_never_removed(desk: Desk, state: str) -> None:
    desk.publish("head", "e1", channels=("ops", "chat"))
    (chat,) = desk.claim("chat")
    desk.end(chat)
    (head, *_) = desk.claim() if state != "waiting" else (None,)
    if state == "retrying" and head is not None:
        desk.end(head, "retry", delay=3600)
    desk.time.passes(1000 * DAY)
    assert expire(desk) == 0
    assert rows(desk)[:2] == (2, 4)


def test_an_event_goes_when_the_last_of_its_deliveries_may(desk: Desk) -> None:
    desk.publish("e1", channels=("ops", "chat"))
    desk.end(desk.claim("ops")[0])
    desk.end(desk.claim("chat")[0], "failed")
    desk.time.passes(89 * DAY)
    assert expire(desk) == 0
    desk.time.passes(2 * DAY)
    assert expire(desk) == 1


def test_an_event_that_no_channel_wanted_goes_as_what_was_delivered(desk: Desk) -> None:
    desk.publish("e1", channels=())
    desk.time.passes(30 * DAY)
    short = attrs.evolve(KEEP, failed=DAY * 1_000_000)
    assert (expire(desk), expire(desk, short)) == (0, 0)
    desk.time.passes(1)
    assert expire(desk) == 1


def test_nothing_is_kept_longer_than_the_next_look_with_a_time_of_zero(desk: Desk) -> None:
    deliver(desk, "done")
    deliver(desk, "failed", how="failed")
    desk.publish("waits")
    desk.time.passes(0.000_001)
    assert expire(desk, Retention(delivered=0, failed=0)) == 2
    assert [desk.state("waits"), len(desk.outbox.events())] == ["waiting", 1]


def test_it_goes_in_small_batches_past_what_is_kept(desk: Desk) -> None:
    desk.outbox.publish([desk.new_event(f"e{number}", key=str(number)) for number in range(450)])
    claims = desk.claim(slots=450)
    desk.exchange([desk.settlement(claim) for claim in claims if claim.event_id != "e7"])
    desk.time.passes(31 * DAY)
    first = desk.outbox.expire(0, KEEP)
    assert first[0] == 199
    assert first[1] is not None
    second = desk.outbox.expire(first[1], KEEP)
    assert second[0] == 200
    assert second[1] is not None
    assert desk.outbox.expire(second[1], KEEP) == (50, None)
    assert [event.id for event in desk.outbox.events()] == ["e7"]
    assert expire(desk) == 0


def test_one_that_is_being_reopened_is_not_removed(desk: Desk) -> None:
    if "sqlite" in desk.url:
        pytest.skip("one writer at a time: the two cannot meet")
    deliver(desk, "e1", how="failed")
    desk.time.passes(91 * DAY)
    removed: list[int] = []
    expiring = threading.Thread(target=lambda: removed.append(expire(desk)))
    engine = sa.create_engine(desk.outbox.database._opened().url, isolation_level="READ COMMITTED")
    with engine.connect() as connection, connection.begin():
        replay.reopen(connection, [desk.view("e1").id], desk.time.now)
        expiring.start()
        expiring.join(0.5)
    engine.dispose()
    expiring.join(30)
    assert removed == [0]
    assert desk.claimed_ids() == ["e1"]
