"""A payload of the administrator's own: a JSON document whose strings hold ``{{path}}``. Pure.

It is parsed before it is filled in, so that no value, whatever it holds, can make it anything else than JSON.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

import attrs

from bellwire.hookspecs import ANY, KNOWN_PATHS, Problem, path_doubt, split_path

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST: Final = 65536
"""Characters of a template."""
_MOST_HOLES: Final = 200  # each can take a whole event: its size times this is what a body can become
_DEEPEST: Final = 100
_FURTHER: Final = ("event_id", "delivery_id", "channel_name", "platform_name")

# {{{{ is {{ itself; of three braces the first is a text's own
_piece: Final = re.compile(r"(?P<braces>\{\{\{\{)|\{\{(?!\{)(?P<path>[^{}]*)\}\}|(?P<open>\{\{(?!\{))")
_encode: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_ABSENT: Final = None


@attrs.frozen
class _Hole:
    """One ``{{path}}``."""

    path: tuple[str, ...]


@attrs.frozen
class _Text:
    """A string that holds more than one ``{{path}}`` alone."""

    pieces: tuple[str | _Hole, ...]


@attrs.frozen
class PayloadTemplate:
    """A template, parsed. :meth:`fill` makes the body of each request."""

    _tree: Any

    @classmethod
    def parse(cls, text: str) -> Self:
        """The template that *text* is; raises ``ValueError`` where :func:`template_problems` finds an error."""
        tree = _load(text)
        errors = [message for message, is_error in _doubts(tree) if is_error]
        if errors:
            raise ValueError("; ".join(errors))
        return cls(_compiled(tree))

    def fill(self, document: str, **further: str) -> str:
        """The body for an event's JSON *document*, in compact JSON. *further* are values beside those of the document.

        A string that is one ``{{path}}`` and nothing else becomes the value, with its type, and ``null`` where the
        event has no such field. Within a longer string a text stands as it is, nothing for an absent or a null value,
        and for all else its JSON.
        """
        return _encode(_filled(self._tree, {**json.loads(document), **further}))


def template_problems(text: str) -> Iterator[Problem]:
    """What is wrong with *text* as a template, and what may be."""
    try:
        tree = _load(text)
    except ValueError as error:
        yield Problem("payload_template", str(error))
        return
    for message, is_error in _doubts(tree):
        yield Problem("payload_template", message, "error" if is_error else "warning")


def _load(text: str) -> Any:  # noqa: ANN401 - JSON is of any type
    try:
        return json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        msg = f"is no JSON document: {error.msg}, at {where}"
        if "{{" in text:
            msg += "; each {{path}} stands in quotes, and one that has the quotes for itself keeps its value's type"
    except RecursionError:
        msg = "is no JSON document that can be read: it is nested too deeply"
    except ValueError as error:
        msg = f"is no JSON document: {error}"
    raise ValueError(msg)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"the name {twice!a} is there twice in one object"
        raise ValueError(msg)
    return found


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def _doubts(tree: Any) -> Iterator[tuple[str, bool]]:  # noqa: ANN401 - JSON is of any type
    """Sentences about *tree*, each with whether it is an error."""
    holes = 0
    for value, is_name, depth in _leaves(tree, 0):
        if depth > _DEEPEST:
            yield f"is nested deeper than {_DEEPEST} levels", True
            return
        if isinstance(value, float) and not math.isfinite(value):
            yield "holds a number that is too large for JSON's readers", True
        if not isinstance(value, str):
            continue
        if not _encodable(value):
            yield f"holds a lone surrogate, in {value[:40]!a}, which is not UTF-8", True
        elif is_name and "{{" in value:
            yield f"holds {{{{path}}}} in the name {value[:80]!a}; it may stand in values only", True
        elif not is_name:
            for found in _piece.finditer(value):
                holes += found["braces"] is None
                yield from _hole_doubts(found)
    if holes > _MOST_HOLES:
        yield f"holds {holes} times {{{{path}}}}; {_MOST_HOLES} at most are allowed", True
    if not holes:
        yield "holds no {{path}}, so every event is sent as the same text", False


def _leaves(value: Any, depth: int) -> Iterator[tuple[Any, bool, int]]:  # noqa: ANN401 - JSON is of any type
    """Each name and each value that holds no others; whether it is a name; and how deep it stands."""
    if depth > _DEEPEST or not isinstance(value, dict | list):
        yield value, False, depth
        return
    for item in value:
        if isinstance(value, dict):
            yield item, True, depth
        yield from _leaves(value[item] if isinstance(value, dict) else item, depth + 1)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _hole_doubts(found: re.Match[str]) -> Iterator[tuple[str, bool]]:
    if found["braces"]:
        return
    if found["open"]:
        yield "holds a {{ that no }} ends; write {{{{ for two braces themselves", True
        return
    try:
        parts = split_path(found["path"].strip())
    except ValueError as error:
        yield f"{found[0][:84]}: {error}; write {{{{{{{{ for two braces themselves", True
        return
    if ANY in parts:
        yield f"{found[0]}: a template takes one value, not every one of them", True
    elif doubt := path_doubt(parts, _FURTHER):
        paths = (
            f"; there are {', '.join((*KNOWN_PATHS, *_FURTHER))}, and what a workflow has beside"
            if doubt.certain
            else ""
        )
        yield f"{found[0]}: {doubt.message}{paths}", doubt.certain


def _compiled(value: Any) -> Any:  # noqa: ANN401 - JSON is of any type
    match value:
        case dict():
            return {name: _compiled(item) for name, item in value.items()}
        case list():
            return [_compiled(item) for item in value]
        case str() if "{{" in value:
            pieces = tuple(_pieces(value))
            return pieces[0] if len(pieces) == 1 else _Text(pieces)
        case _:
            return value


def _pieces(text: str) -> Iterator[str | _Hole]:
    end = 0
    for found in _piece.finditer(text):
        if found.start() > end:
            yield text[end : found.start()]
        yield "{{" if found["braces"] else _Hole(split_path(found["path"].strip()))
        end = found.end()
    if end < len(text):
        yield text[end:]


def _filled(node: Any, values: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON is of any type
    match node:
        case dict():
            return {name: _filled(item, values) for name, item in node.items()}
        case list():
            return [_filled(item, values) for item in node]
        case _Hole():
            return _value(node.path, values)
        case _Text():
            return "".join(it if isinstance(it, str) else _as_text(_value(it.path, values)) for it in node.pieces)
        case _:
            return node


def _value(path: tuple[str, ...], value: Any) -> Any:  # noqa: ANN401 - JSON is of any type
    for name in path:
        match value:
            case dict():
                value = value.get(name, _ABSENT)
            case list() if name.isascii() and name.isdecimal() and len(name) < 10 and int(name) < len(value):
                value = value[int(name)]
            case _:
                return _ABSENT
    return value


def _as_text(value: Any) -> str:  # noqa: ANN401 - JSON is of any type
    match value:
        case str():
            return value
        case None:
            return ""
        case _:
            return _encode(value)
