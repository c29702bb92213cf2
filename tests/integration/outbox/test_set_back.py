"""The database's clock is set back by an hour: what was due is due, and no lease lasts the longer for it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs
import pytest

from bellwire.core.outbox import LEASE, ChannelHealth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.integration.outbox.conftest import Desk

HOUR = 3600


def test_what_was_due_before_is_due_at_the_next_heartbeat(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.beat()
    desk.publish("a")
    desk.time.passes(-HOUR)
    assert desk.claimed_ids() == [], "it would have waited for an hour"
    with caplog.at_level(logging.WARNING, "bellwire.outbox"):
        desk.beat()
    assert "the database's clock was set back by 3600 s; due times follow it" in caplog.messages
    assert desk.claimed_ids() == ["a"]


def test_what_waits_for_its_time_waits_no_longer_than_it_should(desk: Desk) -> None:
    desk.publish("a")
    (claim,) = desk.claim()
    desk.end(claim, "retry", delay=60)
    desk.beat()
    desk.time.passes(-HOUR)
    desk.beat()
    assert desk.claimed_ids() == []
    desk.time.passes(59)
    assert desk.claimed_ids() == []
    desk.time.passes(1)
    assert desk.claimed_ids() == ["a"]


def test_several_dispatchers_mend_it_once(desk: Desk) -> None:
    desk.publish("a")
    (claim,) = desk.claim()
    desk.end(claim, "retry", delay=1.5 * HOUR)
    desk.beat("first")
    desk.beat("second")
    desk.time.passes(-HOUR)
    for dispatcher in ("first", "second", "third", "first", "second"):
        desk.beat(dispatcher)
    desk.time.passes(1.5 * HOUR - 1)
    assert desk.claimed_ids() == []
    desk.time.passes(1)
    assert desk.claimed_ids() == ["a"]


def test_followers_of_a_key_come_at_once_too(desk: Desk) -> None:
    desk.beat()
    desk.publish("a", "b", "c")
    (claim,) = desk.claim()
    desk.time.passes(-HOUR)
    desk.beat()
    desk.end(claim)
    assert desk.claimed_ids() == ["b"]


def test_what_was_published_while_nobody_dispatched_is_due_at_the_first_heartbeat(desk: Desk) -> None:
    desk.publish("a", "b")
    desk.time.passes(-HOUR)
    desk.beat()
    (claim,) = desk.claim()
    desk.end(claim)
    assert desk.claimed_ids() == ["b"]


def test_what_was_published_after_the_last_dispatcher_went_is_due_at_the_first_heartbeat(desk: Desk) -> None:
    desk.beat("first")
    desk.time.passes(HOUR - 60)
    desk.publish("a")
    desk.time.passes(-HOUR)
    desk.beat("second")
    assert desk.claimed_ids() == ["a"]


def test_a_dead_workers_lease_ends_as_soon_as_any(desk: Desk) -> None:
    desk.publish("a")
    desk.claim(dispatcher="first")
    desk.beat("first")
    desk.time.passes(-HOUR)
    assert desk.beat("second") == 0
    desk.time.passes(LEASE / 1_000_000 + 1)
    assert desk.beat("second") == 1
    assert desk.outcomes("a") == [(1, "interrupted")]


def test_a_lease_that_was_renewed_since_is_not_cut_short(desk: Desk) -> None:
    desk.publish("a")
    (claim,) = desk.claim()
    desk.beat()
    desk.time.passes(-HOUR)
    desk.outbox.renew([claim])
    assert desk.beat() == 0
    desk.time.passes(LEASE / 1_000_000 - 1)
    assert desk.beat("second") == 0
    assert desk.end(claim)


def test_the_patience_of_an_order_ends_when_it_should(desk: Desk) -> None:
    desk.publish("a", "b")
    (claim,) = desk.claim()
    desk.exchange([desk.settlement(claim, "retry", delay=2 * HOUR, patience=60)])
    desk.beat()
    desk.time.passes(-HOUR)
    desk.beat()
    desk.time.passes(61)
    desk.outbox.let_pass()
    assert desk.claimed_ids() == ["b"]


def test_a_second_more_or_less_changes_nothing(desk: Desk) -> None:
    desk.beat()
    desk.publish("a")
    desk.time.passes(-1)
    desk.beat()
    assert desk.claimed_ids() == []
    desk.time.passes(1)
    assert desk.claimed_ids() == ["a"]


def test_a_channel_is_held_no_longer_than_it_should(desk: Desk) -> None:
    def hold(health: ChannelHealth, ended: Sequence[bool], now: int) -> ChannelHealth:
        return attrs.evolve(health, failures=3, held_until=now + 60_000_000)

    desk.publish("a", key="a")
    desk.publish("b", key="b")
    claim, _ = desk.claim()
    desk.outbox.exchange("first", [desk.settlement(claim, "retry", delay=600)], [], hold)
    desk.beat()
    desk.time.passes(-HOUR)
    desk.beat()
    held_until = desk.outbox.health()["ops"].held_until
    assert held_until == desk.time.now + 60_000_000
