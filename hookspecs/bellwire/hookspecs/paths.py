"""Paths through the document that an event is sent as, as settings write them: ``payload.workflow.workflow_subject``.

Dots part the names; an item of a list is named by its number, the first by 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

KNOWN_PATHS: Final = (
    "event",
    "action",
    "timestamp",
    "payload.workflow.project_name",
    "payload.workflow.workflow_id",
    "payload.workflow.workflow_subject",
    "payload.workflow.workflow_status",
    "payload.channel.name",
    "payload.channel.failures",
    "payload.channel.detail",
    "payload.message",
)
"""What every event of the kinds that come with Bellwire has; a workflow may have more, and so may kinds of a host's."""

ANY: Final = "*"
"""In place of a name or a number, where the setting takes it: all of them."""

_LONGEST: Final = 500
_known: Final = frozenset(tuple(path.split(".")) for path in KNOWN_PATHS)
_closed: Final = ("payload", "channel")  # to a workflow, a host may add fields


@attrs.frozen
class PathDoubt:
    """Why a path may lead nowhere."""

    message: str
    certain: bool
    """Whether no event of any kind can have it; else it may be a slip, or a field that is not known here."""


def split_path(path: str) -> tuple[str, ...]:
    """The names of *path*; raises ``ValueError`` with a sentence where it is none.

    >>> split_path("payload.workflow.assignees.0")
    ('payload', 'workflow', 'assignees', '0')
    """
    parts = tuple(path.split("."))
    if not all(parts) or not path.isprintable() or path != path.strip() or len(path) > _LONGEST:
        msg = f"{path[:80]!r} is no path: names with dots between, such as payload.workflow.workflow_id"
        raise ValueError(msg)
    return parts


def path_doubt(parts: tuple[str, ...], further: Iterable[str] = ()) -> PathDoubt | None:
    """What is doubtful about *parts*; *further* are names that may stand in place of those of the document."""
    path = ".".join(parts)
    tops = [*dict.fromkeys(known[0] for known in sorted(_known)), *further]
    if parts[0] not in tops:
        return PathDoubt(f"{path} does not begin with one of {', '.join(tops)}", certain=True)
    above = next((parts[:end] for end in range(1, len(parts)) if parts[:end] in _known or parts[0] in further), None)
    if above is not None:
        return PathDoubt(f"{path}: nothing lies below {'.'.join(above)}", certain=True)
    if ANY in parts or any(known[: len(parts)] == parts for known in _known) or parts[0] in further:
        return None
    if parts[:2] == _closed:
        beside = [known[-1] for known in sorted(_known) if known[:2] == _closed]
        return PathDoubt(f"{path}: there are {', '.join(beside)} below payload.channel", certain=True)
    return _slip(parts)


def _slip(parts: tuple[str, ...]) -> PathDoubt | None:
    from difflib import get_close_matches  # loads slowly, and is seldom needed

    for level in range(1, min(3, len(parts))):
        siblings = sorted({known[level] for known in _known if known[:level] == parts[:level]})
        if parts[level] in siblings:
            continue
        near = get_close_matches(parts[level], siblings, n=1, cutoff=0.8)
        if near:
            meant = ".".join((*parts[:level], near[0], *parts[level + 1 :]))
            return PathDoubt(f"{'.'.join(parts)}: did you mean {meant}?", certain=False)
        break
    return None
