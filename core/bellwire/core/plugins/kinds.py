"""Event kinds: the classes of events that this process knows, each with a hook of its own."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Final

from bellwire.core.errors import PluginError
from bellwire.hookspecs import ChannelEvent, Event, TestMessage, WorkflowEvent

from .checks import is_decorated

if TYPE_CHECKING:
    from collections.abc import Iterator

_kind_name: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII).fullmatch
_HOOKS_OF_ANOTHER_SORT: Final = frozenset(("event", "test", "filter", "render", "settled"))


_BUILT_IN: Final = (WorkflowEvent, ChannelEvent, TestMessage)
BUILT_IN_KINDS: Final = frozenset(cls.kind for cls in _BUILT_IN)
"""The kinds that every Bellwire knows."""


class Kinds:
    """Event classes by the name of their kind. Adding is for one thread at a time; asking is for all."""

    def __init__(self) -> None:
        self._classes: dict[str, type[Event]] = {cls.kind: cls for cls in _BUILT_IN}

    def add(self, kind: type[Event]) -> None:
        """Adds *kind*; once more the same does nothing. Raises :class:`PluginError` for what cannot be one."""
        if problems := tuple(kind_problems(kind)):
            raise PluginError("; ".join(problems))
        known = self._classes.setdefault(kind.kind, kind)
        if known is not kind:
            msg = f"the event kind {kind.kind!r} of {_place(kind)} is taken by {_place(known)}"
            raise PluginError(msg)

    def get(self, name: str) -> type[Event] | None:
        """The class of the kind *name*, if it is known here."""
        return self._classes.get(name)

    def names(self) -> tuple[str, ...]:
        """All kinds, sorted."""
        return tuple(sorted(self._classes))


def _place(cls: type[Event]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def kind_problems(candidate: type[Event]) -> Iterator[str]:
    """Why *candidate* cannot be an event kind; nothing when it can."""
    name = candidate.__name__
    kind = inspect.getattr_static(candidate, "kind", None)
    if not isinstance(kind, str):
        yield f'class {name} does not say its kind: write `kind = "invoice"`, without an annotation'
    elif _kind_name(kind) is None:
        yield f"class {name}: the kind {kind!r} must match [a-z][a-z0-9_]*, because its hook is notify_<kind>"
    elif kind in _HOOKS_OF_ANOTHER_SORT:
        yield f"class {name}: the kind {kind!r} is taken, because notify_{kind} is a hook of another sort"
    if not is_decorated(candidate):
        yield f"class {name} declares fields, but lacks @attrs.frozen(kw_only=True) above it"
    missing = [
        method
        for method in ("ordering_key", "payload", "from_payload")
        if inspect.getattr_static(candidate, method) is inspect.getattr_static(Event, method)
    ]
    if missing:
        yield f"class {name} does not define {', '.join(missing)}"
