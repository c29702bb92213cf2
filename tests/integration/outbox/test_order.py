"""Order: within a channel and a key one at a time, in publish order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bellwire.core.outbox import LaneDemand, OpenPlace, stranded, upkeep
from bellwire.core.outbox.tables import deliveries

from .conftest import unmoved

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection
    from tests.integration.outbox.conftest import Desk, End

SECOND = 1_000_000


def test_a_follower_is_not_claimed_before_its_head_settles(desk: Desk) -> None:
    desk.publish("head", "next", "last")
    (head,) = desk.claim()
    assert head.event_id == "head"
    assert desk.claim() == []
    assert [desk.state(event) for event in ("head", "next", "last")] == ["claimed", "parked", "parked"]


@pytest.mark.parametrize("how", ["sent", "failed"])
def test_when_a_head_settles_its_follower_is_free_and_the_one_after_that_is_not(desk: Desk, how: End) -> None:
    desk.publish("head", "next", "last")
    (head,) = desk.claim()
    desk.end(head, how)
    assert (desk.state("next"), desk.state("last")) == ("waiting", "parked")
    assert desk.claimed_ids() == ["next"]


@pytest.mark.parametrize("how", ["retry", "interrupted", "given back"])
def test_a_head_that_waits_for_its_next_attempt_holds_its_followers(desk: Desk, how: End) -> None:
    desk.publish("head", "next")
    (head,) = desk.claim()
    desk.end(head, how, delay=60)
    assert desk.claim() == []
    desk.time.passes(59)
    assert desk.claim() == []
    desk.time.passes(1)
    assert desk.claimed_ids() == ["head"]


def test_a_follower_published_while_its_head_is_out_is_parked_too(desk: Desk) -> None:
    desk.publish("head")
    (head,) = desk.claim()
    desk.publish("next")
    assert desk.claim() == []
    desk.end(head)
    assert desk.claimed_ids() == ["next"]


def test_settling_and_claiming_in_one_visit_brings_the_follower_at_once(desk: Desk) -> None:
    desk.publish("head", "next")
    (head,) = desk.claim()
    visit = desk.exchange([desk.settlement(head)], channels=["ops"])
    assert [claim.event_id for claim in visit.claims] == ["next"]


def test_other_keys_and_other_channels_go_on(desk: Desk) -> None:
    desk.publish("a1", "a2", key="a", channels=("ops", "chat"))
    desk.publish("b1", "b2", key="b", channels=("ops", "chat"))
    assert desk.claimed_ids("ops") == ["a1", "b1"]
    (first, _) = desk.claim("chat")
    desk.end(first)
    assert desk.claimed_ids("chat") == ["a2"]
    assert desk.state("a2", "ops") == "parked"


def test_without_order_they_go_as_they_come(desk: Desk) -> None:
    desk.publish("e1", "e2", "e3")
    assert desk.claimed_ids(ordered=False) == ["e1", "e2", "e3"]


def test_a_lane_whose_order_is_switched_off_frees_what_is_parked(desk: Desk) -> None:
    desk.publish("head", "next", channels=("ops", "chat"))
    desk.claim("ops")
    desk.claim("chat")
    assert desk.outbox.unpark("ops") == 1
    assert desk.claimed_ids("ops", ordered=False) == ["next"]
    assert desk.state("next", "chat") == "parked"


def test_the_sweep_frees_the_earliest_of_a_key_and_nothing_else(desk: Desk) -> None:
    """As a dispatcher leaves it that died between its settling and its releasing, were they not one transaction."""
    desk.publish("a1", "a2", "a3", key="a")
    desk.publish("b1", "b2", key="b")
    (first, _) = desk.claim()
    desk.end(first)
    desk.outbox.unpark("ops")  # a2, a3 and b2 are free now, against the order
    assert desk.claimed_ids(slots=10) == ["a2"]
    assert [desk.state(event) for event in ("a3", "b1", "b2")] == ["parked", "claimed", "parked"]
    assert desk.outbox.mend_order() == (0, None)
    desk.publish("c1", "c2", key="c")
    (c1,) = desk.claim()
    desk.end(c1)
    assert desk.state("c2") == "waiting"


def strand(desk: Desk, event: str, channel: str = "ops") -> None:
    """Parks what nothing blocks, as a release does that was missed."""
    parked = deliveries.update().where(deliveries.c.id == desk.view(event, channel).id)
    desk.outbox.database.write(lambda connection: connection.execute(parked.values(state="parked")))


def test_what_a_release_has_missed_is_freed_and_nothing_else(desk: Desk) -> None:
    desk.publish("a1", "a2", key="a")
    desk.publish("b1", "b2", key="b")
    strand(desk, "a1")
    assert len(desk.claim()) == 1, "of b alone"
    assert desk.outbox.mend_order() == (1, None)
    assert [desk.state(event) for event in ("a1", "a2", "b1", "b2")] == ["waiting", "parked", "claimed", "parked"]
    assert desk.outbox.mend_order() == (0, None)


def test_a_look_for_missed_releases_finds_the_same_in_slices_of_any_size(desk: Desk) -> None:
    for channel, key in (("chat", "a"), ("ops", "a"), ("ops", "b"), ("ops", "B"), ("tail", "")):
        desk.publish(*(f"{channel}-{key}-{number}" for number in range(3)), key=key, channels=[channel])
        desk.claim(channel)
    for event in ("chat-a-0", "ops-b-0", "ops-b-1", "tail--0"):
        strand(desk, event, channel=event.split("-")[0])
    for slice_ in (1, 2, 3, 4, 5, 50):
        found, after = [], None
        while True:
            with desk.outbox.database.read() as connection:
                keys, after = stranded.find(connection, after, desk.time.now, slice_=slice_)
            found += keys
            if after is None:
                break
        assert found == [("chat", "a"), ("ops", "b"), ("tail", "")], f"in slices of {slice_}"


def test_a_look_in_slices_goes_on_within_a_key_whose_first_ones_may_be_passed(desk: Desk) -> None:
    desk.publish("head", "next", "last")
    (head,) = desk.claim()
    desk.exchange([desk.settlement(head, "retry", delay=3600, patience=600)])
    desk.time.passes(600)
    assert desk.outbox.mend_order(slice_=1) == (0, OpenPlace("ops", "wf-1", head.seq))
    freed, after = desk.outbox.mend_order(OpenPlace("ops", "wf-1", head.seq), slice_=1)
    assert (freed, desk.state("next"), desk.state("last")) == (1, "waiting", "parked")
    assert desk.outbox.mend_order(after, slice_=1) == (0, None)


def test_a_lane_full_of_one_key_still_serves_the_others(desk: Desk) -> None:
    desk.outbox.publish([desk.new_event(f"a{number}", key="a") for number in range(300)])
    desk.publish("b", key="b")
    found: list[str] = []
    for _ in range(10):
        found += desk.claimed_ids(slots=4)
    assert found == ["a0", "b"]


def test_ten_thousand_of_one_key_drain_in_their_order(desk: Desk) -> None:
    amount = 10_000 if "sqlite" in desk.url else 1_000  # a server's round trips take their time, not its statements
    for start in range(0, amount, 1000):
        desk.outbox.publish([desk.new_event(f"e{number}") for number in range(start, start + 1000)])
    drained: list[str] = []
    visit = desk.exchange(channels=["ops"], slots=16)
    visits = 0
    while visit.claims or visit.unfinished:
        visits += 1
        assert len(visit.claims) <= 1
        drained += [claim.event_id for claim in visit.claims]
        visit = desk.exchange([desk.settlement(claim) for claim in visit.claims], channels=["ops"], slots=16)
    assert drained == [f"e{number}" for number in range(amount)]
    assert visits < amount * 1.1  # a visit in vain now and then, not one per delivery


def test_a_hundred_keys_interleave_and_each_keeps_its_order(desk: Desk) -> None:
    keys, each = 100, 8
    desk.outbox.publish(
        [desk.new_event(f"{key}-{number}", key=str(key)) for number in range(each) for key in range(keys)]
    )
    drained: list[str] = []
    visit = desk.exchange(channels=["ops"], slots=30)
    while visit.claims or visit.unfinished:
        assert len({claim.ordering_key for claim in visit.claims}) == len(visit.claims)
        drained += [claim.event_id for claim in visit.claims]
        visit = desk.exchange([desk.settlement(claim) for claim in visit.claims], channels=["ops"], slots=30)
    assert len(drained) == keys * each
    for key in range(keys):
        assert [one for one in drained if one.startswith(f"{key}-")] == [f"{key}-{number}" for number in range(each)]


def test_followers_pass_a_head_that_has_failed_for_longer_than_they_have_patience(desk: Desk) -> None:
    desk.publish("head", "next", "last")
    (head,) = desk.claim()
    desk.exchange([desk.settlement(head, "retry", delay=3600, patience=600)])
    desk.time.passes(599)
    desk.outbox.let_pass()
    assert desk.claim() == []
    desk.time.passes(1)
    desk.outbox.let_pass()
    (follower,) = desk.claim()
    assert follower.event_id == "next"
    assert desk.claim() == [], "those that pass keep their order among themselves"
    desk.end(follower)
    assert desk.claimed_ids() == ["last"]
    desk.time.passes(3000)
    assert desk.claimed_ids() == ["head"]


def test_a_key_is_not_released_again_and_again_while_one_that_may_not_be_passed_is_open(desk: Desk) -> None:
    """Whatever is parked in other keys, before it."""
    desk.publish("a1", "a2", key="a")
    desk.publish("b1", "b2", "b3", key="b")
    a1, b1 = sorted(desk.claim(), key=lambda claim: claim.seq)
    desk.exchange([desk.settlement(b1, "retry", delay=3600, patience=600)])
    desk.time.passes(600)
    desk.outbox.let_pass()
    assert desk.claimed_ids() == ["b2"]
    assert [desk.state(event) for event in ("a2", "b3")] == ["parked", "parked"]
    with desk.outbox.database.read() as connection:
        assert upkeep.impatient_keys(connection, desk.time.now) == []
    desk.end(a1)


def test_a_head_that_breaks_its_workers_holds_its_key_no_longer_than_one_that_fails(desk: Desk) -> None:
    demand = LaneDemand(channel="ops", slots=10, ordered=True, hold_key=600 * SECOND)
    desk.publish("head", "next")
    for interruption in range(12):
        claims = desk.outbox.exchange("first", [], [demand], unmoved).claims
        assert [claim.event_id for claim in claims] == ["head"]
        desk.end(claims[0], "interrupted", delay=50)
        desk.time.passes(50)
        desk.outbox.let_pass()
        assert desk.state("next") == "parked", f"after {interruption + 1} interruptions"
    desk.time.passes(50)
    desk.outbox.let_pass()
    claims = desk.outbox.exchange("first", [], [demand], unmoved).claims
    assert [claim.event_id for claim in claims] == ["head", "next"], "it is tried again for ever, and no longer alone"


def test_the_patience_counts_from_the_first_failure_not_from_the_latest(desk: Desk) -> None:
    desk.publish("head", "next")
    for _ in range(3):
        (head,) = desk.claim()
        assert head.event_id == "head"
        desk.exchange([desk.settlement(head, "retry", delay=250, patience=600)])
        desk.outbox.let_pass()
        desk.time.passes(250)
    desk.outbox.let_pass()
    assert sorted(desk.claimed_ids()) == ["head", "next"]


def test_one_that_is_published_after_the_patience_ended_need_not_wait_either(desk: Desk) -> None:
    desk.publish("head")
    (head,) = desk.claim()
    desk.exchange([desk.settlement(head, "retry", delay=3600, patience=600)])
    desk.time.passes(600)
    desk.publish("next")
    assert desk.claimed_ids() == ["next"]


def test_a_replayed_head_holds_its_key_again(desk: Desk) -> None:
    desk.publish("head")
    (head,) = desk.claim()
    desk.exchange([desk.settlement(head, "retry", delay=1, patience=5)])
    desk.time.passes(10)
    (head,) = desk.claim()
    desk.end(head, "failed")
    desk.outbox.replay([head.delivery_id])
    desk.publish("next")
    assert desk.claimed_ids() == ["head"]
    assert desk.claim() == []


def test_cancelling_a_head_frees_its_follower(desk: Desk) -> None:
    desk.publish("head", "next")
    (head,) = desk.claim()
    desk.end(head, "retry", delay=60)
    assert desk.claim() == []
    assert desk.outbox.cancel([head.delivery_id]) == (head.delivery_id,)
    assert desk.state("head") == "cancelled"
    assert desk.claimed_ids() == ["next"]
    desk.time.passes(3600)
    assert desk.claim() == []


def test_only_what_waits_can_be_cancelled(desk: Desk) -> None:
    desk.publish("head", "next")
    desk.publish("done", key="other")
    head, done = desk.claim()
    desk.end(done)
    parked = desk.view("next").id
    ids = [head.delivery_id, done.delivery_id, parked, "nobody"]
    assert desk.outbox.cancel(ids) == (parked,)
    assert [desk.state(event) for event in ("head", "next", "done")] == ["claimed", "cancelled", "delivered"]
    assert desk.outbox.cancel([]) == ()


def test_purging_a_head_frees_its_follower_and_leaves_nothing_of_it(desk: Desk) -> None:
    desk.publish("head", "next", channels=("ops", "chat"))
    (head,) = desk.claim()
    desk.end(head, "retry", delay=60)
    (chat,) = desk.claim("chat")
    assert desk.outbox.purge_event("head") == 2
    assert desk.outbox.events(event_id="head") == []
    assert desk.outbox.attempts(head.delivery_id) == []
    assert desk.claimed_ids() == ["next"]
    assert not desk.end(chat), "what was purged while it was under way settles nothing"
    assert desk.claimed_ids("chat") == ["next"]
    assert desk.outbox.purge_event("nobody") == 0


def test_letting_pass_writes_nothing_where_nobody_is_held(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead receiver leaves any number of deliveries that fail for long, and a heartbeat comes every five seconds."""
    for number in range(5):
        desk.publish(f"e{number}", key=str(number))
    claims = desk.claim()
    desk.exchange([desk.settlement(claim, "retry", delay=3600, patience=600) for claim in claims])
    desk.publish("follower", key="3")
    assert desk.claim() == []
    desk.time.passes(600)
    written: list[object] = []
    write = desk.outbox.database.write

    def counted(work: Callable[[Connection], object]) -> object:
        written.append(work)
        return write(work)

    monkeypatch.setattr(desk.outbox.database, "write", counted)
    desk.outbox.let_pass()
    assert (len(written), desk.state("follower")) == (1, "waiting")
    desk.outbox.let_pass()
    assert len(written) == 1, "it is free already"
    monkeypatch.undo()
    assert desk.claimed_ids() == ["follower"]


