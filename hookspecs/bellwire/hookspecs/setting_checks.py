"""What is wrong with a value by its setting's declaration, in sentences that never hold a secret."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from .durations import parse_duration
from .redact import redact_url
from .secret import Secret
from .setting import SettingFormat, SettingInfo

_LONGEST_SHOWN: Final = 200


def is_absent(value: object) -> bool:
    """Whether *value* says that nobody set anything: ``None``, an empty text, secret, tuple or dict."""
    if isinstance(value, str | Secret | tuple | list | Mapping):
        return not value
    return value is None


def value_problems(info: SettingInfo, value: object, *, may_be_empty: bool = True) -> list[str]:
    """All that is wrong with *value* by its declaration, each as a sentence without the field's name.

    An empty text counts as none at all, unless *may_be_empty* is false.
    """
    if value is None or (may_be_empty and isinstance(value, str | Secret) and not value):
        return []  # absent; whether it may be is required_when_enabled's matter
    problems = _length_problems(info, value)
    for item in _items(value):
        problems += [*_range_problems(info, item), *_text_problems(info, item)]
    if info.check is not None and not problems and (message := info.check(value)):
        problems.append(message)
    return problems


def shown(value: object) -> str:
    """*value* as a message may show it: on one line, not endless, without a secret or a URL's user and query."""
    match value:
        case Secret():
            return "a secret that does not"
        case str():
            plain = redact_url(value) if "://" in value or (":" in value and "@" in value) else value
            # repr escapes whatever a terminal would act upon, and leaves 工单 readable
            return repr(plain) if len(plain) <= _LONGEST_SHOWN else f"{plain[:_LONGEST_SHOWN]!r}…"
        case bool():
            return "true" if value else "false"
        case int() if abs(value) >= 1 << 64:
            return "a number of more than 64 bits"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))  # who wrote 11 for a float is not told of 11.0
        case int() | float():
            return repr(value)
        case _:
            return type(value).__name__


def _items(value: object) -> Iterator[object]:
    match value:
        case list() | tuple():
            yield from value
        case Mapping():
            yield from value.values()
        case _:
            yield value


def _range_problems(info: SettingInfo, value: object) -> Iterator[str]:
    if info.ge is None and info.le is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"must be a number, got {shown(value)}"
    elif not (info.ge is None or value >= info.ge) or not (info.le is None or value <= info.le):
        yield f"must be {bounds(info)}, got {shown(value)}"


def bounds(info: SettingInfo) -> str:
    """The range that a number must be in, in words.

    >>> bounds(SettingInfo(ge=0, le=5)), bounds(SettingInfo(ge=0.1)), bounds(SettingInfo(le=16777216))
    ('between 0 and 5', 'at least 0.1', 'at most 16777216')
    """
    match info.ge, info.le:
        case None, None:
            return "any number"
        case None, most:
            return f"at most {_number(most)}"
        case least, None:
            return f"at least {_number(least)}"
        case least, most:
            return f"between {_number(least)} and {_number(most)}"


def _number(bound: float | None) -> str:
    assert bound is not None  # noqa: S101 - for the type checker: bounds() has sorted that out
    return str(int(bound)) if math.isfinite(bound) and bound == int(bound) else repr(bound)


def _length_problems(info: SettingInfo, value: object) -> list[str]:
    plain = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(plain, str | list | tuple | Mapping):
        return []
    unit = "characters" if isinstance(plain, str) else "items"
    if info.min_length is not None and len(plain) < info.min_length:
        if not plain:
            return ["must not be empty"]
        return [f"must have at least {info.min_length} {unit}, has {len(plain)}"]
    if info.max_length is not None and len(plain) > info.max_length:
        return [f"must have at most {info.max_length} {unit}, has {len(plain)}"]
    return []


def _text_problems(info: SettingInfo, value: object) -> Iterator[str]:
    plain = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(plain, str):
        return
    if info.format is not None and (problem := _FORMATS[info.format](plain, shown(value))):
        yield problem
    elif info.pattern is not None and re.fullmatch(info.pattern, plain) is None:
        yield f"must match {info.pattern}, got {shown(value)}"


def _uri_problem(text: str, got: str, schemes: tuple[str, ...] = ()) -> str | None:
    expected = " or ".join(f"{scheme}://" for scheme in schemes) or "a scheme, such as https://"
    if any(ord(character) <= 0x20 or ord(character) == 0x7F for character in text):
        return f"must not hold blanks or control characters, got {got}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        # urlsplit's own words quote what it took for the port: a part of the password, where that holds a slash
        return f"is not a valid URL, got {got}"
    if not parts.scheme or "://" not in text or (schemes and parts.scheme not in schemes):
        return f"must start with {expected}, got {got}"
    if not host:
        return f"must name a host after {parts.scheme}://, got {got}"
    if port == 0:
        return f"must have a port between 1 and 65535, got {got}"
    return None


def _http_url_problem(text: str, got: str) -> str | None:
    return _uri_problem(text, got, ("http", "https"))


_LONGEST_DURATION: Final = 36500 * 86400.0
"""Seconds; a longer one, in microseconds and added to a date, would not fit where databases keep it."""


def _duration_problem(text: str, got: str) -> str | None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return f"must be a duration such as '30s', '5m', '2h' or '7d', got {got}"
    if seconds > _LONGEST_DURATION:
        return f"must be 36500d (a hundred years) at most, got {got}"
    return None


def _line_problem(text: str, _: str) -> str | None:
    for position, character in enumerate(text):
        if ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0:
            return f"must not hold control characters; there is a U+{ord(character):04X} at position {position + 1}"
        if 0xD800 <= ord(character) <= 0xDFFF:
            return f"must be valid Unicode text; there is a lone surrogate at position {position + 1}"
    return None


_FORMATS: Final[Mapping[SettingFormat, Callable[[str, str], str | None]]] = {
    "uri": _uri_problem,
    "http-url": _http_url_problem,
    "duration": _duration_problem,
    "line": _line_problem,
    "file": _line_problem,
}
