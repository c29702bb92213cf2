"""Events: what they refuse, and that what is stored is what is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Self

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.hookspecs import (
    ChannelEvent,
    Event,
    JSONValue,
    TestMessage,
    Workflow,
    WorkflowEvent,
    sample_workflow_event,
)

SAMPLE = (
    '{"event":"workflow","action":"create","timestamp":"2023-05-18T15:45:25+08:00","payload":{"workflow":'
    '{"project_name":"test_project","workflow_id":"1658637666259832832","workflow_subject":"test_workflow",'
    '"workflow_status":"wait_for_audit"}}}'
)
SHANGHAI = timezone(timedelta(hours=8))


def workflow(**changes: Any) -> Workflow:
    fields = {"project_name": "p", "workflow_id": "1", "workflow_subject": "s", "workflow_status": "finished"}
    return Workflow(**(fields | changes))


@attrs.frozen(kw_only=True)
class InvoiceEvent(Event):
    """The example of the docstring."""

    kind = "invoice"
    number: str

    @property
    def ordering_key(self) -> str:
        return self.number

    def payload(self) -> Mapping[str, JSONValue]:
        return {"invoice": {"number": self.number}}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], **envelope: Any) -> Self:
        return cls(number=payload["invoice"]["number"], **envelope)


def test_the_sample_is_the_specifications_byte_for_byte() -> None:
    moment = datetime(2023, 5, 18, 15, 45, 25, 999999, tzinfo=SHANGHAI)
    event = attrs.evolve(sample_workflow_event(), timestamp=moment)

    assert event.to_json() == SAMPLE
    assert len(event.to_json().encode()) == 239


def test_the_time_is_taken_once_in_whole_seconds_with_the_local_offset() -> None:
    event = sample_workflow_event()

    assert event.timestamp.microsecond == 0
    assert event.timestamp.utcoffset() == datetime.now().astimezone().utcoffset()
    assert abs(datetime.now(UTC) - event.timestamp) < timedelta(minutes=1)


@pytest.mark.parametrize("moment", [datetime(2023, 5, 18), "2023-05-18T15:45:25Z", None])  # noqa: DTZ001 - the misuse
def test_a_time_without_a_zone_is_refused_with_the_way_out(moment: Any) -> None:
    with pytest.raises(
        ValueError, match=r"timestamp: must be a datetime with a time zone, .*datetime\.now\(\)\.astime"
    ):
        WorkflowEvent(action="create", workflow=workflow(), timestamp=moment)


@pytest.mark.parametrize("name", ["project_name", "workflow_id", "workflow_subject", "workflow_status"])
@pytest.mark.parametrize(("value", "hint"), [(5, "; pass str(...) of it"), (None, ""), (b"x", "")])
def test_a_field_that_is_no_text_is_refused_by_name(name: str, value: Any, hint: str) -> None:
    with pytest.raises(TypeError) as caught:
        workflow(**{name: value})
    assert str(caught.value) == f"Workflow.{name}: must be str, got {type(value).__name__} {value!r}{hint}"


def test_what_identifies_must_not_be_empty_and_the_rest_may_be() -> None:
    workflow(project_name="", workflow_subject="", workflow_status="")
    with pytest.raises(ValueError, match=r"Workflow\.workflow_id: must not be empty"):
        workflow(workflow_id="")
    with pytest.raises(ValueError, match=r"WorkflowEvent\.action: must not be empty"):
        WorkflowEvent(action="", workflow=workflow())
    with pytest.raises(ValueError, match=r"WorkflowEvent\.id: must not be empty"):
        WorkflowEvent(action="create", id="", workflow=workflow())


def test_a_workflow_event_is_about_a_workflow() -> None:
    with pytest.raises(TypeError, match="'workflow' must be"):
        WorkflowEvent(action="create", workflow={"workflow_id": "1"})  # type: ignore[arg-type]  # the misuse


def test_an_event_cannot_be_changed_and_has_an_id_of_its_own() -> None:
    event = sample_workflow_event()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        event.action = "approve"  # type: ignore[misc]  # that is the point
    assert event.id != sample_workflow_event().id
    assert (event.ordering_key, event.project) == ("1658637666259832832", "test_project")


def test_further_fields_follow_the_four_in_their_own_order() -> None:
    event = WorkflowEvent(action="create", workflow=workflow(extra={"z": 1, "a": {"b": None}}))

    text = event.to_json()
    assert text.endswith('"workflow_status":"finished","z":1,"a":{"b":null}}}}')
    assert WorkflowEvent.from_json(text, id=event.id) == event


def test_a_further_field_with_the_name_of_one_of_the_four_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"Workflow\.extra: workflow_id stands among the workflow's own fields; pass it"
    ):
        workflow(extra={"workflow_id": "2"})
    with pytest.raises(TypeError, match=r"Workflow\.extra: must be a mapping, got list"):
        workflow(extra=[])


def test_what_the_host_does_to_its_dict_later_changes_no_event() -> None:
    extra: dict[str, JSONValue] = {"a": 1}
    event = WorkflowEvent(action="create", workflow=workflow(extra=extra))
    extra["a"] = 2
    assert event.workflow.extra == {"a": 1}


def test_events_can_be_compared_and_put_into_sets() -> None:
    event = WorkflowEvent(action="create", workflow=workflow(extra={"a": [1]}))
    event.to_json()
    again = attrs.evolve(event)

    assert again == event
    assert len({event, again}) == 1


def test_what_was_stored_is_what_is_sent_whatever_the_class_has_become() -> None:
    text = SAMPLE.replace('"workflow_status"', '"x": 1,  "workflow_status"')

    event = WorkflowEvent.from_json(text, id="42")

    assert event.to_json() == text
    assert (event.id, event.action, event.workflow.extra) == ("42", "create", {"x": 1})
    changed = attrs.evolve(event, action="approve")
    assert json.loads(changed.to_json())["action"] == "approve"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "5",
        "{}",
        SAMPLE.replace('"workflow_id"', '"id"'),
        SAMPLE.replace('"1658637666259832832"', "1658637666259832832"),
        SAMPLE.replace("2023-05-18T15:45:25+08:00", "2023-05-18T15:45:25"),
        SAMPLE.replace("2023-05-18T15:45:25+08:00", "yesterday"),
        SAMPLE.replace('"2023-05-18T15:45:25+08:00"', "5"),
        SAMPLE.replace('"create"', '""'),
        '{"event":"workflow","action":"create","timestamp":"2023-05-18T15:45:25Z","payload":{"workflow":[]}}',
        '{"event":"workflow","action":"create","timestamp":"2023-05-18T15:45:25Z","payload":[]}',
    ],
)
def test_a_stored_document_that_is_no_such_event_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        WorkflowEvent.from_json(text, id="1")


def test_an_event_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="this is an event of kind 'test', not 'workflow'"):
        WorkflowEvent.from_json(TestMessage.for_platform("SQLE").to_json(), id="1")


def test_the_test_message_has_the_specifications_text() -> None:
    message = TestMessage.for_platform("ACME")

    assert message.message == (
        "This is a ACME test notification\nIf you receive this message, it only means that the message can be pushed"
    )
    document = json.loads(message.to_json())
    assert (document["event"], document["action"]) == ("test", "test")
    assert document["payload"] == {"message": message.message}
    assert message.ordering_key == message.id
    assert TestMessage.from_json(message.to_json(), id=message.id) == message


def test_a_channels_event_tells_of_a_channel() -> None:
    event = ChannelEvent(action="failing", channel="ops", failures=3, detail="refused")

    assert ChannelEvent.from_json(event.to_json(), id=event.id) == event
    assert (event.ordering_key, event.project) == ("ops", None)
    with pytest.raises(ValueError, match="action"):
        ChannelEvent(action="create", channel="ops")


def test_a_kind_of_ones_own_needs_what_the_docstring_says_and_no_more() -> None:
    event = InvoiceEvent(action="paid", number="7")

    assert json.loads(event.to_json())["event"] == "invoice"
    assert InvoiceEvent.from_json(event.to_json(), id=event.id) == event
    assert event.project is None


def test_a_kind_that_leaves_something_out_says_so_when_it_is_used() -> None:
    @attrs.frozen(kw_only=True)
    class Bare(Event):
        kind = "bare"

    event = Bare(action="x")
    for use in (lambda: event.ordering_key, event.payload, event.to_json):
        with pytest.raises(NotImplementedError):
            use()
    with pytest.raises(NotImplementedError):
        Bare.from_json(SAMPLE.replace('"workflow"', '"bare"', 1), id="1")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
names = texts.filter(lambda name: name not in ("project_name", "workflow_id", "workflow_subject", "workflow_status"))


@given(
    action=texts.filter(bool),
    fields=st.tuples(texts, texts.filter(bool), texts, texts),
    extra=st.dictionaries(names, values, max_size=4),
    moment=st.datetimes(
        datetime(1000, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
        timezones=st.sampled_from([UTC, SHANGHAI, timezone(timedelta(hours=-3, minutes=-30))]),
    ),
)
def test_every_event_comes_back_as_it_was(
    action: str, fields: tuple[str, str, str, str], extra: dict[str, JSONValue], moment: datetime
) -> None:
    project, workflow_id, subject, status = fields
    event = WorkflowEvent(
        action=action,
        timestamp=moment,
        workflow=Workflow(
            project_name=project,
            workflow_id=workflow_id,
            workflow_subject=subject,
            workflow_status=status,
            extra=extra,
        ),
    )
    text = event.to_json()

    again = WorkflowEvent.from_json(text, id=event.id)
    assert again == event
    assert again.to_json() == text
    assert attrs.evolve(again).to_json() == text
