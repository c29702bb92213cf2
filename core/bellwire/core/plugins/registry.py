"""pluggy, kept at arm's length.

What pluggy sees of a plugin is a :class:`Handle` with its hooks and nothing else. pluggy compares plugins by ``==``,
looks at every attribute, and takes an object once only; with a handle in between a channel may compare by value, have
properties that are costly, and be opened under two names. Tracing stays off: it would print the arguments of every
call, which are other people's data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pluggy

from bellwire.hookspecs import PROJECT_NAME, NotifySpecs, hookspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .hooks import FoundHook, KnownHook

_OPTIONS: Final[Mapping[str, Any]] = {
    "wrapper": False,
    "hookwrapper": False,
    "optionalhook": False,
    "tryfirst": False,
    "trylast": False,
    "specname": None,
}


class Handle:
    """A plugin's hooks as attributes, each a function with the hook's own signature."""

    def __init__(self, plugin: object, hooks: tuple[tuple[FoundHook, Callable[..., Any]], ...]) -> None:
        self.plugin: Final = plugin
        self.options: Final = {found.hook.name: {**_OPTIONS, **found.options, "specname": None} for found, _ in hooks}
        for found, call in hooks:
            # a wrapper is a generator function, which pluggy drives; it must see it as it is
            setattr(self, found.hook.name, found.function if found.is_wrapper else _with_signature(found.hook, call))


def _with_signature(hook: KnownHook, call: Callable[..., Any]) -> Callable[..., Any]:
    # pluggy reads the names from the code object, so they must stand in the code
    match hook.arguments:
        case ("event", "channel"):
            return lambda event, channel: call(event, channel)  # noqa: PLW0108 - see above
        case ("event", "channel_type", "locale"):
            return lambda event, channel_type, locale: call(event, channel_type, locale)  # noqa: PLW0108 - see above
        case ("event", "delivery", "outcome"):
            return lambda event, delivery, outcome: call(event, delivery, outcome)  # noqa: PLW0108 - see above
        case ("test", "delivery"):
            return lambda test, delivery: call(test, delivery)  # noqa: PLW0108 - see above
        case _:
            return lambda event, delivery: call(event, delivery)  # noqa: PLW0108 - see above


class Registry(pluggy.PluginManager):
    """Handles under their plugins' names; each hook is checked before it gets here."""

    def __init__(self) -> None:
        super().__init__(PROJECT_NAME)
        self.add_hookspecs(NotifySpecs)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:  # noqa: ANN401 - pluggy's own type is private
        """A handle knows its options, wherever its author put the marker."""
        return plugin.options.get(name) if isinstance(plugin, Handle) else None

    def add(self, handle: Handle, name: str) -> None:
        """Registers *handle*, wholly or, where pluggy refuses it after all, not at all.

        Raises :class:`pluggy.PluginValidationError`.
        """
        try:
            self.register(handle, name)
            # without this a hook that nobody specified would be kept, and never called
            self.check_pending()
        except pluggy.PluginValidationError:
            self.remove(name)
            raise

    def remove(self, name: str) -> None:
        """Forgets the plugin of that name, if there is one."""
        if self.has_plugin(name):
            self.unregister(name=name)

    def specify(self, hook: KnownHook) -> None:
        """Adds the hook of a further event kind."""

        def specification(self: object, event: object, delivery: object) -> object: ...

        self.add_hookspecs(type("KindSpecs", (), {hook.name: hookspec(specification)}))
