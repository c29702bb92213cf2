"""What is sensitive is taken out before anybody stores, filters or sends an event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import attrs
import pytest
import sqlalchemy as sa

from bellwire.core import Bus, ConfiguredChannel, EventTooLarge, InvalidEvent, Settings
from bellwire.core.plugins import Plugins
from bellwire.core.publishing import prepare
from bellwire.core.testing import RecordingConfig, bus_for_tests
from bellwire.hookspecs import ChannelEvent, Event, JSONValue, Veto, Workflow, WorkflowEvent, hookimpl

SUBJECT, DESC, PHONE = "subject-s3cret", "desc-s3cret", "phone-s3cret"
DROP, MASK = (
    ("payload.workflow.workflow_desc",),
    ("payload.workflow.workflow_subject", "payload.workflow.users.*.phone"),
)


def workflow(workflow_id: str = "7", project: str = "billing-eu") -> Workflow:
    return Workflow(
        project_name=project,
        workflow_id=workflow_id,
        workflow_subject=SUBJECT,
        workflow_status="finished",
        extra={"workflow_desc": DESC, "users": [{"name": "Li", "phone": PHONE}]},
    )


def event(project: str = "billing-eu") -> WorkflowEvent:
    return WorkflowEvent(action="create", workflow=workflow(project=project))


def settings(**changes: Any) -> Settings:
    return Settings(**({"drop_fields": DROP, "mask_fields": MASK} | changes))


def test_what_is_stored_is_the_document_without_it_and_otherwise_the_same() -> None:
    told = event()
    stored = prepare(told, settings(), Plugins())
    whole = json.loads(told.to_json())
    whole["payload"]["workflow"]["workflow_subject"] = "********"
    whole["payload"]["workflow"]["users"][0]["phone"] = "********"
    del whole["payload"]["workflow"]["workflow_desc"]

    assert stored.payload == json.dumps(whole, separators=(",", ":"))
    assert (stored.id, stored.kind, stored.action, stored.ordering_key) == (told.id, "workflow", "create", "7")


def test_the_hosts_own_event_keeps_what_it_holds() -> None:
    told = event()
    prepare(told, settings(), Plugins())

    assert told.workflow.workflow_subject == SUBJECT
    assert DESC in told.to_json()


def test_an_event_that_holds_nothing_of_it_is_stored_as_the_very_text_that_it_is() -> None:
    plain = WorkflowEvent(action="create", workflow=attrs.evolve(workflow(), extra={}))
    stored = prepare(plain, settings(mask_fields=()), Plugins())

    assert stored.payload is plain.to_json()


def test_a_stored_event_can_be_read_again_whatever_was_dropped() -> None:
    everything = tuple(f"payload.workflow.{name}" for name in ("project_name", "workflow_subject", "workflow_status"))
    stored = prepare(event(), settings(drop_fields=(*DROP, *everything, "payload.workflow.users")), Plugins())

    assert WorkflowEvent.from_json(stored.payload, id=stored.id).workflow == Workflow(
        project_name="", workflow_id="7", workflow_subject="", workflow_status=""
    )


def test_the_limit_of_size_counts_what_is_left() -> None:
    large = WorkflowEvent(action="create", workflow=attrs.evolve(workflow(), extra={"workflow_desc": "x" * 2000}))
    with pytest.raises(EventTooLarge):
        prepare(large, Settings(max_event_bytes=1024), Plugins())
    assert prepare(large, settings(max_event_bytes=1024), Plugins()).payload


class Filter:
    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def notify_filter(self, event: Event, channel: str) -> Veto | None:
        self.seen.append(event.to_json())
        assert isinstance(event, WorkflowEvent)
        return Veto(f"{event.workflow.workflow_subject} is not for {channel}")


def test_plugins_see_what_is_left_so_that_their_reasons_give_nothing_away() -> None:
    plugin, plugins = Filter(), Plugins()
    plugins.register(plugin, name="filter")
    channels = {"ops": ConfiguredChannel(name="ops", config=RecordingConfig())}
    stored = prepare(event(), settings(channels=channels), plugins)

    assert stored.unwanted_by == {"ops": "vetoed by filter: ******** is not for ops"}
    assert plugin.seen == [stored.payload]


@pytest.mark.parametrize(("fields", "shown"), [("drop_fields", "''"), ("mask_fields", "'********'")])
def test_a_channel_still_gets_the_projects_that_it_asks_for_and_the_reason_does_not_name_another(
    fields: str, shown: str
) -> None:
    channels = {"ops": ConfiguredChannel(name="ops", config=RecordingConfig(projects=("billing-*",)))}
    hidden = settings(channels=channels, **{fields: ("payload.workflow.project_name",)})

    assert list(prepare(event("billing-eu"), hidden, Plugins()).wanted_by) == ["ops"]
    assert prepare(event("s3cret-project"), hidden, Plugins()).unwanted_by == {
        "ops": f"project {shown} matches none of its projects (billing-*)"
    }


def test_news_of_channels_lose_their_detail_too() -> None:
    news = ChannelEvent(action="failing", channel="ops", failures=2, detail="s3cret")
    stored = prepare(news, Settings(drop_fields=("payload.channel.detail",)), Plugins())

    assert json.loads(stored.payload)["payload"] == {"channel": {"name": "ops", "failures": 2, "detail": ""}}


@attrs.frozen(kw_only=True)
class InvoiceEvent(Event):
    kind = "invoice"
    number: str
    amount: int = 0

    @property
    def ordering_key(self) -> str:
        return self.number

    def payload(self) -> Mapping[str, JSONValue]:
        return {"invoice": {"number": self.number, "amount": self.amount}}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], *, action: str, id: str, timestamp: Any) -> Self:  # noqa: A002 - the field's name
        told = payload["invoice"]
        return cls(number=told["number"], amount=told["amount"], action=action, id=id, timestamp=timestamp)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mask_fields": ("payload.invoice.number",)}, "take out what invoice events are kept in order by"),
        ({"drop_fields": ("payload.invoice.number",)}, "cannot be read again without what drop_fields"),
        ({"drop_fields": ("payload.*.amount",)}, "cannot be read again without what drop_fields"),
    ],
)
def test_an_event_of_a_hosts_own_that_cannot_do_without_is_refused_rather_than_stored_whole(
    changes: dict[str, Any], said: str
) -> None:
    plugins = Plugins()
    plugins.add_kind(InvoiceEvent)
    with pytest.raises(InvalidEvent, match=said) as caught:
        prepare(InvoiceEvent(action="paid", number="R-s3cret"), Settings(**changes), plugins)
    assert "s3cret" not in str(caught.value)


def test_on_no_way_of_publishing_does_it_reach_the_database_or_a_channel() -> None:
    with bus_for_tests(settings()) as bus:
        bus.publish(event())
        bus.publish_many([event(), event()])
        bus.notify_workflow("approve", workflow("8"))
        engine = sa.create_engine(bus.settings.database)
        with engine.begin() as connection:
            bus.publish(event(), connection=connection)
            bus.notify_workflow("reject", workflow("9"), connection=connection)
        engine.dispose()
        bus.wake()
        bus.wait_until_settled()
        stored = [one.to_json() for one in bus.published]
        sent = [one.to_json() for one in bus.recorded]
        folder = Path(bus.settings.database.removeprefix("sqlite:///")).parent
        files = b"".join(path.read_bytes() for path in folder.iterdir()).decode("latin-1")

    assert len(stored) == len(sent) == 6
    for text in (*stored, *sent, files):
        assert "billing-eu" in text
        assert "s3cret" not in text


def test_coroutines_publish_without_it_too(tmp_path: Path) -> None:
    bus = Bus(settings(database=f"sqlite:///{tmp_path}/bellwire.db", dispatch="off"))

    async def publish() -> None:
        await bus.apublish(event())
        await bus.anotify_workflow("approve", workflow())

    asyncio.run(publish())
    bus.close()

    assert b"s3cret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
