"""Claiming: what is due, for lanes that are open, no more than they have slots, and never to two."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import attrs
import pytest

from bellwire.core.outbox import LaneDemand
from bellwire.core.outbox.outbox import LEASE

if TYPE_CHECKING:
    from tests.integration.outbox.conftest import Desk

SECOND = 1_000_000


def test_a_claim_carries_all_that_a_dispatcher_needs(desk: Desk) -> None:
    event = attrs.evolve(desk.new_event("e1", key="wf-9"), trace="00-abc-def-01", payload='{"a":1}')
    desk.outbox.publish([event])
    (claim,) = desk.claim()
    assert (claim.delivery_id, claim.channel, claim.ordering_key) == (event.wanted_by["ops"], "ops", "wf-9")
    assert (claim.event_id, claim.kind, claim.payload, claim.trace) == ("e1", "workflow", '{"a":1}', "00-abc-def-01")
    assert (claim.attempts, claim.attempt, claim.budget_start, claim.interruptions, claim.error) == (0, 1, 0, 0, None)


def test_a_claimed_delivery_names_its_dispatcher_until_it_settles(desk: Desk) -> None:
    desk.publish("e1")
    (claim,) = desk.claim(dispatcher="second")
    assert desk.view("e1").dispatcher == "second"
    desk.end(claim, dispatcher="second")
    assert desk.view("e1").dispatcher is None


@pytest.mark.parametrize("slots", [1, 7, 50])
def test_a_claim_takes_no_more_than_there_are_slots_and_says_that_more_may_be_due(desk: Desk, slots: int) -> None:
    desk.outbox.publish([desk.new_event(f"e{number}", key=str(number)) for number in range(60)])
    visit = desk.exchange(channels=["ops"], slots=slots)
    assert [claim.event_id for claim in visit.claims] == [f"e{number}" for number in range(slots)]
    assert visit.unfinished == {"ops"}


def test_a_claim_that_takes_all_does_not_say_that_more_is_due(desk: Desk) -> None:
    desk.outbox.publish([desk.new_event(f"e{number}", key=str(number)) for number in range(3)])
    visit = desk.exchange(channels=["ops"], slots=4)
    assert (len(visit.claims), visit.unfinished) == (3, frozenset())


def test_the_slots_of_one_lane_are_not_spent_on_another(desk: Desk) -> None:
    for number in range(6):
        desk.publish(f"e{number}", key=str(number), channels=("ops", "chat"))
    demands = [LaneDemand(channel="ops", slots=2, ordered=True), LaneDemand(channel="chat", slots=3, ordered=False)]
    visit = desk.outbox.exchange("first", [], demands, lambda health, *_: health)
    assert Counter(claim.channel for claim in visit.claims) == {"ops": 2, "chat": 3}


def test_a_channel_that_nobody_here_asks_for_waits(desk: Desk) -> None:
    desk.publish("e1", channels=("unknown-here",))
    assert desk.claim("ops") == []
    assert desk.state("e1", "unknown-here") == "waiting"
    assert desk.claimed_ids("unknown-here") == ["e1"]


def test_what_is_due_later_is_claimed_later_and_the_visit_says_when(desk: Desk) -> None:
    desk.publish("e1", key="a")
    desk.publish("e2", key="b")
    first, second = desk.claim()
    desk.exchange([desk.settlement(first, "retry", delay=30), desk.settlement(second, "retry", delay=10)])
    visit = desk.exchange(channels=["ops"])
    assert (visit.claims, visit.next_due_in) == ((), 10 * SECOND)
    desk.time.passes(10)
    visit = desk.exchange(channels=["ops"])
    assert ([claim.event_id for claim in visit.claims], visit.next_due_in) == (["e2"], 20 * SECOND)
    assert desk.exchange(channels=["chat"]).next_due_in is None


def test_what_was_due_first_goes_first(desk: Desk) -> None:
    for event in ("a", "b", "c"):
        desk.publish(event, key=event)
    claims = desk.claim()
    delays = {"a": 3, "b": 1, "c": 2}
    desk.exchange([desk.settlement(claim, "retry", delay=delays[claim.event_id]) for claim in claims])
    desk.time.passes(5)
    assert [desk.claimed_ids(slots=1)[0] for _ in range(3)] == ["b", "c", "a"]


def test_a_visit_without_demands_claims_nothing(desk: Desk) -> None:
    desk.publish("e1")
    visit = desk.exchange()
    assert (visit.claims, visit.unfinished) == ((), frozenset())
    assert desk.state("e1") == "waiting"


def test_each_claim_has_a_token_of_its_own(desk: Desk) -> None:
    desk.publish("e1")
    tokens = set()
    for _ in range(20):
        (claim,) = desk.claim()
        tokens.add(claim.lease_token)
        desk.end(claim, "given back")
    assert len(tokens) == 20


def test_what_was_claimed_is_not_claimed_again_until_its_lease_ends(desk: Desk) -> None:
    desk.publish("e1")
    desk.claim()
    desk.time.passes(LEASE / SECOND)
    assert desk.beat("second") == 0
    assert desk.claim(dispatcher="second") == []


@pytest.mark.parametrize("ordered", [True, False])
def test_claimers_that_race_never_get_the_same_delivery_and_get_them_all(desk: Desk, ordered: bool) -> None:
    amount, claimers = 600, 4
    desk.outbox.publish([desk.new_event(f"e{number}", key=str(number % 200)) for number in range(amount)])
    others = [desk.another() for _ in range(claimers)]
    claimed: list[str] = []
    broken_order: list[str] = []
    errors: list[BaseException] = []
    lock = threading.Lock()
    last: dict[str, int] = {}

    def drain(number: int) -> None:
        try:
            demand = [LaneDemand(channel="ops", slots=5, ordered=ordered)]
            held = list(others[number].exchange(str(number), [], demand, lambda health, *_: health).claims)
            idle = 0
            while idle < 50:
                with lock:
                    for claim in held:
                        claimed.append(claim.delivery_id)
                        if claim.seq <= last.get(claim.ordering_key, 0):
                            broken_order.append(claim.event_id)
                        last[claim.ordering_key] = claim.seq
                settlements = [desk.settlement(claim) for claim in held]
                visit = others[number].exchange(str(number), settlements, demand, lambda health, *_: health)
                assert len(visit.settled) == len(held)
                held = list(visit.claims)
                idle = 0 if held else idle + 1
                if not held and not desk.outbox.counts():
                    return
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=drain, args=(number,)) for number in range(claimers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for other in others:
        other.close()
    assert errors == []
    assert len(claimed) == amount
    assert set(Counter(claimed).values()) == {1}
    if ordered:
        assert broken_order == []
    assert desk.outbox.counts() == {}
