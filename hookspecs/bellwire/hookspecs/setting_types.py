"""What values a setting takes, by its annotation."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from typing import Any, Final, Literal, Union, cast, get_args, get_origin

import attrs

from .secret import Secret
from .setting_checks import shown

SettingKind = Literal["text", "integer", "number", "boolean", "secret", "choice", "list", "table"]
"""``list`` is a tuple, ``table`` a dict with text keys; both hold items of one of the other kinds."""

_PLAIN: Final[Mapping[object, SettingKind]] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    Secret: "secret",
}
_SUPPORTED: Final = "str, int, float, bool, Secret, Literal[…], X | None, tuple[X, ...] or dict[str, X]"


@attrs.frozen
class SettingType:
    """What values a setting takes."""

    kind: SettingKind
    optional: bool = False
    """Whether it may be ``None``."""
    choices: tuple[str | int | bool, ...] = ()
    """The values of a ``choice``."""
    item: SettingType | None = None
    """What a ``list`` or a ``table`` holds."""
    single: bool = False
    """Of a ``list``: whether one item may be written in place of a list of one."""


def setting_type(annotation: object, where: str) -> SettingType:
    """The type that *annotation* declares; raises ``TypeError`` with a sentence about *where* for any other."""
    plain = _unwrapped(annotation)
    if get_origin(plain) in (Union, types.UnionType):
        members = [_unwrapped(member) for member in get_args(plain)]
        others = [member for member in members if member is not type(None)]
        if len(others) == 1 and len(members) == 2:
            return attrs.evolve(setting_type(others[0], where), optional=True)
    elif (found := _item_type(plain) or _container_type(plain, where)) is not None:
        return found
    msg = f"{where}: the type {_name(annotation)} cannot be written in a configuration; use {_SUPPORTED}"
    raise TypeError(msg)


def _item_type(plain: object) -> SettingType | None:
    if isinstance(plain, type) and plain in _PLAIN:
        return SettingType(_PLAIN[plain])
    if get_origin(plain) is Literal and all(isinstance(choice, str | int) for choice in get_args(plain)):
        return SettingType("choice", choices=get_args(plain))
    return None


def _container_type(plain: object, where: str) -> SettingType | None:
    match get_origin(plain), get_args(plain):
        case (origin, (item, more)) if origin is tuple and more is ...:
            kind: SettingKind = "list"
        case (origin, (key, item)) if origin in (dict, Mapping) and key is str:
            kind = "table"
        case _:
            return None
    inner = _item_type(_unwrapped(item))
    if inner is None:
        msg = f"{where}: {_name(plain)} holds {_name(item)}; it may hold str, int, float, bool, Secret or Literal[…]"
        raise TypeError(msg)
    return SettingType(kind, item=inner)


def _unwrapped(annotation: object) -> object:
    while True:
        if get_origin(annotation) is typing.Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__value__"):  # `type X = …` of Python 3.12
            annotation = cast(Any, annotation).__value__
        else:
            return annotation


def _name(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


def type_problem(expected: SettingType, value: object) -> str | None:
    """Why *value* is not of the type *expected*, if it is not; never a secret's value."""
    if value is None:
        return None if expected.optional else f"must be {described(expected)}, not None"
    match expected.kind, value:
        case ("secret", str()):
            return "must be a Secret, not a bare text: write Secret(…)"
        case ("secret", _) if not isinstance(value, Secret):
            return f"must be a Secret, got {type(value).__name__}"
        case ("list", tuple()):
            return _first_item_problem(expected, dict(enumerate(value)))
        case ("list", _) if expected.single and expected.item and type_problem(expected.item, value) is None:
            return "must be a tuple in code, of one item too: write (…,)"
        case ("table", Mapping()):
            if odd := [key for key in value if not isinstance(key, str)]:
                return f"must have text keys, got the key {shown(odd[0])}"
            return _first_item_problem(expected, value)
    return None if _fits(expected, value) else f"must be {described(expected)}, got {shown(value)}"


def _fits(expected: SettingType, value: object) -> bool:
    match expected.kind:
        case "text":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            if isinstance(value, float):
                return math.isfinite(value)
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 64
        case "choice":
            # 1 == True == 1.0, and only one of them was meant
            return any(type(value) is type(choice) and value == choice for choice in expected.choices)
        case "secret":
            return isinstance(value, Secret)
        case "list" | "table":
            return False


def _first_item_problem(expected: SettingType, items: Mapping[Any, object]) -> str | None:
    assert expected.item is not None  # noqa: S101 - for the type checker: a container has one
    for key, item in items.items():
        if problem := type_problem(expected.item, item):
            return f"item {key!r}: {problem}"
    return None


def described(expected: SettingType) -> str:
    """What a value must be, in words.

    >>> described(SettingType("list", item=SettingType("text"))), described(SettingType("choice", choices=("a", "b")))
    ('a tuple, each item text', "one of 'a', 'b'")
    """
    match expected.kind:
        case "text":
            return "text"
        case "integer":
            return "a whole number"
        case "number":
            return "a finite number"
        case "boolean":
            return "true or false"
        case "secret":
            return "a Secret"
        case "choice":
            return f"one of {', '.join(map(repr, expected.choices))}"
        case "list" | "table":
            assert expected.item is not None  # noqa: S101 - for the type checker: a container has one
            container = "a tuple" if expected.kind == "list" else "a dict with text keys"
            return f"{container}, each item {described(expected.item)}"
