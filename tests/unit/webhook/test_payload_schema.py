"""The published schema is that of what is sent; ``python tests/unit/webhook/test_payload_schema.py`` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bellwire.channels.webhook.payload_schema import payload_schema
from bellwire.hookspecs import (
    CHANNEL_ACTIONS,
    ChannelEvent,
    TestMessage,
    Workflow,
    WorkflowEvent,
    sample_workflow_event,
)

PUBLISHED: Final = Path(__file__).parents[3] / "docs" / "reference" / "payload.schema.json"
VALIDATOR: Final = Draft202012Validator(payload_schema())
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
filled = texts.filter(bool)


def text_of(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2) + "\n"


def errors(document: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def test_what_is_published_is_what_the_code_makes() -> None:
    assert PUBLISHED.read_text("utf-8") == text_of(payload_schema()), f"run: python {Path(__file__).name}"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(payload_schema())


def test_the_specifications_sample_fits(sample_json: str) -> None:
    assert errors(json.loads(sample_json)) == []


@given(
    filled,
    st.builds(
        Workflow,
        project_name=texts,
        workflow_id=filled,
        workflow_subject=texts,
        workflow_status=texts,
        extra=st.dictionaries(st.sampled_from(["project_uid", "sql_type_map"]), st.none() | texts | st.integers(0, 9)),
    ),
)
def test_every_workflow_event_fits(action: str, workflow: Workflow) -> None:
    assert errors(json.loads(WorkflowEvent(action=action, workflow=workflow).to_json())) == []


@given(st.sampled_from(CHANNEL_ACTIONS), filled, st.integers(0, 10**9), texts)
def test_every_channel_event_fits(action: str, channel: str, failures: int, detail: str) -> None:
    event = ChannelEvent(action=action, channel=channel, failures=failures, detail=detail)

    assert errors(json.loads(event.to_json())) == []


@given(filled)
def test_every_test_message_fits(platform: str) -> None:
    assert errors(json.loads(TestMessage.for_platform(platform).to_json())) == []


def test_what_later_versions_may_add_fits() -> None:
    sample = json.loads(sample_workflow_event().to_json())

    assert errors(sample | {"version": 2, "action": "cancel"}) == []
    assert errors(sample | {"event": "invoice", "payload": {"invoice": 1}}) == []


@pytest.mark.parametrize("missing", ["event", "action", "timestamp", "payload"])
def test_an_event_without_one_of_its_fields_does_not_fit(missing: str) -> None:
    sample = json.loads(sample_workflow_event().to_json())
    del sample[missing]

    assert errors(sample)


@pytest.mark.parametrize("missing", [field.name for field in attrs.fields(Workflow) if field.name != "extra"])
def test_a_workflow_without_one_of_its_fields_does_not_fit(missing: str) -> None:
    sample = json.loads(sample_workflow_event().to_json())
    del sample["payload"]["workflow"][missing]

    assert errors(sample) == [f"{missing!r} is a required property"]


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2023-05-18T15:45:25"},
        {"timestamp": "2023-05-18T15:45:25.5Z"},
        {"timestamp": 1684395925},
        {"action": ""},
        {"event": "test"},
        {"event": "channel", "payload": {"channel": {"name": "", "failures": 0, "detail": ""}}},
        {"event": "channel", "action": "failing", "payload": {"channel": {"name": "a", "failures": -1, "detail": ""}}},
        {
            "payload": {
                "workflow": {"project_name": "", "workflow_id": 1, "workflow_subject": "", "workflow_status": ""}
            }
        },
        {"payload": []},
    ],
)
def test_what_no_event_looks_like_does_not_fit(change: dict[str, Any]) -> None:
    assert errors(json.loads(sample_workflow_event().to_json()) | change)


if __name__ == "__main__":
    PUBLISHED.write_text(text_of(payload_schema()), "utf-8")
