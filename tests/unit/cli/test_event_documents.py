"""What ``publish --json`` reads, and where it says the mistake is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.cli.event_documents import Unreadable, read_events
from bellwire.hookspecs import Event, TestMessage, WorkflowEvent

WORKFLOW = {"project_name": "p", "workflow_id": "1", "workflow_subject": "s", "workflow_status": "finished"}
SHORT = {"action": "create", "workflow": WORKFLOW}


@attrs.frozen(kw_only=True)
class InvoiceEvent(Event):
    kind = "invoice"
    number: str

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], **envelope: Any) -> InvoiceEvent:
        return cls(number=payload["invoice"]["number"], **envelope)


KINDS: dict[str, type[Event]] = {"workflow": WorkflowEvent, "test": TestMessage, "invoice": InvoiceEvent}


def read(text: str) -> list[Event]:
    return read_events(text, KINDS.get)


def problem(text: str) -> str:
    with pytest.raises(Unreadable) as caught:
        read(text)
    return str(caught.value)


def test_the_short_form_and_the_wire_form_are_the_same_event() -> None:
    (short,) = read(json.dumps({**SHORT, "id": "e1", "timestamp": "2023-05-18T15:45:25+08:00"}))
    assert short.to_json() == (
        '{"event":"workflow","action":"create","timestamp":"2023-05-18T15:45:25+08:00","payload":{"workflow":'
        '{"project_name":"p","workflow_id":"1","workflow_subject":"s","workflow_status":"finished"}}}'
    )
    (wire,) = read(short.to_json())
    assert wire.to_json() == short.to_json()
    assert short.id == "e1"
    assert wire.id != "e1"


def test_further_fields_of_the_workflow_are_kept_in_their_order() -> None:
    (event,) = read(json.dumps({"action": "create", "workflow": {"b": [1], **WORKFLOW, "a": None}}))
    assert isinstance(event, WorkflowEvent)
    assert list(event.workflow.extra.items()) == [("b", [1]), ("a", None)]


@pytest.mark.parametrize("separator", ["\n", "", "\r\n\n  ", "\t"])
def test_several_events_follow_one_another(separator: str) -> None:
    text = separator.join(json.dumps({**SHORT, "id": str(number)}) for number in range(3))
    assert [event.id for event in read(text)] == ["0", "1", "2"]


def test_an_event_may_be_spread_over_lines() -> None:
    assert len(read(json.dumps(SHORT, indent=2) + "\n" + json.dumps(SHORT, indent=2))) == 2


def test_a_kind_of_a_plugin_is_read_in_the_form_of_the_wire() -> None:
    (event,) = read('{"event": "invoice", "action": "paid", "payload": {"invoice": {"number": "7"}}}')
    assert isinstance(event, InvoiceEvent)
    assert event.number == "7"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", 'there is nothing in it; an event is {"action": …, "workflow": {…}}'),
        (" \n ", 'there is nothing in it; an event is {"action": …, "workflow": {…}}'),
        ('{"action":\n  "create",\n  oops}', "line 3, column 3: is not JSON: expecting property name enclosed"),
        (f'{json.dumps(SHORT)}\n{{"action": 1,', "line 2, column 14: is not JSON: expecting property name enclosed"),
        ("{}\x00", "line 1, column 1: missing: action, workflow"),
        ('{"action": NaN}', "line 1, column 1: is not JSON: NaN is no JSON value; write null or a text"),
        ("[" * 100_000, "line 1, column 1: is not JSON: nested too deeply"),
        ("[]", 'an event is an object such as {"action": …, "workflow": {…}}, not an array'),
        ('"create"', "not the text 'create'"),
        ("3", "not the number 3"),
        ('{"action": "create", "worfklow": {}}', "unknown key 'worfklow', did you mean 'workflow'?"),
        ('{"action": "create", "colour": 1}', "unknown key 'colour'; an event has action, workflow, id, timestamp"),
        ('{"action": 1, "workflow": {}}', "action: must be a text, got the number 1"),
        ('{"action": "create", "workflow": []}', "workflow: must be an object with project_name, workflow_id"),
        ('{"event": "workflow", "action": "create", "payload": 1}', "workflow: must be an object with project_name"),
        (
            '{"action": "create", "workflow": {"workflow_id": 1, "project_name": null, "workflow_subject": "s"}}',
            (
                "workflow: missing: workflow_status; project_name: must be a text in quotes, got null; "
                "workflow_id: must be a text in quotes, got the number 1"
            ),
        ),
        (json.dumps({**SHORT, "workflow": {**WORKFLOW, "workflow_id": ""}}), "workflow_id: must not be empty"),
        (json.dumps({**SHORT, "timestamp": "yesterday"}), "timestamp: 'yesterday' is not RFC 3339, such as 2"),
        (json.dumps({**SHORT, "timestamp": "2023-05-18T15:45:25"}), "has no offset, such as +08:00 or Z"),
        ('{"event": "order", "action": "a", "payload": {}}', "no kind 'order' that can be published is known"),
        ('{"event": "test", "action": "test", "payload": {"message": "m"}}', "no kind 'test' that can be published"),
        ('{"event": "invoice", "action": "paid", "payload": {}}', "missing: 'invoice'"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, sentence: str) -> None:
    assert sentence in problem(text)


def told(text: str) -> str:
    """What is wrong with *text*; nothing when it is events."""
    try:
        return "" if read(text) else "it is no event"
    except Unreadable as error:
        return str(error)


@given(st.text())
def test_whatever_is_read_is_refused_in_a_sentence(text: str) -> None:
    assert told(text).startswith(("line ", "there is nothing in it"))


KEYS = st.sampled_from([*WORKFLOW, *SHORT, "event", "payload", "id", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@given(st.dictionaries(st.sampled_from(["action", "workflow", "event", "payload", "id", "timestamp", "x"]), JSON))
def test_whatever_object_is_read_is_an_event_or_refused_with_its_place(document: dict[str, Any]) -> None:
    problem = told(json.dumps(document))
    assert not problem or problem.startswith("line 1, column 1: ")
