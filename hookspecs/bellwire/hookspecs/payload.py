"""From an event's content to the exact JSON text that is stored and sent, and the refusal of what JSON cannot carry.

The text is RFC 8259 JSON: compact, keys in the given order, non-ASCII characters as themselves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

JSONValue: TypeAlias = (
    "str | int | float | bool | Mapping[str, JSONValue] | list[JSONValue] | tuple[JSONValue, ...] | None"
)
"""What a payload may hold."""


class InvalidPayload(ValueError):
    """A payload holds something that JSON, or one of the databases, cannot carry. The message names the place."""


def _as_dict(value: object) -> dict[object, object]:
    if isinstance(value, Mapping):  # json knows dict alone
        return dict(value)
    raise TypeError


_encoder: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_as_dict)


def encode(document: Mapping[str, object]) -> str:
    """*document* as compact JSON.

    Refused by name, as :class:`InvalidPayload`: NaN and infinities, lone surrogates, U+0000 (PostgreSQL cannot store
    it), keys that are not text, objects that JSON does not know, and circular references.
    """
    try:
        text = _encoder.encode(document)
        text.encode()
        # a cheap look first: only a text that may hold a NUL, or a key that was turned into text, is walked
        if "\\u0000" not in text and _keys_are_text(document):
            return text
    except (TypeError, ValueError, RecursionError):
        text = ""
    problem = _first_problem(document, "", ())
    if problem is not None:
        raise InvalidPayload(problem)
    if not text:
        msg = "the payload is nested too deeply for JSON"
        raise InvalidPayload(msg)
    return text


def _keys_are_text(value: object) -> bool:
    # json.dumps turns 1, None and True into text when they are keys: a receiver would see another payload
    if isinstance(value, str):
        return True  # most values are, and to ask an abstract class costs more than to encode them
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _keys_are_text(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_keys_are_text, value))
    return True


def _first_problem(value: object, path: str, above: tuple[int, ...]) -> str | None:
    where = path or "the payload"
    match value:
        case str():
            return _text_problem(value, where)
        case int() if value.bit_length() > _MOST_BITS:
            return f"{where}: a number of {value.bit_length()} bits is larger than JSON's readers take; send it as text"
        case bool() | int() | None:
            return None
        case float():
            return None if math.isfinite(value) else f"{where}: {value} is not JSON; send null or a text instead"
        case Mapping() | list() | tuple():
            if id(value) in above:
                return f"{where}: refers to itself"
            if len(above) > _MAX_DEPTH:
                return f"{where[:80]}…: nested deeper than {_MAX_DEPTH} levels"
            return _container_problem(value, path, (*above, id(value)))
        case _:
            return (
                f"{where}: a {type(value).__name__} is not JSON; "
                "use str, int, float, bool, None, a list or a dict with text keys"
            )


_MAX_DEPTH: Final = 200
_MOST_BITS: Final = 1024  # the range of a double, which RFC 8259, section 6, advises to stay in


def _container_problem(
    value: Mapping[object, object] | list[object] | tuple[object, ...], path: str, above: tuple[int, ...]
) -> str | None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                return f"{path or 'the payload'}: the key {key!r} is a {type(key).__name__}; JSON keys are text"
            inner = f"{path}.{key}" if path else key
            problem = _text_problem(key, f"the key {inner!a}") or _first_problem(item, inner, above)
            if problem:
                return problem
    else:
        for index, item in enumerate(value):
            if problem := _first_problem(item, f"{path}[{index}]", above):
                return problem
    return None


def _text_problem(text: str, where: str) -> str | None:
    if "\0" in text:
        return f"{where}: holds the character U+0000, which databases and receivers cannot carry"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"{where}: holds the lone surrogate U+{ord(text[error.start]):04X}, which is not UTF-8"
    return None


def format_timestamp(moment: datetime) -> str:
    """*moment* as RFC 3339 in whole seconds, with its own offset, ``Z`` when that is UTC.

    >>> from datetime import timezone
    >>> format_timestamp(datetime(2023, 5, 18, 15, 45, 25, tzinfo=timezone(timedelta(hours=8))))
    '2023-05-18T15:45:25+08:00'
    >>> format_timestamp(datetime(2023, 5, 18, 7, 45, 25, tzinfo=UTC))
    '2023-05-18T07:45:25Z'
    """
    offset = moment.utcoffset()
    if offset is None:
        msg = f"the timestamp {moment.isoformat()} has no time zone; use datetime.now().astimezone()"
        raise ValueError(msg)
    if not offset or offset % timedelta(minutes=1):  # RFC 3339 offsets are whole minutes
        return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return moment.isoformat(timespec="seconds")


def parse_timestamp(text: str) -> datetime:
    """The reverse of :func:`format_timestamp`; raises ``ValueError`` for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = f"the timestamp {text!r} has no offset (RFC 3339)"
        raise ValueError(msg)
    return moment
