"""Paths through an event's document, and what may be wrong with one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.hookspecs import (
    KNOWN_PATHS,
    ChannelEvent,
    Event,
    PathDoubt,
    TestMessage,
    path_doubt,
    sample_workflow_event,
    split_path,
)

EVENTS = (
    sample_workflow_event(),
    ChannelEvent(action="failing", channel="ops", failures=1, detail="d"),
    TestMessage(message="m"),
)


def leaves(value: object, path: str = "") -> list[str]:
    if not isinstance(value, dict):
        return [path]
    return [leaf for name, item in value.items() for leaf in leaves(item, f"{path}.{name}" if path else name)]


def test_the_known_paths_are_those_of_the_events_that_come_with_bellwire() -> None:
    assert set(KNOWN_PATHS) == {leaf for event in EVENTS for leaf in leaves(json.loads(event.to_json()))}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_no_path_that_an_event_has_is_doubted(event: Event) -> None:
    for leaf in leaves(json.loads(event.to_json())):
        parts = split_path(leaf)
        assert all(path_doubt(parts[:length]) is None for length in range(1, len(parts) + 1))


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", " a", "a ", "a\n.b", "a\0", "a\ud800", "a" * 501])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no path: names with dots between"):
        split_path(path)


@pytest.mark.parametrize(
    ("path", "doubt"),
    [
        ("paylod.x", PathDoubt("paylod.x does not begin with one of action, event, payload, timestamp, id", True)),
        ("id.x", PathDoubt("id.x: nothing lies below id", True)),
        ("payload.message.x", PathDoubt("payload.message.x: nothing lies below payload.message", True)),
        (
            "payload.channel.x",
            PathDoubt("payload.channel.x: there are detail, failures, name below payload.channel", True),
        ),
        (
            "payload.workflow.project_nam.x",
            PathDoubt("payload.workflow.project_nam.x: did you mean payload.workflow.project_name.x?", False),
        ),
        ("payload.mesage", PathDoubt("payload.mesage: did you mean payload.message?", False)),
        ("payload.workflow.assignees.*.phone", None),
        ("payload.invoice.number", None),
        ("payload", None),
        ("id", None),
    ],
)
def test_what_is_doubtful_is_said_with_whether_it_is_certain(path: str, doubt: PathDoubt | None) -> None:
    assert path_doubt(split_path(path), ("id",)) == doubt


@given(st.text())
def test_any_text_is_a_path_or_is_none_and_never_anything_else(text: str) -> None:
    try:
        parts = split_path(text)
    except ValueError:
        return
    assert ".".join(parts) == text
    path_doubt(parts)
