"""Which lanes may claim, given what replicas know of their channels."""

from __future__ import annotations

from bellwire.core.outbox import ChannelHealth, LaneDemand
from bellwire.core.outbox.health import restrict

NOW = 1_000_000


def demand(channel: str, slots: int = 5) -> LaneDemand:
    return LaneDemand(channel=channel, slots=slots, ordered=True)


def allowed(health: ChannelHealth, *, busy: bool = False, slots: int = 5) -> int:
    """How many slots the channel is left with."""
    found = restrict([demand("ops", slots)], {"ops": health}, frozenset({"ops"} if busy else ()), NOW)
    return sum(one.slots for one in found)


def test_a_channel_of_which_nothing_is_known_keeps_its_slots() -> None:
    assert restrict([demand("ops"), demand("chat", 1)], {}, frozenset(), NOW) == [demand("ops"), demand("chat", 1)]


def test_a_paused_channel_has_none_whatever_else_is_known() -> None:
    assert allowed(ChannelHealth(channel="ops", paused=True)) == 0
    assert allowed(ChannelHealth(channel="ops", paused=True, held_until=NOW - 1)) == 0


def test_a_held_channel_has_none_until_its_hold_ends() -> None:
    assert allowed(ChannelHealth(channel="ops", held_until=NOW + 1)) == 0
    assert allowed(ChannelHealth(channel="ops", held_until=NOW)) == 1


def test_after_its_hold_a_channel_probes_with_one_delivery_and_only_while_none_is_under_way() -> None:
    probing = ChannelHealth(channel="ops", failures=3, held_until=NOW - 5)
    assert allowed(probing) == 1
    assert allowed(probing, slots=1) == 1
    assert allowed(probing, busy=True) == 0


def test_a_channel_that_fails_without_a_breaker_keeps_its_slots() -> None:
    assert allowed(ChannelHealth(channel="ops", failures=100, failing_since=1), busy=True) == 5


def test_one_channels_trouble_is_not_anothers() -> None:
    hindered = {"ops": ChannelHealth(channel="ops", paused=True)}
    assert restrict([demand("ops"), demand("chat")], hindered, frozenset({"chat"}), NOW) == [demand("chat")]
