"""What replicas share about a channel: paused or not, failing, held by its breaker."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import pytest
import sqlalchemy as sa

from bellwire.core.outbox import ChannelHealth, LaneDemand

if TYPE_CHECKING:
    from tests.integration.outbox.conftest import Desk

MINUTE = 60_000_000


def holding(health: ChannelHealth, ended: Sequence[bool], now: int) -> ChannelHealth:
    """An advance that holds for a minute at each failure, and is well again at a success."""
    if ended[-1]:
        return attrs.evolve(health, failures=0, held_until=None, last_success_at=now)
    return attrs.evolve(health, failures=health.failures + 1, failing_since=now, held_until=now + MINUTE)


def demand(slots: int = 10) -> list[LaneDemand]:
    return [LaneDemand(channel="ops", slots=slots, ordered=False)]


def publish(desk: Desk, amount: int) -> None:
    for number in range(amount):
        desk.publish(f"e{number}", key=str(number))


def test_a_paused_channel_is_claimed_by_nobody_until_it_is_resumed(desk: Desk) -> None:
    desk.publish("e1", channels=("ops", "chat"))
    desk.outbox.set_paused("ops", paused=True)
    assert desk.claim("ops") == []
    other = desk.another()
    assert other.exchange("second", [], demand(), holding).claims == ()
    other.close()
    assert len(desk.claim("chat")) == 1
    assert desk.outbox.health()["ops"].paused
    desk.outbox.set_paused("ops", paused=False)
    assert desk.claimed_ids("ops") == ["e1"]


def test_pausing_does_not_stop_what_is_under_way_from_settling(desk: Desk) -> None:
    desk.publish("e1")
    (claim,) = desk.claim()
    desk.outbox.set_paused("ops", paused=True)
    assert desk.end(claim)
    assert desk.state("e1") == "delivered"


def test_pausing_keeps_what_was_known_of_the_channel(desk: Desk) -> None:
    publish(desk, 1)
    visit = desk.outbox.exchange("first", [], demand(), holding)
    desk.outbox.exchange("first", [desk.settlement(visit.claims[0], "retry")], [], holding)
    desk.outbox.set_paused("ops", paused=True)
    health = desk.outbox.health()["ops"]
    assert (health.paused, health.failures, health.held_until) == (True, 1, desk.time.now + MINUTE)


def test_health_moves_by_how_attempts_end_and_the_visit_tells_what_it_was_and_became(desk: Desk) -> None:
    publish(desk, 2)
    claims = desk.outbox.exchange("first", [], demand(), holding).claims
    visit = desk.outbox.exchange("first", [desk.settlement(claims[0], "retry")], [], holding)
    ((before, after),) = visit.health
    assert (before, after.failures) == (ChannelHealth(channel="ops"), 1)
    assert desk.outbox.health() == {"ops": after}
    visit = desk.outbox.exchange("first", [desk.settlement(claims[1])], [], holding)
    ((before, again),) = visit.health
    assert before == after
    assert again.failures == 0


def test_interrupted_and_stale_attempts_say_nothing_about_a_channels_health(desk: Desk) -> None:
    publish(desk, 3)
    one, two, three = desk.outbox.exchange("first", [], demand(), holding).claims
    desk.end(three)
    settlements = [
        desk.settlement(one, "interrupted"),
        desk.settlement(two, "given back"),
        desk.settlement(three, "failed"),
    ]
    visit = desk.outbox.exchange("first", settlements, [], holding)
    assert len(visit.settled) == 2
    assert visit.health == ()


def test_a_held_channel_is_left_alone_and_then_probed_with_one_delivery(desk: Desk) -> None:
    publish(desk, 5)
    claims = desk.outbox.exchange("first", [], demand(slots=2), holding).claims
    settlements = [desk.settlement(claim, "retry") for claim in claims]
    visit = desk.outbox.exchange("first", settlements, demand(), holding)
    assert visit.claims == ()
    desk.time.passes(59)
    assert desk.outbox.exchange("first", [], demand(), holding).claims == ()
    desk.time.passes(1)
    probe = desk.outbox.exchange("first", [], demand(), holding).claims
    assert len(probe) == 1
    assert desk.outbox.exchange("second", [], demand(), holding).claims == (), "two replicas must not probe at once"
    desk.outbox.exchange("first", [desk.settlement(probe[0], "retry")], [], holding)
    desk.time.passes(59)
    assert desk.outbox.exchange("first", [], demand(), holding).claims == ()
    desk.time.passes(1)
    (probe_again,) = desk.outbox.exchange("second", [], demand(), holding).claims
    visit = desk.outbox.exchange("second", [desk.settlement(probe_again)], demand(), holding)
    assert len(visit.claims) == 4
    assert desk.outbox.health()["ops"].held_until is None


def test_a_held_channel_holds_nobody_else(desk: Desk) -> None:
    desk.publish("e1", channels=("ops", "chat"))
    (claim,) = desk.outbox.exchange("first", [], demand(), holding).claims
    both = [*demand(), LaneDemand(channel="chat", slots=5, ordered=True)]
    visit = desk.outbox.exchange("first", [desk.settlement(claim, "retry")], both, holding)
    assert [claim.channel for claim in visit.claims] == ["chat"]


def test_of_two_replicas_that_come_to_probe_at_the_same_moment_one_does(desk: Desk) -> None:
    if "sqlite" in desk.url:
        pytest.skip("one writer at a time: the two cannot meet")
    publish(desk, 3)
    (claim, *_) = desk.outbox.exchange("first", [], demand(1), holding).claims
    desk.outbox.exchange("first", [desk.settlement(claim, "retry")], [], holding)
    desk.time.passes(60)
    probes: list[int] = []

    def probe() -> None:
        probes.append(len(desk.outbox.exchange("second", [], demand(), holding).claims))

    second = threading.Thread(target=probe)
    engine = sa.create_engine(desk.outbox.database._opened().url, isolation_level="READ COMMITTED")
    with engine.connect() as connection, connection.begin():
        probes.append(len(desk.outbox._exchange(connection, "first", [], demand(), holding, token=1).claims))
        second.start()
        second.join(0.3)
    engine.dispose()
    second.join(30)
    assert probes == [1, 0]
