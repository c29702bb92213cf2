"""What a host does after the fact, through its bus."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from bellwire.core import Bus, ConfiguredChannel, NotFound, Settings
from bellwire.core.outbox import Cancelled, LaneDemand, Purged, Replayed, Settlement
from bellwire.core.outbox.rows import AttemptRecord
from bellwire.core.testing import RecordingConfig
from bellwire.hookspecs import Workflow

FAR = datetime(2100, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    """Two channels: ``ops`` wants everything, ``chat`` rejections alone."""
    channels = {
        "ops": ConfiguredChannel(name="ops", config=RecordingConfig()),
        "chat": ConfiguredChannel(name="chat", config=RecordingConfig(actions=("reject",))),
    }
    settings = Settings(database=f"sqlite:///{tmp_path}/bellwire.db", dispatch="off", channels=channels)
    bus = Bus(settings, channel_types={"recording": RecordingConfig})
    yield bus
    bus.close()


def publish(bus: Bus, event_id: str, *, workflow: str = "7", action: str = "create") -> str:
    """Publishes; returns the id of the delivery through ``ops``."""
    values = {"project_name": "p", "workflow_id": workflow, "workflow_subject": "s", "workflow_status": "x"}
    bus.notify_workflow(action, Workflow(**values), event_id=event_id)  # type: ignore[arg-type]  # values are all texts
    return delivery(bus, event_id)


def delivery(bus: Bus, event_id: str, channel: str = "ops") -> str:
    return next(view.id for view in bus.outbox.deliveries_of(event_id) if view.channel == channel)


def state(bus: Bus, delivery_id: str) -> str:
    view = bus.outbox.delivery(delivery_id)
    assert view is not None
    return view.state


def end_all(bus: Bus, how: str = "delivered", channel: str = "ops") -> None:
    """All that is due ends so, as if a dispatcher had sent it."""
    while claims := bus.outbox.exchange(
        "d", [], [LaneDemand(channel=channel, slots=100, ordered=True)], unmoved
    ).claims:
        settlements = [
            Settlement(
                claim=claim,
                state=how,  # type: ignore[arg-type]  # the callers write states
                record=AttemptRecord(number=claim.attempt, outcome="sent", started_at=0, duration=1),
                error=None,
            )
            for claim in claims
        ]
        bus.outbox.exchange("d", settlements, [], unmoved)


def unmoved(health, ended, now):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201  # an Advance that leaves it
    return health


def test_an_event_named_by_its_id_is_sent_again_through_every_channel_that_had_it(bus: Bus) -> None:
    publish(bus, "e1", action="reject")
    end_all(bus)
    end_all(bus, "failed", "chat")
    replayed = bus.replay(["e1"])
    assert set(replayed.reopened) == {delivery(bus, "e1"), delivery(bus, "e1", "chat")}
    assert (replayed.added, replayed.still_open, replayed.unknown, replayed.skipped) == ((), (), (), ())


def test_with_a_channel_only_that_one_is_sent_through(bus: Bus) -> None:
    publish(bus, "e1", action="reject")
    end_all(bus)
    end_all(bus, channel="chat")
    assert bus.replay(["e1"], channel="chat").reopened == (delivery(bus, "e1", "chat"),)
    assert state(bus, delivery(bus, "e1")) == "delivered"
    of_ops = delivery(bus, "e1")
    assert bus.replay([of_ops], channel="chat") == Replayed(reopened=(), still_open=(), unknown=(), skipped=(of_ops,))
    assert state(bus, of_ops) == "delivered"


def test_a_channel_that_had_not_wanted_an_event_is_sent_it_and_explain_says_by_whom(bus: Bus) -> None:
    first = publish(bus, "e1")
    end_all(bus)
    replayed = bus.replay(["e1"], channel="chat")
    assert replayed.added == (delivery(bus, "e1", "chat"),)
    assert replayed.reopened == ()
    assert state(bus, first) == "delivered"
    (told,) = bus.explain("e1").events
    assert [one.channel for one in told.channels] == ["chat", "ops"], "each channel once"
    sentence = told.channels[0].sentence
    assert "sent to this channel by hand (at " in sentence
    assert sentence.endswith("of itself it was not: action 'create' is not among its actions (reject)")
    assert "by hand" not in told.channels[1].sentence


def test_a_channel_that_was_not_configured_yet_is_sent_an_event_too(bus: Bus) -> None:
    publish(bus, "e1")
    channels = {**bus.settings.channels, "new": ConfiguredChannel(name="new", config=RecordingConfig())}
    later = Bus(attrs.evolve(bus.settings, channels=channels), channel_types={"recording": RecordingConfig})
    assert later.replay(["e1"], channel="new").added
    (told,) = later.explain("e1").events
    sentence = next(one.sentence for one in told.channels if one.channel == "new")
    assert sentence.endswith("of itself it was not: the channel was not configured when the event was published")
    later.close()


def test_old_and_new_deliveries_go_out_in_publish_order(bus: Bus) -> None:
    for number, action in enumerate(("reject", "create", "reject", "create")):
        publish(bus, f"e{number}", action=action)
    end_all(bus, channel="chat")
    bus.replay(["e3", "e2", "e1", "e0"], channel="chat")
    claimed = []
    while claims := bus.outbox.exchange("d", [], [LaneDemand(channel="chat", slots=9, ordered=True)], unmoved).claims:
        claimed += [claim.event_id for claim in claims]
        settled = [Settlement(claim=claim, state="delivered", error=None) for claim in claims]
        bus.outbox.exchange("d", settled, [], unmoved)
    assert claimed == ["e0", "e1", "e2", "e3"]


def test_what_names_nothing_to_send_is_told_apart(bus: Bus) -> None:
    waiting = publish(bus, "e1")
    publish(bus, "e2")

    assert bus.replay(["e1", "nobody"]) == Replayed(reopened=(), still_open=(waiting,), unknown=("nobody",))
    assert bus.replay([waiting], channel="chat").skipped == (waiting,)
    with pytest.raises(NotFound, match="no channel 'nope' is configured; there are: chat, ops"):
        bus.replay(["e1"], channel="nope")


def test_an_event_that_no_channel_wanted_is_skipped_unless_one_is_named(bus: Bus) -> None:
    channels = {"chat": bus.settings.channels["chat"]}
    bus = Bus(attrs.evolve(bus.settings, channels=channels), channel_types={"recording": RecordingConfig})
    bus.notify_workflow(
        "create",
        Workflow(project_name="p", workflow_id="7", workflow_subject="s", workflow_status="x"),
        event_id="e1",
    )
    assert bus.replay(["e1"]) == Replayed(reopened=(), still_open=(), unknown=(), skipped=("e1",))
    assert bus.cancel(["e1"]) == Cancelled(skipped=("e1",))
    assert len(bus.replay(["e1"], channel="chat").added) == 1
    bus.close()


def test_a_preview_changes_nothing_and_says_how_many_and_whom_it_may_surprise(bus: Bus) -> None:
    first = publish(bus, "e1")
    end_all(bus, "failed")
    publish(bus, "e2")
    end_all(bus)
    preview = bus.preview_replay(["e1", "nobody"])
    assert (preview.count, [one.id for one in preview.reopened], preview.unknown) == (1, [first], ("nobody",))
    assert [(one.channel, one.ordering_key, one.later) for one in preview.overtaken] == [("ops", "7", 1)]
    assert state(bus, first) == "failed"
    assert bus.preview_replay(["e1"], channel="chat").count == 1
    assert not [view for view in bus.outbox.deliveries_of("e1") if view.channel == "chat"]


def test_where_order_is_switched_off_nobody_is_surprised(bus: Bus) -> None:
    publish(bus, "e1")
    end_all(bus, "failed")
    publish(bus, "e2")
    end_all(bus)
    channels = {"ops": ConfiguredChannel(name="ops", config=RecordingConfig(ordering="none"))}
    loose = Bus(attrs.evolve(bus.settings, channels=channels), channel_types={"recording": RecordingConfig})
    assert loose.preview_replay(["e1"]).overtaken == ()
    loose.close()


def test_more_than_a_batch_is_replayed_and_cancelled(bus: Bus) -> None:
    values = {"project_name": "p", "workflow_subject": "s", "workflow_status": "x"}
    for number in range(1100):
        bus.notify_workflow("create", Workflow(workflow_id=f"{number}", **values))  # type: ignore[arg-type]  # all texts
    assert len(bus.cancel(bus.waiting()).cancelled) == 1100
    assert bus.settled() == []
    ids = bus.settled({"cancelled"})
    assert len(ids) == 1100
    assert list(bus.replay(ids).reopened) == ids


def test_settled_and_waiting_deliveries_are_chosen_by_channel_workflow_and_time(bus: Bus) -> None:
    failed = publish(bus, "e1", workflow="1")
    end_all(bus, "failed")
    sent = publish(bus, "e2", workflow="2")
    end_all(bus)
    waits = publish(bus, "e3", workflow="3")
    assert bus.settled() == [failed]
    assert bus.settled(("delivered", "failed")) == [failed, sent]
    assert bus.settled(("delivered", "failed"), workflow="2") == [sent]
    assert bus.settled(channel="chat") == bus.settled(since=FAR) == bus.settled(until=LONG_AGO) == []
    assert bus.settled(since=LONG_AGO, until=FAR) == [failed]
    assert bus.waiting() == bus.waiting(channel="ops", workflow="3", since=LONG_AGO, until=FAR) == [waits]
    assert bus.waiting(workflow="1") == bus.waiting(since=FAR) == []


def test_a_time_without_an_offset_is_refused(bus: Bus) -> None:
    with pytest.raises(ValueError, match="since: 2000-01-01T00:00:00 has no offset"):
        bus.settled(since=LONG_AGO.replace(tzinfo=None))


def test_cancelling_tells_what_became_of_each(bus: Bus) -> None:
    settled = publish(bus, "e1", workflow="1")
    end_all(bus)
    waiting, in_flight = publish(bus, "e2", workflow="2"), publish(bus, "e3", workflow="3")
    bus.outbox.exchange("d", [], [LaneDemand(channel="ops", slots=1, ordered=True)], unmoved)
    in_flight, waiting = sorted((waiting, in_flight), key=lambda one: state(bus, one))
    found = bus.preview_cancel([waiting, in_flight, settled, "nobody"])
    assert [one.id for one in found.waiting] == [waiting]
    assert bus.cancel([waiting, in_flight, "e1", "nobody"]) == Cancelled(
        cancelled=(waiting,), in_flight=(in_flight,), settled=(settled,), unknown=("nobody",)
    )
    assert state(bus, waiting) == "cancelled"


def test_a_paused_channel_waits_until_it_is_resumed_and_says_by_whom(bus: Bus) -> None:
    assert bus.pause("ops", by="ann", reason="moving")
    assert not bus.pause("ops", by="bob")
    event = publish(bus, "e1")
    end_all(bus)
    assert state(bus, event) == "waiting"
    (told,) = bus.explain(event).events
    assert "waits, because the channel is paused (by ann since " in told.channels[0].sentence
    assert told.channels[0].sentence.endswith(": moving)")
    assert bus.resume("ops")
    assert not bus.resume("ops")
    end_all(bus)
    assert state(bus, event) == "delivered"


def test_the_reason_of_a_pause_may_hold_what_no_database_takes(bus: Bus) -> None:
    assert bus.pause("ops", by="ann", reason="moving\udcff\0")
    assert bus.outbox.health()["ops"].paused_reason == "moving?\ufffd"


def test_a_channel_that_nobody_knows_is_neither_paused_nor_resumed(bus: Bus) -> None:
    for method in (bus.pause, bus.resume):
        with pytest.raises(NotFound, match="no channel 'opsx' is configured; there are: chat, ops"):
            method("opsx")
    assert bus.outbox.health() == {}


def test_a_channel_that_is_configured_no_longer_may_be_paused_while_something_waits_in_it(bus: Bus) -> None:
    publish(bus, "e1")
    without = attrs.evolve(bus.settings, channels={"chat": bus.settings.channels["chat"]})
    other = Bus(without, channel_types={"recording": RecordingConfig})
    assert other.pause("ops")
    assert other.resume("ops")
    other.close()


def test_a_purged_event_is_gone_and_an_unknown_one_is_an_error(bus: Bus) -> None:
    publish(bus, "e1", action="reject")
    bus.outbox.exchange("d", [], [LaneDemand(channel="ops", slots=1, ordered=True)], unmoved)
    assert bus.purge("e1") == Purged(event_id="e1", deliveries=2, in_flight=1)
    assert bus.explain("e1").subject == "nothing"
    with pytest.raises(NotFound, match="no event 'e1' in "):
        bus.purge("e1")


def test_settled_goes_by_the_databases_clock_to_the_microsecond(bus: Bus) -> None:
    publish(bus, "e1")
    end_all(bus, "failed")
    (view,) = bus.outbox.deliveries_of("e1")
    assert view.settled_at is not None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=view.settled_at)
    assert bus.settled(since=moment, until=moment) == [view.id]
    assert bus.settled(since=moment + timedelta(microseconds=1)) == []
    assert bus.settled(until=moment - timedelta(microseconds=1)) == []
