"""How a hook implementation is called: with the arguments that it takes, and its failures kept apart from others'."""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import attrs

from bellwire.hookspecs import Message, Veto

if TYPE_CHECKING:
    from .hooks import FoundHook

_log: Final = logging.getLogger(__name__)


@attrs.frozen(eq=False)
class BoundHook:
    """The delivery hook of one channel, ready to be called."""

    name: str
    """The hook, such as ``notify_workflow``."""
    is_async: bool
    """Whether :meth:`call` gives a coroutine, for the event loop; else it blocks, and belongs in a thread."""
    _call: Callable[[object, object], object]

    def call(self, event: object, delivery: object) -> object:
        """What the channel's hook returns: an ``Outcome`` or, where :attr:`is_async`, a coroutine of one."""
        return self._call(event, delivery)


def bound_hook(found: FoundHook) -> BoundHook:
    """*found*, which must be a hook that delivers."""
    return BoundHook(found.hook.name, found.is_async, in_order(found))


def in_order(found: FoundHook) -> Callable[..., Any]:
    """*found* as a function of all the hook's arguments: it may take fewer of them, and in an order of its own."""
    function, places = found.function, [found.hook.arguments.index(name) for name in found.takes]
    if places == list(range(len(found.hook.arguments))):
        return function
    return lambda *given: function(*(given[place] for place in places))


@attrs.frozen
class AttributedVeto(Veto):
    """A veto that knows which plugin it comes from; to a wrapper it looks like any other."""

    plugin: str = ""


def guarded(found: FoundHook, plugin: str, complaints: Complaints) -> Callable[..., Any]:
    """*found* so that its failure is logged, and counts as having nothing to say."""
    call, hook = in_order(found), found.hook.name

    def ask(*given: object) -> object:
        try:
            return _checked(hook, plugin, call(*given))
        except Exception as error:  # noqa: BLE001 - one plugin's failure is not the others', nor the event's
            complaints.about(plugin, hook, error)
            return None

    return ask


def _checked(hook: str, plugin: str, result: object) -> object:
    match hook, result:
        case _, None:
            return None
        case "notify_filter", Veto():
            return AttributedVeto(result.reason, plugin)
        case "notify_render", Message():
            return result
        case "notify_settled", _ if not inspect.iscoroutine(result):
            return None
    if inspect.iscoroutine(result):
        result.close()
    expected = {"notify_filter": "a Veto or None", "notify_render": "a Message or None"}.get(hook, "None")
    msg = f"it returned a {type(result).__name__}, where {expected} is expected"
    raise TypeError(msg)


class Complaints:
    """Logs what plugins do wrong: with a traceback when it is new, and quietly while it stays the same."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def about(self, plugin: str, hook: str, error: Exception) -> None:
        """Says that *hook* of *plugin* raised *error*."""
        text = f"{type(error).__name__}: {error}"
        with self._lock:
            is_new = self._last.get((plugin, hook)) != text
            self._last[plugin, hook] = text
        if is_new:
            _log.error("the plugin %s failed in %s and is passed over: %s", plugin, hook, text, exc_info=error)
        else:
            _log.debug("the plugin %s failed in %s again: %s", plugin, hook, text)
