"""The JSON Schema (draft 2020-12) of the body of a request, made from the events' classes.

It says what is promised, and leaves open what may be added: a receiver that checks by it still takes what later
versions send. ``docs/reference/payload.schema.json`` is what it makes; ``bellwire listen --schema`` prints it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from bellwire.hookspecs import CHANNEL_ACTIONS, WORKFLOW_ACTIONS, ChannelEvent, TestMessage, Workflow, WorkflowEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT: Final = {"type": "string"}
_FILLED: Final = {"type": "string", "minLength": 1}
_WORKFLOW: Final[Mapping[str, str]] = {
    "project_name": "The project that the workflow belongs to.",
    "workflow_id": "Text, even where it looks like a number. One workflow's events come in order.",
    "workflow_subject": "What it is about.",
    "workflow_status": "As of the event: wait_for_audit, wait_for_execution, rejected, canceled, executing, "
    "exec_failed, finished, or another.",
}


def payload_schema() -> dict[str, Any]:
    """The schema: of every event its four fields, and of each kind that is known its payload."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The body of a webhook",
        "description": "Unknown fields, events and actions must be ignored: later versions add some.",
        "type": "object",
        "required": ["event", "action", "timestamp", "payload"],
        "properties": {
            "event": _FILLED
            | {
                "description": "The kind of event: workflow; channel, where a channel asks to be told of others; test, "
                "when an administrator pressed Test; or another.",
                "examples": [WorkflowEvent.kind, ChannelEvent.kind, TestMessage.kind],
            },
            "action": _FILLED
            | {
                "description": "What happened. The platform may have actions of its own.",
                "examples": [*WORKFLOW_ACTIONS, *CHANNEL_ACTIONS, "test"],
            },
            "timestamp": {
                "type": "string",
                "format": "date-time",
                "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$",
                "description": "When the event was published: RFC 3339, whole seconds, with an offset.",
                "examples": ["2023-05-18T15:45:25+08:00"],
            },
            "payload": {"type": "object"},
        },
        "allOf": [
            _of(WorkflowEvent.kind, {"workflow": _workflow()}),
            _of(ChannelEvent.kind, {"channel": _channel()}),
            _of(TestMessage.kind, {"message": _FILLED | {"description": "The text that the test carries."}}),
        ],
    }


def _of(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What holds if the event is of *kind*."""
    return {
        "if": {"properties": {"event": {"const": kind}}, "required": ["event"]},
        "then": {"properties": {"payload": {"required": list(payload), "properties": dict(payload)}}},
    }


def _workflow() -> dict[str, Any]:
    fields = [field.name for field in attrs.fields(Workflow) if field.name != "extra"]
    return {
        "type": "object",
        "description": "The workflow as it stood. The platform may add fields of its own behind these.",
        "required": fields,
        "properties": {
            name: (_FILLED if name == "workflow_id" else _TEXT) | {"description": _WORKFLOW[name]} for name in fields
        },
    }


def _channel() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["name", "failures", "detail"],
        "properties": {
            "name": _FILLED | {"description": "The channel that fails, or works again."},
            "failures": {"type": "integer", "minimum": 0, "description": "How many sends in a row had failed."},
            "detail": _TEXT | {"description": "The first failure's sentence."},
        },
    }
