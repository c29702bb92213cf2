"""From what a file, the environment or an API gives, to a setting's value: strictly, nothing is guessed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from bellwire.hookspecs import Secret, SettingType, redact_url

_LONGEST_SHOWN: Final = 120
_LONGEST_KEY: Final = 80
_MOST_BITS: Final = 64
_bare_key: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{_LONGEST_KEY}}}").fullmatch


class Unfit(Exception):
    """A value that a setting cannot take; :attr:`problems` has the place within it, and the sentence, of each."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("; ".join(message for _, message in problems))
        self.problems: Final = problems


def convert(expected: SettingType, raw: object) -> Any:  # noqa: ANN401 - whatever the setting's type asks for
    """*raw* as a value of the type *expected*. Raises :class:`Unfit`, without the value where a secret is expected.

    >>> from bellwire.hookspecs import SettingType
    >>> convert(SettingType("number"), 15), convert(SettingType("list", item=SettingType("text")), ["a"])
    (15.0, ('a',))
    >>> convert(SettingType("integer"), "3")
    Traceback (most recent call last):
    ...
    bellwire.core.config.conversion.Unfit: must be a whole number, got text '3'
    """
    if raw is None and expected.optional:
        return None
    match expected.kind, raw:
        case "list", _ if expected.single and raw is not None and not isinstance(raw, list | tuple):
            # an empty text counts as none at all, as it does where no list is expected
            return () if isinstance(raw, str | Secret) and not raw else (convert(_item_of(expected), raw),)
        case "list", list() | tuple():
            return tuple(_items(expected, enumerate(raw), "[{}]".format).values())
        case "table", Mapping():
            return _items(expected, raw.items(), lambda key: f".{key_shown(key)}")
        case "text", str():
            return _text(raw)
        case "secret", Secret() | str():
            return Secret(_text(raw.reveal() if isinstance(raw, Secret) else raw))
        case "boolean", bool():
            return raw
        case "integer" | "number", int() | float() if not isinstance(raw, bool):
            return _number(expected, raw)
        case "choice", _ if any(type(raw) is type(choice) and raw == choice for choice in expected.choices):
            return raw
    raise Unfit(("", f"must be {wording(expected)}, got {_got(expected, raw)}"))


def _item_of(expected: SettingType) -> SettingType:
    assert expected.item is not None  # noqa: S101 - for the type checker: a container has one
    return expected.item


def _items(expected: SettingType, items: Iterable[tuple[Any, object]], place: Callable[[Any], str]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    problems: list[tuple[str, str]] = []
    for key, item in items:
        try:
            found[key] = convert(_item_of(expected), item)
        except Unfit as error:
            problems += [(place(key) + inner, message) for inner, message in error.problems]
    if problems:
        raise Unfit(*problems)
    return found


def key_shown(key: object) -> str:
    """*key* as a path may show it: in quotes, unless it could stand in a file without them.

    >>> key_shown("urgency"), key_shown("a b")
    ('urgency', "'a b'")
    """
    text = str(key)
    return text if _bare_key(text) else repr(text[:_LONGEST_KEY])


def _text(text: str) -> str:
    for character in text:
        if character == "\0" or "\ud800" <= character <= "\udfff":
            what = "U+0000" if character == "\0" else f"the lone surrogate U+{ord(character):04X}"
            raise Unfit(("", f"must be text, and {what} is none"))
    return text


def _number(expected: SettingType, raw: float) -> float:
    if isinstance(raw, int) and raw.bit_length() > _MOST_BITS:
        raise Unfit(("", f"must be {wording(expected)} of at most {_MOST_BITS} bits"))
    if expected.kind == "integer":
        if isinstance(raw, int):
            return raw
    elif abs(raw) < float("inf"):
        return float(raw)
    raise Unfit(("", f"must be {wording(expected)}, got {raw!r}"))


def wording(expected: SettingType) -> str:
    """What a value must be, in the words of whoever writes a file."""
    match expected.kind:
        case "text":
            return "text"
        case "secret":
            return 'text, { env = "NAME" } or { file = "path" }'
        case "boolean":
            return "true or false"
        case "integer":
            return "a whole number"
        case "number":
            return "a number"
        case "choice":
            return f"{'one of ' if len(expected.choices) > 1 else ''}{', '.join(map(_choice, expected.choices))}"
        case "list":
            item = wording(_item_of(expected))
            return f"{item}, or an array of such" if expected.single else f"an array, each item {item}"
        case "table":
            return f"a table, each value {wording(_item_of(expected))}"


def _choice(choice: object) -> str:
    return str(choice).lower() if isinstance(choice, bool) else repr(choice)


def _got(expected: SettingType, raw: object) -> str:
    kind, shown = described(raw)
    if expected.kind == "secret" or (expected.item and expected.item.kind == "secret"):
        return kind
    return shown


def described(raw: object) -> tuple[str, str]:
    """What kind of thing *raw* is, and the same with its value where that is short.

    >>> described("9"), described([1]), described(True)
    (('text', "text '9'"), ('an array', 'an array'), ('true', 'true'))
    """
    match raw:
        case None:
            return "nothing", "nothing"
        case bool():
            shown = str(raw).lower()
            return shown, shown
        case str():
            plain = redact_url(raw) if ":" in raw and ("://" in raw or "@" in raw) else raw
            return "text", f"text {plain[:_LONGEST_SHOWN]!r}{'…' if len(plain) > _LONGEST_SHOWN else ''}"
        case int() if raw.bit_length() <= _MOST_BITS:
            return "a number", repr(raw)
        case float():
            return "a number", repr(raw)
        case int():
            return "a number", "a very large number"
        case dt.date() | dt.time():
            return "a date or time", f"a date or time; put quotes around {raw.isoformat()}"
        case Mapping():
            return "a table", "a table"
        case list() | tuple():
            return "an array", "an array"
        case Secret():
            return "a secret", "a secret"
        case _:
            return type(raw).__name__, type(raw).__name__
