"""How things stand, composed from what was read."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from bellwire.core import ConfiguredChannel, Settings
from bellwire.core.insight.status import DEAD_AFTER, ChannelStatus, compose_status
from bellwire.core.outbox import ChannelCounts, ChannelHealth, DispatcherRow
from bellwire.core.testing import RecordingConfig

NOW = 1_700_000_000_000_000
MINUTE = 60_000_000
ALIVE = DispatcherRow(
    id="d", host="web-1", pid=7, process="{}", version="1", config_digest="x", lanes={"ops": "open"}, seen_at=NOW
)
OPS = Settings(channels={"ops": ConfiguredChannel(name="ops", type="recording", config=RecordingConfig())})
OFF = Settings(channels={"ops": ConfiguredChannel(name="ops", config=RecordingConfig(), disabled_by="enable = false")})


def status(
    settings: Settings = OPS,
    *,
    counts: ChannelCounts | None = None,
    health: ChannelHealth | None = None,
    dispatchers: tuple[DispatcherRow, ...] = (ALIVE,),
) -> Any:
    return compose_status(
        settings,
        NOW,
        {counts.channel: counts} if counts else {},
        {health.channel: health} if health else {},
        dispatchers,
        last_seen=max((row.seen_at for row in dispatchers), default=None),
    )


def ops(**read: Any) -> ChannelStatus:
    found: ChannelStatus | None = status(**read).channel("ops")
    assert found is not None
    return found


def test_a_channel_of_which_nothing_is_known_is_enabled_and_nothing_is_to_be_done() -> None:
    assert (ops().state, ops().reason, status().notices) == ("enabled", "", ())


@pytest.mark.parametrize(
    ("health", "state", "words"),
    [
        ({"paused": True}, "paused", "by a person"),
        ({"failures": 1, "failing_since": NOW}, "failing", "1 failure in a row since"),
        ({"failures": 4, "failing_since": NOW}, "failing", "4 failures in a row since"),
        ({"failures": 3, "held_until": NOW + MINUTE}, "held", "3 failures in a row; tried again at"),
        ({"failures": 3, "failing_since": NOW, "held_until": NOW - 1}, "failing", "3 failures in a row"),
        ({"last_success_at": NOW}, "enabled", ""),
    ],
)
def test_a_channels_state_comes_from_what_replicas_know_of_it(health: dict[str, Any], state: str, words: str) -> None:
    found = ops(health=ChannelHealth(channel="ops", **health))
    assert found.state == state
    assert words in found.reason


def test_what_a_person_did_goes_before_what_happened_by_itself() -> None:
    health = ChannelHealth(channel="ops", paused=True, failures=9, held_until=NOW + MINUTE)
    assert ops(health=health).state == "paused"
    assert ops(settings=OFF, health=health).state == "disabled"


def test_a_channel_that_a_living_dispatcher_cannot_open_is_broken_with_its_reason() -> None:
    broken = attrs.evolve(ALIVE, lanes={"ops": "broken: OSError: no route: at all"})
    assert (ops(dispatchers=(broken,)).state, ops(dispatchers=(broken,)).reason) == (
        "broken",
        "OSError: no route: at all",
    )
    dead = attrs.evolve(broken, seen_at=NOW - DEAD_AFTER)
    assert ops(dispatchers=(dead,)).state == "enabled"


def test_a_channel_with_deliveries_and_no_configuration_is_an_orphan() -> None:
    found = status(counts=ChannelCounts(channel="gone", due=2))
    assert [(one.name, one.state) for one in found.channels] == [("ops", "enabled"), ("gone", "orphaned")]
    assert any(
        notice.startswith("channel gone: 2 deliveries wait, but it is not configured") for notice in found.notices
    )


def test_when_deliveries_wait_and_nobody_dispatches_a_person_is_told_what_to_run() -> None:
    counts = ChannelCounts(channel="ops", due=5, scheduled=3, parked=2, in_flight=2)
    (notice,) = status(counts=counts, dispatchers=()).notices
    assert notice == "12 deliveries wait, no dispatcher is running; run `bellwire worker`"
    dead = attrs.evolve(ALIVE, seen_at=NOW - DEAD_AFTER)
    (notice,) = status(counts=ChannelCounts(channel="ops", due=1), dispatchers=(dead,)).notices
    assert notice.startswith("1 delivery waits, no dispatcher seen since ")
    assert notice.endswith("; run `bellwire worker`")
    assert status(counts=counts).notices == ()
    assert status(dispatchers=()).notices == ()


def test_a_dispatcher_counts_as_alive_for_half_a_minute() -> None:
    almost = attrs.evolve(ALIVE, seen_at=NOW - DEAD_AFTER + 1)
    assert status(dispatchers=(almost,)).dispatchers == (almost,)
    assert status(dispatchers=(attrs.evolve(ALIVE, seen_at=NOW - DEAD_AFTER),)).dispatchers == ()


def test_what_has_failed_is_told_with_how_to_see_it_and_send_it_again() -> None:
    (notice,) = status(counts=ChannelCounts(channel="ops", failed=3)).notices
    assert "3 failed for good" in notice
    assert "`bellwire deliveries --state failed --channel ops`" in notice
    assert "`bellwire replay --failed --channel ops`" in notice


def test_what_was_interrupted_is_told() -> None:
    (notice,) = status(counts=ChannelCounts(channel="ops", due=1, interrupted=1)).notices
    assert notice.startswith("channel ops: 1 delivery interrupted")


def test_what_waits_behind_a_switch_is_told() -> None:
    (notice,) = status(OFF, counts=ChannelCounts(channel="ops", due=1)).notices
    assert notice == "channel ops: 1 delivery waits while it is disabled (enable = false)"


def test_dispatchers_with_different_settings_are_told() -> None:
    other = attrs.evolve(ALIVE, id="e", host="web-2", pid=8, config_digest="y")
    (notice,) = status(dispatchers=(ALIVE, other)).notices
    assert notice == "the dispatchers run with different settings: web-1/7, web-2/8"
