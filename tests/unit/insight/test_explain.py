"""Why a notification did, or did not, arrive."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest

from bellwire.core import Bus, ConfiguredChannel, Settings
from bellwire.core.insight.explain import verdict_of
from bellwire.core.insight.status import ChannelStatus, Status
from bellwire.core.outbox import (
    AttemptRecord,
    ChannelCounts,
    ChannelHealth,
    Claim,
    DeliveryView,
    DispatcherRow,
    LaneDemand,
    Outbox,
    Passing,
    Settlement,
)
from bellwire.core.testing import RecordingConfig
from bellwire.hookspecs import ChannelEvent, Event, Veto, Workflow, hookimpl

NOW = 1_700_000_000_000_000
VIEW = DeliveryView(
    id="d1",
    seq=1,
    event_id="e1",
    kind="workflow",
    action="create",
    ordering_key="7",
    channel="ops",
    state="waiting",
    attempts=0,
    interruptions=0,
    due_at=NOW,
    error=None,
    created_at=NOW,
    settled_at=None,
    dispatcher=None,
)
ALIVE = DispatcherRow(id="x", host="h", pid=1, process="{}", version="1", config_digest="x", seen_at=NOW)


def status(state: Any = "enabled", reason: str = "", *, alive: bool = True) -> Status:
    ops = ChannelStatus(name="ops", type="x", state=state, reason=reason, counts=ChannelCounts(channel="ops"))
    return Status(at=NOW, channels=(ops,), dispatchers=(ALIVE,) if alive else (), notices=())


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({"state": "delivered", "attempts": 1, "settled_at": NOW}, "sent", "after 1 attempt"),
        ({"state": "delivered", "attempts": 3, "settled_at": NOW, "error": "refused"}, "sent", "earlier: refused"),
        (
            {"state": "failed", "attempts": 3, "settled_at": NOW, "error": "refused"},
            "failed",
            "after 3 attempts: refused",
        ),
        ({"state": "failed", "attempts": 3, "settled_at": NOW}, "failed", "`bellwire replay d1`"),
        ({"state": "claimed", "attempts": 1}, "in flight", "attempt 2"),
        ({"state": "cancelled", "settled_at": NOW}, "cancelled", "cancelled by a person at"),
        ({"state": "cancelled", "settled_at": NOW}, "cancelled", "`bellwire replay d1`"),
        (
            {"state": "cancelled", "settled_at": NOW, "attempts": 2, "error": "refused"},
            "cancelled",
            "after 2 attempts: refused",
        ),
        ({"due_at": NOW + 5_000_000}, "waiting", "waits until"),
        ({}, "waiting", "waits for a free slot"),
    ],
)
def test_each_state_has_its_sentence(changes: dict[str, Any], verdict: str, words: str) -> None:
    found, sentence = verdict_of(attrs.evolve(VIEW, **changes), (), None, status())
    assert found == verdict
    assert words in sentence


def test_a_delivery_that_waits_for_an_earlier_one_names_it() -> None:
    blocker = attrs.evolve(VIEW, id="d0", action="approve", state="claimed")
    _, sentence = verdict_of(attrs.evolve(VIEW, state="parked"), (), blocker, status())
    assert "earlier delivery d0 (approve)" in sentence
    assert "claimed" in sentence


@pytest.mark.parametrize("state", ["paused", "held", "broken", "disabled", "orphaned"])
def test_a_channel_that_lets_nothing_through_is_the_reason_before_all_others(state: str) -> None:
    waiting = attrs.evolve(VIEW, due_at=NOW + 10**9)
    _, sentence = verdict_of(waiting, (), attrs.evolve(VIEW, id="d0"), status(state, "because"))
    assert sentence == f"waits, because the channel is {state} (because)"


def test_a_kind_that_is_unknown_here_is_the_reason_for_waiting() -> None:
    strange = attrs.evolve(VIEW, kind="invoice", due_at=NOW + 10**9)
    verdict, sentence = verdict_of(strange, (), None, status(), kind_known=False)
    assert (verdict, sentence) == (
        "waiting",
        "waits, because events of kind 'invoice' are unknown here; a dispatcher that knows the kind delivers it",
    )
    settled = attrs.evolve(strange, state="delivered", settled_at=NOW)
    assert verdict_of(settled, (), None, status(), kind_known=False)[0] == "sent"


def test_when_nobody_dispatches_that_is_said_with_what_to_run() -> None:
    _, sentence = verdict_of(VIEW, (), None, status(alive=False))
    assert "nobody dispatches; run `bellwire worker`" in sentence


class Sunday:
    @hookimpl
    def notify_filter(self, event: Event, channel: str) -> Veto | None:
        return Veto("it is Sunday") if channel == "chat" else None


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    channels = {
        "ops": ConfiguredChannel(name="ops", config=RecordingConfig()),
        "chat": ConfiguredChannel(name="chat", config=RecordingConfig()),
        "off": ConfiguredChannel(name="off", config=RecordingConfig(), disabled_by="enable = false"),
    }
    bus = Bus(
        Settings(database=f"sqlite:///{tmp_path}/bellwire.db", dispatch="off", channels=channels),
        plugins=[Sunday()],
        channel_types={"recording": RecordingConfig},
    )
    yield bus
    bus.close()


def publish(bus: Bus, action: str = "create") -> Any:
    return bus.notify_workflow(
        action, Workflow(project_name="p", workflow_id="7", workflow_subject="s", workflow_status="finished")
    )


def test_an_event_is_explained_channel_by_channel(bus: Bus) -> None:
    event = publish(bus)
    explanation = bus.explain(event.id)
    assert explanation.subject == "event"
    (told,) = explanation.events
    assert [(one.channel, one.verdict) for one in told.channels] == [
        ("chat", "unwanted"),
        ("off", "unwanted"),
        ("ops", "waiting"),
    ]
    sentences = {one.channel: one.sentence for one in told.channels}
    assert "it is Sunday" in sentences["chat"]
    assert sentences["off"] == "not sent: disabled (enable = false)"
    assert any("no dispatcher" in notice for notice in explanation.notices)


def test_each_filter_that_left_an_event_out_is_named_with_what_it_asks_for(tmp_path: Path) -> None:
    configs = {
        "by-action": RecordingConfig(actions=("approve", "reject")),
        "by-project": RecordingConfig(projects=("billing-*",)),
        "chat": RecordingConfig(),
        "off": RecordingConfig(enable=False),
        "ops": RecordingConfig(actions=("create",), projects=("p",)),
    }
    settings = Settings(database=f"sqlite:///{tmp_path}/bellwire.db", dispatch="off", channels=configs)
    bus = Bus(settings, plugins=[Sunday()], channel_types={"recording": RecordingConfig})
    event = publish(bus)
    news = bus.publish(ChannelEvent(action="failing", channel="ops", failures=1))

    def sentences(event_id: str) -> dict[str, str]:
        (told,) = bus.explain(event_id).events
        return {one.channel: one.sentence for one in told.channels if one.verdict == "unwanted"}

    why, why_no_news = sentences(event.id), sentences(news.id)
    bus.close()

    assert why.pop("chat").endswith("it is Sunday")
    assert why == {
        "by-action": "not sent: action 'create' is not among its actions (approve, reject)",
        "by-project": "not sent: project 'p' matches none of its projects (billing-*)",
        "off": "not sent: disabled (enable = false)",
    }
    assert why_no_news["ops"] == "not sent: it is told of other channels only"
    assert why_no_news["chat"] == "not sent: it does not ask for news of other channels (channel_events)"


def test_the_reasons_stay_those_of_the_day_whatever_is_asked_for_later(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/bellwire.db"
    types = {"recording": RecordingConfig}
    then = Settings(database=database, dispatch="off", channels={"ops": RecordingConfig(actions=("reject",))})
    before = Bus(then, channel_types=types)
    event = publish(before)
    before.close()

    after = Bus(attrs.evolve(then, channels={"ops": RecordingConfig()}), channel_types=types)
    (told,) = after.explain(event.id).events
    after.close()

    assert told.channels[0].sentence == "not sent: action 'create' is not among its actions (reject)"


def test_a_workflow_is_explained_event_by_event_in_publish_order(bus: Bus) -> None:
    publish(bus, "create")
    publish(bus, "approve")
    explanation = bus.explain("7")
    assert explanation.subject == "workflow"
    assert explanation.summary == "workflow 7: 2 events published"
    assert [told.event.action for told in explanation.events] == ["create", "approve"]


def test_of_a_workflow_with_many_events_the_newest_are_explained_and_the_summary_says_so(bus: Bus) -> None:
    events = [publish(bus) for _ in range(51)]
    explanation = bus.explain("7")
    assert explanation.summary.startswith("workflow 7: more than 50 events published, of which these are the newest; ")
    assert [told.event.id for told in explanation.events] == [event.id for event in events[1:]]


def test_a_delivery_is_explained_alone(bus: Bus) -> None:
    event = publish(bus)
    (view,) = bus.outbox.deliveries_of(event.id)
    explanation = bus.explain(view.id)
    assert explanation.subject == "delivery"
    assert [one.channel for one in explanation.events[0].channels] == ["ops"]


def test_what_was_never_published_is_said_to_be_so_with_where_it_was_looked_for(bus: Bus, tmp_path: Path) -> None:
    publish(bus)
    explanation = bus.explain("nobody")
    assert (explanation.subject, explanation.events) == ("nothing", ())
    assert "never published" in explanation.summary
    assert str(tmp_path) in explanation.summary


def test_a_channel_that_came_later_is_told_to_have_been_missing(bus: Bus, tmp_path: Path) -> None:
    event = publish(bus)
    later = Bus(
        attrs.evolve(
            bus.settings,
            channels={**bus.settings.channels, "new": ConfiguredChannel(name="new", config=RecordingConfig())},
        ),
        channel_types={"recording": RecordingConfig},
    )
    (told,) = later.explain(event.id).events
    later.close()
    sentences = {one.channel: one.sentence for one in told.channels}
    assert sentences["new"] == "not sent: the channel was not configured when the event was published"


def claims(bus: Bus, channel: str = "ops") -> Sequence[Claim]:
    demand = LaneDemand(channel=channel, slots=10, ordered=True)
    return bus.outbox.exchange("d", [], [demand], lambda health, *_: health).claims


def settle(bus: Bus, claim: Claim, how: Literal["delivered", "waiting"], *, patience: int = 0, delay: int = 0) -> None:
    """Ends an attempt; one that waits again failed, and holds its workflow for *patience* microseconds."""
    outcome: Literal["sent", "failed"] = "sent" if how == "delivered" else "failed"
    record = AttemptRecord(number=claim.attempt, outcome=outcome, started_at=0, duration=1)
    settlement = Settlement(claim=claim, state=how, delay=delay, record=record, error="refused", hold_key=patience)
    bus.outbox.exchange("d", [settlement], [], lambda health, *_: health)


def of_ops(bus: Bus, event_id: str) -> str:
    """The sentence about the channel ``ops``."""
    (explained,) = bus.explain(event_id).events
    return next(one.sentence for one in explained.channels if one.channel == "ops")


HOUR = 3_600_000_000


def test_behind_which_delivery_one_waits_is_told_until_its_orders_patience_ends(bus: Bus) -> None:
    first, second = publish(bus, "create"), publish(bus, "approve")
    (head,) = claims(bus)
    assert of_ops(bus, second.id) == (
        f"waits for the same workflow's earlier delivery {head.delivery_id} (create), which is claimed"
    )
    settle(bus, head, "waiting", patience=HOUR, delay=2 * HOUR)
    assert of_ops(bus, second.id).endswith(f"delivery {head.delivery_id} (create), which is waiting")
    assert "order_patience" not in of_ops(bus, first.id)


def test_where_order_is_switched_off_nobody_waits_for_or_passes_anybody(bus: Bus) -> None:
    publish(bus, "create")
    second = publish(bus, "approve")
    (head,) = claims(bus)
    settle(bus, head, "waiting", patience=0, delay=HOUR)
    config = attrs.evolve(bus.settings.channels["ops"], config=RecordingConfig(ordering="none"))
    loose = Bus(attrs.evolve(bus.settings, channels={"ops": config}), channel_types={"recording": RecordingConfig})
    assert of_ops(loose, second.id) == "waits, and nobody dispatches; run `bellwire worker`"
    assert "order_patience" not in of_ops(loose, head.event_id)
    loose.close()


def test_a_delivery_of_a_channel_that_is_unknown_here_says_what_it_waits_for(bus: Bus) -> None:
    event = publish(bus)
    without = {name: channel for name, channel in bus.settings.channels.items() if name != "ops"}
    other = Bus(attrs.evolve(bus.settings, channels=without), channel_types={"recording": RecordingConfig})
    assert of_ops(other, event.id) == (
        "waits, because the channel is orphaned "
        "(not configured here; its deliveries wait for a dispatcher that knows it)"
    )
    other.close()


def test_what_the_breaker_holds_says_until_when(bus: Bus) -> None:
    event = publish(bus)

    def trip(health: ChannelHealth, ended: Sequence[bool], now: int) -> ChannelHealth:
        return attrs.evolve(health, failures=3, failing_since=now, held_until=now + HOUR)

    (claim,) = claims(bus)
    record = AttemptRecord(number=1, outcome="failed", started_at=0, duration=1)
    failed = Settlement(claim=claim, state="waiting", record=record, error="refused", hold_key=HOUR)
    bus.outbox.exchange("d", [failed], [], trip)
    assert re.fullmatch(
        r"waits, because the channel is held \(3 failures in a row; tried again at [-\d: ]+\); "
        r"1 attempt so far: refused",
        of_ops(bus, event.id),
    )


def test_attempts_that_were_broken_off_are_told_beside_those_that_count(bus: Bus) -> None:
    event = publish(bus)
    for _ in range(2):
        (claim,) = claims(bus)
        record = AttemptRecord(number=1, outcome="interrupted", started_at=0, duration=1)
        bus.outbox.exchange(
            "d", [Settlement(claim=claim, state="waiting", record=record)], [], lambda health, *_: health
        )
    assert of_ops(bus, event.id).endswith("; 0 attempts so far, and 2 broken off")


def test_a_key_is_read_as_a_whole_only_where_something_of_it_has_failed(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    passing, any_held = Outbox.passing, Outbox.any_held

    def counting(self: Outbox, view: DeliveryView) -> Passing:
        asked.append("passing")
        return passing(self, view)

    def asking(self: Outbox, channel: str, ordering_key: str) -> bool:
        asked.append("any")
        return any_held(self, channel, ordering_key)

    monkeypatch.setattr(Outbox, "passing", counting)
    monkeypatch.setattr(Outbox, "any_held", asking)
    events = [publish(bus) for _ in range(3)]
    bus.explain(events[0].workflow.workflow_id)
    assert asked == ["any"]


def test_what_was_purged_is_told_to_be_gone_or_never_to_have_been_here(bus: Bus) -> None:
    event = publish(bus)
    bus.purge(event.id)
    assert bus.explain(event.id).summary.startswith(f"{event.id}: never published here, or purged. ")
    assert bus.explain(event.id).summary.endswith("is it younger than keep_delivered (30d)?")
