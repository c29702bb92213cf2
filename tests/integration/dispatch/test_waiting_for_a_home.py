"""Deliveries whose channel, or kind of event, nobody here knows: they wait, people can see it, the others go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
import pytest

from bellwire.core.dispatch import delivering
from bellwire.hookspecs import Event, Workflow, WorkflowEvent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.integration.dispatch.town import Town


@attrs.frozen(kw_only=True)
class Invoice(Event):
    """A kind that only the newer half of a rolling deployment knows."""

    kind: ClassVar[str] = "invoice"
    action: str = "paid"
    number: str

    @property
    def ordering_key(self) -> str:
        return self.number

    def payload(self) -> Mapping[str, Any]:
        return {"workflow": {"workflow_id": self.number, "workflow_subject": "an invoice"}}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], *, action: str, id: str, timestamp: datetime) -> Self:  # noqa: A002 - the field's name
        return cls(number=payload["workflow"]["workflow_id"], action=action, id=id, timestamp=timestamp)


def test_a_renamed_channels_deliveries_wait_as_orphans_and_go_when_the_name_comes_back(town: Town) -> None:
    receiver, other = town.receiver(), town.receiver()
    old = {"ops": town.hook(receiver), "chat": town.hook(other)}
    before = town.bus(old, dispatch="off")
    events = town.publish(before, "a", "b", key="wf")
    renamed = town.bus({"operations": town.hook(receiver), "chat": town.hook(other)})
    town.until(lambda: "chat" not in before.outbox.counts())
    assert other.subjects == ["a", "b"], "the other channel goes on"
    town.publish(renamed, "c", key="wf")
    town.until(lambda: receiver.subjects == ["c"])
    orphan = renamed.status().channel("ops")
    assert orphan is not None
    assert (orphan.state, orphan.counts.due) == ("orphaned", 2)
    notice = "channel ops: 2 deliveries wait, but it is not configured; add it again, or replay later"
    assert notice in renamed.status().notices
    (told,) = renamed.explain(town.view(events[0]).id).events
    assert "waits, because the channel is orphaned (not configured here" in told.channels[0].sentence
    renamed.close()
    town.bus(old)
    town.wait_until_settled()
    assert receiver.subjects == ["c", "a", "b"]


def test_an_orphan_can_be_cancelled_or_given_to_its_channels_new_name(town: Town) -> None:
    receiver = town.receiver()
    before = town.bus({"ops": town.hook(receiver)}, dispatch="off")
    (event,) = town.publish(before, "a")
    renamed = town.bus({"operations": town.hook(receiver)})
    renamed.outbox.deliver_to([event.id], "operations")
    assert renamed.outbox.cancel([town.view(event).id]) == (town.view(event).id,)
    town.wait_until_settled()
    assert receiver.subjects == ["a"]
    assert renamed.status().channel("ops") is None


def test_a_disabled_channels_deliveries_wait_and_go_when_it_is_enabled(town: Town) -> None:
    receiver, other = town.receiver(), town.receiver()
    before = town.bus({"ops": town.hook(receiver), "chat": town.hook(other)}, dispatch="off")
    event, _ = town.publish(before, "a", "b", key="wf")
    disabled = town.bus({"ops": town.hook(receiver, enable=False), "chat": town.hook(other)})
    town.until(lambda: "chat" not in before.outbox.counts())
    (new,) = town.publish(disabled, "while it is disabled")
    status = disabled.status()
    assert status.channel("ops").state == "disabled"  # type: ignore[union-attr]  # it is configured
    assert "channel ops: 2 deliveries wait while it is disabled (enable = false)" in status.notices
    (told,) = disabled.explain(event.id).events
    assert told.channels[1].sentence == "waits, because the channel is disabled (enable = false)"
    (told,) = disabled.explain(new.id).events
    assert told.channels[1].sentence == "not sent: disabled (enable = false)"
    disabled.close()
    town.bus({"ops": town.hook(receiver), "chat": town.hook(other)})
    town.wait_until_settled()
    assert receiver.subjects == ["a", "b"]


def test_an_event_of_a_kind_that_is_unknown_here_waits_and_says_so_until_somebody_knows_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "UNKNOWN_KIND_WAIT", 2_000_000)
    receiver = town.receiver()
    newer = town.bus({"ops": town.hook(receiver)}, dispatch="off", plugins=(Invoice,))
    invoice = newer.publish(Invoice(number="7"))
    older = town.bus({"ops": town.hook(receiver)})
    older.publish(workflow("7"))
    town.publish(older, "another workflow's")
    town.until(lambda: receiver.subjects == ["another workflow's"])
    town.wait_for(scheduled=1, parked=1)
    (told,) = older.explain(invoice.id).events
    assert told.channels[0].sentence == (
        "waits, because events of kind 'invoice' are unknown here; a dispatcher that knows the kind delivers it"
    )
    town.bus({"ops": town.hook(receiver)}, plugins=(Invoice,))
    town.wait_until_settled()
    assert receiver.of("7") == ["an invoice", "after the invoice"]
    (view,) = newer.outbox.deliveries_of(invoice.id)
    assert (view.attempts, view.interruptions) == (1, 0)


def workflow(key: str) -> WorkflowEvent:
    told = Workflow(project_name="p", workflow_id=key, workflow_subject="after the invoice", workflow_status="finished")
    return WorkflowEvent(action="create", workflow=told)