def test_of_those_that_pass_the_next_one_is_freed_by_the_one_before_it(desk: Desk) -> None:
    desk.publish("head", "a", "b", "c")
    (head,) = desk.claim()
    desk.exchange([desk.settlement(head, "retry", delay=3600, patience=600)])
    assert desk.claim() == []
    desk.time.passes(600)
    desk.outbox.let_pass()
    for expected in ("a", "b", "c"):
        (claim,) = desk.claim()
        desk.outbox.let_pass()
        assert claim.event_id == expected
        assert desk.claim() == []
        desk.end(claim, "failed")


def test_what_comes_later_and_waits_does_not_keep_those_that_may_pass(desk: Desk) -> None:
    desk.publish("head", "next")
    (head,) = desk.claim()
    desk.exchange([desk.settlement(head, "retry", delay=3600, patience=600)])
    assert desk.claim() == []
    desk.time.passes(600)
    desk.publish("new")
    desk.outbox.let_pass()
    assert desk.state("next") == "waiting"


def test_one_that_was_parked_again_after_it_had_failed_itself_is_not_forgotten(desk: Desk) -> None:
    """It passed the head and failed; the head counts again, because its receiver was down; then both lose patience."""
    desk.publish("head", "next", "last")
    (head,) = desk.claim()
    desk.exchange([desk.settlement(head, "retry", delay=7200, patience=600)])
    assert desk.claim() == []
    desk.time.passes(600)
    desk.outbox.let_pass()
    (passing,) = desk.claim()
    desk.exchange([desk.settlement(passing, "retry", delay=10, patience=600)])
    desk.outbox.database.write(lambda connection: upkeep.be_patient(connection, "ops", 60 * SECOND))
    desk.time.passes(20)
    assert desk.claim() == []
    assert [desk.state(event) for event in ("head", "next", "last")] == ["waiting", "parked", "parked"]
    desk.time.passes(1200)
    desk.outbox.let_pass()
    (again,) = desk.claim()
    assert again.event_id == "next"
    desk.outbox.let_pass()
    assert desk.claimed_ids() == ["last"], "that one has failed for long too, and holds nobody"


@pytest.mark.parametrize("how", ["sent", "cancelled", "purged"])
def test_whatever_ends_the_head_frees_one_that_has_failed_for_long_itself(desk: Desk, how: str) -> None:
    """As a probe parks it: while a lane holds, nobody passes anybody, however long both have failed."""
    desk.publish("head", "next")
    (head,) = desk.claim()
    desk.exchange([desk.settlement(head, "retry", delay=3600, patience=600)])
    assert desk.claim() == []
    desk.time.passes(600)
    desk.outbox.let_pass()
    (passing,) = desk.claim()
    desk.exchange([desk.settlement(passing, "retry", delay=10, patience=30)])
    desk.time.passes(100)
    probe = LaneDemand(channel="ops", slots=1, ordered=True, patient=True)
    assert desk.outbox.exchange("first", [], [probe], lambda health, *_: health).claims == ()
    assert (desk.state("head"), desk.state("next")) == ("waiting", "parked")
    if how == "sent":
        desk.time.passes(3600)
        (claim,) = desk.claim()
        assert claim.event_id == "head"
        desk.end(claim)
    elif how == "cancelled":
        desk.outbox.cancel([head.delivery_id])
    else:
        desk.outbox.purge_event("head")
    assert desk.claimed_ids() == ["next"]
