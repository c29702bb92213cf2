"""From the JSON that ``bellwire publish --json`` reads to events. Pure.

A document is ``{"action": …, "workflow": {…}}``, or what goes over the wire:
``{"event": …, "action": …, "timestamp": …, "payload": {…}}``. Both may carry an ``id``. Several may follow one another,
as JSON lines do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bellwire.core.plugins import did_you_mean
from bellwire.hookspecs import Event

_SHORT: Final = ("action", "workflow", "id", "timestamp")
_WIRE: Final = ("event", "action", "timestamp", "payload", "id")
_WORKFLOW: Final = ("project_name", "workflow_id", "workflow_subject", "workflow_status")


class Unreadable(Exception):
    """The input is not what it should be: where, and why, in a sentence."""


Kinds = Callable[[str], type[Event] | None]
"""The class of an event kind, as the bus knows it."""


def read_events(text: str, kind: Kinds) -> list[Event]:
    """The events in *text*, in their order. Raises :class:`Unreadable` for the first that is none."""
    events: list[Event] = []
    for place, document in _documents(text):
        try:
            events.append(_event(document, kind))
        except _Wrong as error:
            msg = f"{_position(text, place)}: {error}"
            raise Unreadable(msg) from error
    if not events:
        msg = 'there is nothing in it; an event is {"action": …, "workflow": {…}}'
        raise Unreadable(msg)
    return events


def _documents(text: str) -> Iterator[tuple[int, object]]:
    """Each JSON document with the place where it begins."""
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    place = 0
    while place < len(text):
        if text[place] in " \t\r\n":
            place += 1
            continue
        try:
            document, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            msg = f"{_position(text, error.pos)}: is not JSON: {_in_our_words(error.msg)}"
            raise Unreadable(msg) from error
        except (_Wrong, RecursionError) as error:
            reason = error if isinstance(error, _Wrong) else "nested too deeply"
            msg = f"{_position(text, place)}: is not JSON: {reason}"
            raise Unreadable(msg) from error
        yield place, document
        place = end


class _Wrong(Exception):
    pass


def _refuse_constant(name: str) -> object:
    msg = f"{name} is no JSON value; write null or a text"
    raise _Wrong(msg)


def _in_our_words(message: str) -> str:
    return message[:1].lower() + message[1:]


def _position(text: str, place: int) -> str:
    before = text[:place]
    return f"line {before.count(chr(10)) + 1}, column {place - (before.rfind(chr(10)) + 1) + 1}"


def _event(document: object, kinds: Kinds) -> Event:
    if not isinstance(document, Mapping):
        msg = f'an event is an object such as {{"action": …, "workflow": {{…}}}}, not {_named(document)}'
        raise _Wrong(msg)
    is_wire = "payload" in document or "event" in document
    _check_keys(document, _WIRE if is_wire else _SHORT, "payload" if is_wire else "workflow")
    kind = document["event"] if is_wire else "workflow"
    payload = document["payload"] if is_wire else {"workflow": document["workflow"]}
    if kind == "workflow":
        _check_workflow(payload)
    return _made(kinds, kind, document, payload)


def _check_keys(document: Mapping[str, Any], known: tuple[str, ...], content: str) -> None:
    if strange := [key for key in document if key not in known]:
        hint = did_you_mean(strange[0], known) or f"; an event has {', '.join(known)}"
        msg = f"unknown key {strange[0]!r}{hint}"
        raise _Wrong(msg)
    required = ("event", "action", content) if content == "payload" else ("action", content)
    if missing := [key for key in required if key not in document]:
        msg = f"missing: {', '.join(missing)}"
        raise _Wrong(msg)
    for key in ("event", "action", "id", "timestamp"):
        if key in document and not isinstance(document[key], str):
            msg = f"{key}: must be a text, got {_named(document[key])}"
            raise _Wrong(msg)


def _check_workflow(payload: object) -> None:
    workflow = payload.get("workflow") if isinstance(payload, Mapping) else None
    if not isinstance(workflow, Mapping):
        msg = "workflow: must be an object with project_name, workflow_id, workflow_subject and workflow_status"
        raise _Wrong(msg)
    missing = [key for key in _WORKFLOW if key not in workflow]
    problems = [f"missing: {', '.join(missing)}"] if missing else []
    problems += [
        f"{key}: must be a text in quotes, got {_named(workflow[key])}"
        for key in _WORKFLOW
        if key in workflow and not isinstance(workflow[key], str)
    ]
    if problems:
        msg = f"workflow: {'; '.join(problems)}"
        raise _Wrong(msg)


def _made(kinds: Kinds, kind: str, document: Mapping[str, Any], payload: Any) -> Event:  # noqa: ANN401 - JSON is of any type
    found = kinds(kind)
    if found is None or kind == "test":
        msg = f"event: no kind {kind!r} that can be published is known; plugins bring further kinds"
        raise _Wrong(msg)
    try:
        # what is stored, once read again, is the same class by the same way
        event = found.from_payload(payload, action=document["action"], **_envelope(document))
    except (ValueError, TypeError, KeyError) as error:
        msg = f"missing: {error}" if isinstance(error, KeyError) else str(error)
        raise _Wrong(msg) from error
    return event


def _envelope(document: Mapping[str, Any]) -> dict[str, Any]:
    from datetime import datetime

    from bellwire.hookspecs import new_id

    now = datetime.now().astimezone()
    try:
        moment = datetime.fromisoformat(document["timestamp"]) if "timestamp" in document else now
    except ValueError as error:
        msg = f"timestamp: {document['timestamp']!r} is not RFC 3339, such as {now.isoformat(timespec='seconds')}"
        raise _Wrong(msg) from error
    if moment.tzinfo is None:
        msg = f"timestamp: {document['timestamp']!r} has no offset, such as +08:00 or Z"
        raise _Wrong(msg)
    return {"id": document.get("id") or new_id(), "timestamp": moment}


def _named(value: object) -> str:
    match value:
        case None | bool():
            return json.dumps(value)
        case Mapping():
            return "an object"
        case list():
            return "an array"
        case str():
            return f"the text {value[:40]!r}"
        case _:
            return f"the number {value}"
