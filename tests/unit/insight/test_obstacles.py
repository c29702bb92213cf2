"""What would keep real events from a channel is named: the setting, the plugin, the state."""

from __future__ import annotations

from typing import Any

import pytest

from bellwire.core import ConfiguredChannel, Settings
from bellwire.core.insight.obstacles import obstacles
from bellwire.core.insight.status import ChannelStatus, Status
from bellwire.core.outbox import ChannelCounts
from bellwire.core.plugins import Plugins
from bellwire.hookspecs import ChannelConfig, Event, Veto, hookimpl


def named(plugins: Plugins | None = None, status: Status | None = None, *, off: str = "", **config: Any) -> list[str]:
    channel = ConfiguredChannel(name="ops", type="t", config=ChannelConfig(enable=True, **config), disabled_by=off)
    return list(obstacles(channel, Settings(workflow_actions=("cancel",)), (plugins or Plugins()).listing(), status))


def standing(state: Any = "enabled", reason: str = "", unattended: str = "", **counts: int) -> Status:
    channel = ChannelStatus(
        name="ops", type="t", state=state, reason=reason, counts=ChannelCounts(channel="ops", **counts)
    )
    return Status(at=0, channels=(channel,), dispatchers=(), notices=(), unattended=unattended)


def test_a_channel_that_hears_of_everything_has_none() -> None:
    assert named(status=standing()) == []
    assert named(projects=("*",)) == []


def test_a_disabled_channel_is_told_with_what_disables_it() -> None:
    assert named(off="enable = false") == [
        "the channel is disabled (enable = false): it can be tested, but is sent no events"
    ]


def test_a_filter_of_actions_names_those_that_it_drops_the_hosts_own_included() -> None:
    assert named(actions=("create", "approve")) == [
        'actions = ["create", "approve"]: events of the actions reject, exec_success, exec_failed, cancel are not sent'
    ]


def test_an_action_that_no_event_has_is_a_slip() -> None:
    assert named(actions=("aprove",))[-1] == "actions = [\"aprove\"]: no event has the action 'aprove'"


def test_a_filter_of_projects_is_named() -> None:
    assert named(projects=("billing-*",)) == ['projects = ["billing-*"]: workflows of other projects are not sent']


class Quiet:
    @hookimpl
    def notify_filter(self, event: Event, channel: str) -> Veto | None:
        return None


def test_a_plugin_that_filters_is_named() -> None:
    plugins = Plugins()
    plugins.register(Quiet(), "quiet")
    assert named(plugins) == ["the plugin quiet is asked about each event, and may keep it back (notify_filter)"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (standing("paused", "by ann since 10:02"), "is paused by ann since 10:02: events wait; `bellwire resume ops`"),
        (standing("held", "5 failures in a row"), "is held, because its receiver was down: 5 failures in a row"),
        (standing("broken", "no such room"), "could not open the channel: no such room"),
        (standing("failing", "2 failures in a row"), "real events fail: 2 failures in a row"),
        (standing(parked=2), "2 deliveries wait for an earlier one of the same workflow"),
        (standing(unattended="2 deliveries wait, run `bellwire worker`"), "2 deliveries wait, run"),
    ],
)
def test_how_the_channel_stands_is_told(status: Status, words: str) -> None:
    (sentence,) = named(status=status)
    assert words in sentence
