"""From an event to what is stored of it: checks, and for each channel whether it hears of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

import attrs
import pytest

from bellwire.core import ConfiguredChannel, EventTooLarge, InvalidEvent, PublishError, Settings
from bellwire.core.plugins import Plugins
from bellwire.core.publishing import prepare
from bellwire.core.testing import RecordingConfig
from bellwire.hookspecs import (
    ChannelConfig,
    ChannelEvent,
    Event,
    JSONValue,
    TestMessage,
    Veto,
    Workflow,
    WorkflowEvent,
    hookimpl,
)


@attrs.frozen(kw_only=True)
class InvoiceEvent(Event):
    kind = "invoice"
    number: str
    key: Any = "k"

    @property
    def ordering_key(self) -> str:
        key: str = self.key
        return key

    def payload(self) -> Mapping[str, JSONValue]:
        return {"invoice": {"number": self.number}}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], *, action: str, id: str, timestamp: Any) -> Self:  # noqa: A002 - the field's name
        return cls(number=payload["invoice"]["number"], action=action, id=id, timestamp=timestamp)


def workflow(action: str = "create", **changes: Any) -> WorkflowEvent:
    fields = {"project_name": "billing-eu", "workflow_id": "7", "workflow_subject": "s", "workflow_status": "finished"}
    event_id = changes.pop("id", None)
    made = WorkflowEvent(action=action, workflow=Workflow(**(fields | changes)))
    return made if event_id is None else attrs.evolve(made, id=event_id)


def settings(**channels: ChannelConfig) -> Settings:
    return Settings(channels={name: ConfiguredChannel(name=name, config=config) for name, config in channels.items()})


def test_an_event_is_stored_as_the_very_text_that_will_be_sent() -> None:
    event = workflow()
    stored = prepare(event, settings(ops=RecordingConfig()), Plugins())
    assert (stored.id, stored.kind, stored.action, stored.ordering_key) == (event.id, "workflow", "create", "7")
    assert stored.payload == event.to_json()


def test_each_channel_that_wants_it_gets_a_delivery_of_its_own() -> None:
    stored = prepare(workflow(), settings(ops=RecordingConfig(), chat=RecordingConfig()), Plugins())
    assert sorted(stored.wanted_by) == ["chat", "ops"]
    assert len(set(stored.wanted_by.values())) == 2
    assert stored.unwanted_by == {}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"actions": ("approve", "reject")}, "action 'create' is not among its actions (approve, reject)"),
        ({"projects": ("ops-*", "x")}, "project 'billing-eu' matches none of its projects (ops-*, x)"),
        ({"projects": ("BILLING-*",)}, "project 'billing-eu' matches none of its projects (BILLING-*)"),
    ],
)
def test_a_channels_own_settings_leave_an_event_out_with_the_reason(values: dict[str, Any], reason: str) -> None:
    stored = prepare(workflow(), settings(ops=RecordingConfig(**values)), Plugins())
    assert (stored.wanted_by, stored.unwanted_by) == ({}, {"ops": reason})


@pytest.mark.parametrize(
    "values", [{}, {"actions": ("create",)}, {"projects": ("billing-*",)}, {"projects": ("billing-[de]u",)}]
)
def test_what_a_channel_asks_for_it_gets(values: dict[str, Any]) -> None:
    assert list(prepare(workflow(), settings(ops=RecordingConfig(**values)), Plugins()).wanted_by) == ["ops"]


def test_a_disabled_channel_hears_of_nothing_and_says_by_what() -> None:
    off = ConfiguredChannel(name="off", config=RecordingConfig(), disabled_by="enable = false")
    unloaded = ConfiguredChannel(name="gone", config=None, disabled_by="BELLWIRE_DISABLED_CHANNELS")
    stored = prepare(workflow(), Settings(channels={"off": off, "gone": unloaded}), Plugins())
    assert stored.unwanted_by == {
        "off": "disabled (enable = false)",
        "gone": "disabled (BELLWIRE_DISABLED_CHANNELS)",
    }


class Filter:
    def __init__(self, reason: str) -> None:
        self.reason = reason

    @hookimpl
    def notify_filter(self, event: Event, channel: str) -> Veto | None:
        return Veto(self.reason) if channel == "ops" else None


def test_a_veto_is_kept_with_its_plugin_and_its_reason_for_that_channel_alone() -> None:
    plugins = Plugins()
    plugins.register(Filter("it is Sunday"), name="calendar")
    stored = prepare(workflow(), settings(ops=RecordingConfig(), chat=RecordingConfig()), plugins)
    assert stored.unwanted_by == {"ops": "vetoed by calendar: it is Sunday"}
    assert list(stored.wanted_by) == ["chat"]


@pytest.mark.parametrize("reason", ["a\ud800b", "nul\0nul"])
def test_a_reason_that_no_database_can_store_does_not_keep_the_event_from_being_stored(reason: str) -> None:
    plugins = Plugins()
    plugins.register(Filter(reason))
    stored = prepare(workflow(), settings(ops=RecordingConfig()), plugins)
    kept = stored.unwanted_by["ops"]
    kept.encode()
    assert "\0" not in kept


def test_news_of_a_channel_goes_to_those_who_ask_and_never_to_itself() -> None:
    config = settings(
        ops=RecordingConfig(channel_events=True), chat=RecordingConfig(channel_events=True), log=RecordingConfig()
    )
    stored = prepare(ChannelEvent(action="failing", channel="ops", failures=1, detail="x"), config, Plugins())
    assert list(stored.wanted_by) == ["chat"]
    assert sorted(stored.unwanted_by) == ["log", "ops"]


def test_an_unknown_action_is_refused_with_those_that_are_known_and_the_way_out() -> None:
    with pytest.raises(InvalidEvent) as caught:
        prepare(workflow("aprove"), settings(), Plugins())
    message = str(caught.value)
    assert message.startswith("no workflow action 'aprove', did you mean 'approve'? Known are create, approve, reject")
    assert 'workflow_actions = ["aprove"]' in message
    with pytest.raises(InvalidEvent, match=r"no workflow action 'zzz'\. Known are create"):
        prepare(workflow("zzz"), settings(), Plugins())


def test_an_action_that_the_host_added_is_known() -> None:
    assert prepare(workflow("cancel"), Settings(workflow_actions=("cancel",)), Plugins()).action == "cancel"


def test_a_kind_of_the_hosts_own_must_be_registered_and_then_is_stored_like_any() -> None:
    event = InvoiceEvent(action="paid", number="9")
    with pytest.raises(
        InvalidEvent, match="InvoiceEvent of kind 'invoice' is not known to this bus; register it: plugins"
    ):
        prepare(event, settings(), Plugins())
    plugins = Plugins()
    plugins.register(InvoiceEvent)
    stored = prepare(event, settings(ops=RecordingConfig()), plugins)
    assert (stored.kind, json.loads(stored.payload)["payload"]) == ("invoice", {"invoice": {"number": "9"}})


@pytest.mark.parametrize("thing", [None, "create", {"event": "workflow"}, object(), WorkflowEvent])
def test_what_is_no_event_is_refused_by_its_type(thing: Any) -> None:
    with pytest.raises(InvalidEvent, match=f"publish takes an event such as WorkflowEvent, got {type(thing).__name__}"):
        prepare(thing, settings(), Plugins())


def test_a_test_message_is_not_published() -> None:
    with pytest.raises(InvalidEvent, match="bellwire test CHANNEL"):
        prepare(TestMessage.for_platform("SQLE"), settings(), Plugins())


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "must be a text that is not empty, got ''"),
        (7, "must be a text that is not empty, got 7"),
        ("x" * 256, "is 256 characters long; at most 255 are allowed"),
        ("a\0", "holds U+0000 or a lone surrogate"),
        ("\udc80", "holds U+0000 or a lone surrogate"),
    ],
)
def test_a_key_that_cannot_be_stored_is_refused_by_name(key: Any, said: str) -> None:
    plugins = Plugins()
    plugins.register(InvoiceEvent)
    with pytest.raises(InvalidEvent) as caught:
        prepare(InvoiceEvent(action="paid", number="9", key=key), settings(), plugins)
    assert str(caught.value).startswith(f"InvoiceEvent.ordering_key: {said}")


@pytest.mark.parametrize("length", [255, 1])
def test_a_key_of_any_allowed_length_is_stored_whole(length: int) -> None:
    plugins = Plugins()
    plugins.register(InvoiceEvent)
    stored = prepare(InvoiceEvent(action="paid", number="9", key="🔔" * length), settings(), plugins)
    assert stored.ordering_key == "🔔" * length


def test_an_event_id_that_is_too_long_is_refused() -> None:
    assert prepare(workflow(id="x" * 200), settings(), Plugins()).id == "x" * 200
    with pytest.raises(InvalidEvent, match=r"WorkflowEvent\.id: is 201 characters long; at most 200"):
        prepare(workflow(id="x" * 201), settings(), Plugins())


@pytest.mark.parametrize("bad", [float("nan"), "\ud800", "a\0b", {1, 2}, {1: "key"}])
def test_a_payload_that_json_or_a_database_cannot_carry_is_refused_by_place(bad: Any) -> None:
    with pytest.raises(InvalidEvent, match=r"workflow event 'create' cannot be published: .*payload\.workflow\.note"):
        prepare(workflow(extra={"note": bad}), settings(), Plugins())


def test_an_event_that_is_too_large_is_refused_with_its_size_and_the_limit() -> None:
    with pytest.raises(EventTooLarge) as caught:
        prepare(workflow(workflow_subject="é" * 200_000), settings(), Plugins())
    assert "bytes long; max_event_bytes allows 262144" in str(caught.value)


def test_the_limit_counts_bytes_and_is_met_exactly() -> None:
    size = len(workflow(workflow_subject="é" * 2000).to_json().encode())
    prepare(workflow(workflow_subject="é" * 2000), Settings(max_event_bytes=size), Plugins())
    with pytest.raises(EventTooLarge):
        prepare(workflow(workflow_subject="é" * 2000), Settings(max_event_bytes=size - 1), Plugins())


def test_every_refusal_is_a_publish_error() -> None:
    assert issubclass(InvalidEvent, PublishError)
    assert issubclass(EventTooLarge, PublishError)
