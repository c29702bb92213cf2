"""What is taken out of an event before anybody stores, filters or sends it: fields that are dropped or masked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import attrs

from bellwire.hookspecs import ANY, MASK, path_doubt, split_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROOT: Final = "payload"
_Rule = tuple[tuple[str, ...], bool]
"""The names that are still ahead, and whether what they lead to is dropped, or else masked."""

_NEEDED: Final[Mapping[tuple[str, ...], str]] = {
    ("workflow", "workflow_id"): "its workflow's events are kept in order by it",
    ("channel", "name"): "news of a channel are kept in order by it",
    ("channel", "failures"): "it is a number that news of a channel always have",
}
_NEVER_ABSENT: Final = frozenset(
    (
        ("workflow", "project_name"),
        ("workflow", "workflow_subject"),
        ("workflow", "workflow_status"),
        ("channel", "detail"),
    )
)
"""Texts that are there by the specification of the wire: dropped, they are empty."""


@attrs.frozen
class Redaction:
    """What ``drop_fields`` and ``mask_fields`` do, prepared."""

    _rules: tuple[_Rule, ...]

    def apply(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """*payload*, decoded JSON, without what is dropped and with masks for what is masked; it is left as it is."""
        redacted: Mapping[str, Any] = _redacted(payload, self._rules, ())
        return redacted


def _redacted(value: Any, rules: Sequence[_Rule], path: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON is of any type
    match value:
        case Mapping():
            parts: Any = [(name, item, (*path, name)) for name, item in value.items()]
        case list():
            parts = [(str(index), item, (*path, str(index))) for index, item in enumerate(value)]
        case _:
            return value
    kept = [(name, new) for name, item, place in parts for new in _part(item, _ahead(rules, name), place)]
    return dict(kept) if isinstance(value, Mapping) else [new for _, new in kept]


def _ahead(rules: Sequence[_Rule], name: str) -> list[_Rule]:
    return [(names[1:], drops) for names, drops in rules if names[0] in (name, ANY)]


def _part(item: Any, rules: Sequence[_Rule], place: tuple[str, ...]) -> Iterator[Any]:  # noqa: ANN401 - JSON is of any type
    ends = {drops for names, drops in rules if not names}
    if True in ends:
        if place in _NEVER_ABSENT:
            yield ""
    elif ends:
        yield masked(item)
    else:
        yield _redacted(item, rules, place) if rules else item


def masked(value: Any) -> Any:  # noqa: ANN401 - JSON is of any type
    """What stands in place of *value*: of a text the mask, of a number or a truth value null, of more what it holds.

    >>> masked({"name": "Li", "age": 41, "phones": ["1", "2"]})
    {'name': '********', 'age': None, 'phones': ['********', '********']}
    """
    match value:
        case str():
            return MASK
        case Mapping():
            return {name: masked(item) for name, item in value.items()}
        case list():
            return [masked(item) for item in value]
        case _:
            return None


@lru_cache(maxsize=16)
def redaction_of(drop_fields: tuple[str, ...], mask_fields: tuple[str, ...]) -> Redaction:
    """The redaction that the two settings ask for; both have passed :func:`fields_problem`."""
    paths = [(path, True) for path in drop_fields] + [(path, False) for path in mask_fields]
    return Redaction(tuple((split_path(path)[1:], drops) for path, drops in paths))


def fields_problem(paths: Sequence[str]) -> str | None:
    """What is wrong with *paths*, as the settings have them."""
    return "; ".join(problem for path in paths if (problem := _path_problem(path))) or None


def _path_problem(path: str) -> str | None:
    try:
        parts = split_path(path)
    except ValueError as error:
        return str(error)
    if parts[0] != _ROOT or len(parts) == 1:
        return f"{path}: only what lies below {_ROOT} can be left out; write it as it is sent, {_ROOT}.workflow.…"
    for needed, why in _NEEDED.items():
        if all(name in (other, ANY) for name, other in zip(parts[1:], needed, strict=False)) and len(parts) <= 3:
            return f"{path} would take {_ROOT}.{'.'.join(needed)} with it, which must stay: {why}"
    doubt = path_doubt(parts)
    return doubt.message if doubt is not None and doubt.certain else None


def fields_warnings(paths: Sequence[str]) -> Iterator[str]:
    """What may be a slip in *paths*: a field that is misspelt is stored and sent."""
    for path in paths:
        doubt = path_doubt(split_path(path))
        if doubt is not None and not doubt.certain:
            yield doubt.message
