"""Plugins, open channels and event kinds of one bus: the typed face of pluggy."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import attrs
from pluggy import PluginValidationError

from bellwire.core.errors import PluginError
from bellwire.hookspecs import ChannelConfig, Event, Message, Veto

from .calls import AttributedVeto, BoundHook, Complaints, bound_hook, guarded
from .distributions import distribution_of
from .hooks import KNOWN_HOOKS, FoundHook, KnownHook, Role, delivery_hook, find_hooks
from .kinds import Kinds
from .loading import class_name, default_name, load_object, plugin_object
from .registry import Handle, Registry
from .types import ChannelTypes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bellwire.hookspecs import Delivery, Outcome


@attrs.frozen(kw_only=True)
class PluginInfo:
    """One plugin or open channel, for whoever lists them."""

    name: str
    role: Role
    distribution: str
    """Who provides it; empty where that cannot be told."""
    hooks: tuple[str, ...]


class Plugins:
    """Everything that is plugged in. May be used from all threads."""

    def __init__(self, types: ChannelTypes | None = None) -> None:
        self.types: Final = ChannelTypes() if types is None else types
        self._lock = threading.RLock()
        self._registry = Registry()
        self._complaints = Complaints()
        self._hooks: dict[str, KnownHook] = dict(KNOWN_HOOKS)
        self._kinds = Kinds()
        # replaced, never changed, so that readers need no lock
        self._channels: Mapping[str, Mapping[str, BoundHook]] = {}
        self._roles: dict[str, Role] = {}
        self._references: set[str] = set()
        self._asked: frozenset[str] = frozenset()

    # --- what is plugged in -----------------------------------------------------------------------------------------

    def register(self, plugin: object, name: str | None = None) -> str:
        """Adds *plugin*: an object with hooks, a module, a class (which is called without arguments), an event kind.

        Returns the name it is known by: *name*, or its module and class. Raises :class:`PluginError` with everything
        that is wrong with it; it is then not registered at all.
        """
        if isinstance(plugin, type) and issubclass(plugin, Event):
            self.add_kind(plugin)
            return plugin.kind
        made = plugin_object(plugin)
        with self._lock:
            for known, handle in self._handles():
                if handle.plugin is made:
                    return known
            chosen = name or self._free_name(default_name(made))
            self._add(made, chosen, "plugin")
            return chosen

    def unregister(self, name: str) -> None:
        """Takes the plugin *name* out again; nothing happens where there is none."""
        with self._lock:
            if self._roles.get(name) == "plugin":
                self._forget(name)

    def load(self, reference: str) -> None:
        """Adds what an item of the setting ``plugins`` names; the same item once more does nothing.

        ``module:Name`` is a plugin or an event kind, ``module`` a module with hooks, and ``type=module:Class`` a
        channel type. A class of which the host registered an object already is left at that: the file names it for
        other processes. Raises :class:`PluginError`.
        """
        with self._lock:
            if reference in self._references:
                return
            type_name, equals, target = (part.strip() for part in reference.rpartition("="))
            found = load_object(target)
            if equals:
                self.types.register(type_name, found)  # type: ignore[arg-type]  # it refuses what is no such class
            elif not (isinstance(found, type) and self._roles.get(class_name(found)) == "plugin"):
                self.register(found)
            self._references.add(reference)

    def add_kind(self, kind: type[Event]) -> None:
        """Adds an event kind, and with it the hook ``notify_<kind>``. Raises :class:`PluginError`."""
        with self._lock:
            self._kinds.add(kind)
            hook = delivery_hook(kind.kind)
            if hook.name not in self._hooks:
                self._registry.specify(hook)
                self._hooks[hook.name] = hook

    def kind(self, name: str) -> type[Event] | None:
        """The class of the event kind *name*; ``None`` where it is unknown in this process."""
        return self._kinds.get(name)

    def kinds(self) -> tuple[str, ...]:
        """The names of all event kinds, sorted."""
        return self._kinds.names()

    def listing(self) -> tuple[PluginInfo, ...]:
        """Every plugin and open channel, with its hooks, in the order of registration."""
        with self._lock:
            return tuple(
                PluginInfo(
                    name=name,
                    role=self._roles[name],
                    distribution=distribution_of(handle.plugin),
                    hooks=tuple(sorted(handle.options)),
                )
                for name, handle in self._handles()
            )

    def fresh(self) -> Plugins:
        """A registry with the same types and event kinds and nothing plugged in, to try a channel in."""
        other = Plugins(self.types)
        for name in self.kinds():
            if (kind := self.kind(name)) is not None and name not in other.kinds():
                other.add_kind(kind)
        return other

    # --- channels ---------------------------------------------------------------------------------------------------

    def open_channel(self, name: str, channel: object) -> None:
        """Registers what a config's ``open`` returned, under the channel's configured name.

        A channel that is open under this name already is replaced at once; who holds one of its hooks may finish.
        Raises :class:`PluginError` with everything that is wrong with the new one; the old one then stays.
        """
        if channel is None or isinstance(channel, type | ChannelConfig):
            shown = "a class" if isinstance(channel, type) else "its config" if channel is not None else "None"
            msg = f"channel {name}: open() returned {shown}; it must return the object that has the hooks"
            raise PluginError(msg)
        with self._lock:
            bound = {
                found.hook.name: bound_hook(found)
                for found in self._add(channel, name, "channel")
                if found.hook.delivers
            }
            self._channels = {**self._channels, name: bound}

    def close_channel(self, name: str) -> None:
        """Takes the channel *name* out again; nothing happens where none is open."""
        with self._lock:
            if self._roles.get(name) == "channel":
                self._forget(name)
                self._channels = {other: hooks for other, hooks in self._channels.items() if other != name}

    def delivery_hook(self, channel: str, event: Event) -> BoundHook | None:
        """What delivers *event* through *channel*: its ``notify_<kind>``, else its ``notify_event``."""
        hooks = self._channels.get(channel, {})
        return hooks.get(f"notify_{event.kind}") or hooks.get("notify_event")

    def test_hook(self, channel: str) -> BoundHook | None:
        """The channel's ``notify_test``; without one, a test is the sample event."""
        return self._channels.get(channel, {}).get("notify_test")

    # --- what plugins are asked -------------------------------------------------------------------------------------

    def veto(self, event: Event, channel: str) -> tuple[str, Veto] | None:
        """The plugin that does not want *channel* to hear of *event*, and its reason; the first that says so."""
        if "notify_filter" not in self._asked:
            return None
        try:
            vetoes = self._registry.hook.notify_filter(event=event, channel=channel)
        except Exception as error:  # noqa: BLE001 - a broken filter loses nothing: the event is delivered
            self._complaints.about("around a filter", "notify_filter", error)
            return None
        for veto in vetoes:
            if isinstance(veto, Veto):
                return veto.plugin if isinstance(veto, AttributedVeto) else "", Veto(veto.reason)
        return None

    def render(self, event: Event, channel_type: str, locale: str) -> Message | None:
        """*event* as the first plugin that has a text for it says it; ``None`` where none has."""
        if "notify_render" not in self._asked:
            return None
        try:
            message = self._registry.hook.notify_render(event=event, channel_type=channel_type, locale=locale)
        except Exception as error:  # noqa: BLE001 - a broken renderer loses nothing: Bellwire's own text serves
            self._complaints.about("around a renderer", "notify_render", error)
            return None
        return message if isinstance(message, Message) else None

    @property
    def observed(self) -> bool:
        """Whether anybody observes outcomes; if not, :meth:`settled` has no effect."""
        return "notify_settled" in self._asked

    def settled(self, event: Event, delivery: Delivery, outcome: Outcome) -> None:
        """Tells all observers; what they raise is logged."""
        if not self.observed:
            return
        try:
            self._registry.hook.notify_settled(event=event, delivery=delivery, outcome=outcome)
        except Exception as error:  # noqa: BLE001 - the delivery is settled, whatever an observer thinks of it
            self._complaints.about("around an observer", "notify_settled", error)

    # --- within -----------------------------------------------------------------------------------------------------

    def _add(self, plugin: object, name: str, role: Role) -> tuple[FoundHook, ...]:
        known = self._roles.get(name)
        if known is not None and not known == role == "channel":
            msg = f"the name {name!r} is taken by a {known} already"
            raise PluginError(msg)
        found, problems = find_hooks(plugin, self._hooks, role)
        if problems:
            msg = f"{role} {name}: {'; '.join(problems)}"
            raise PluginError(msg)
        handle = Handle(plugin, tuple((item, guarded(item, name, self._complaints)) for item in found))
        previous = self._registry.get_plugin(name)
        self._registry.remove(name)
        try:
            self._registry.add(handle, name)
        except PluginValidationError as error:
            if isinstance(previous, Handle):
                self._registry.add(previous, name)
            msg = f"{role} {name}: {' '.join(str(error).split())}"
            raise PluginError(msg) from error
        self._roles[name] = role
        self._look_at_hooks()
        return found

    def _handles(self) -> Iterator[tuple[str, Handle]]:
        for name in self._roles:
            if isinstance(handle := self._registry.get_plugin(name), Handle):
                yield name, handle

    def _forget(self, name: str) -> None:
        self._registry.remove(name)
        del self._roles[name]
        self._look_at_hooks()

    def _look_at_hooks(self) -> None:
        hooks = vars(self._registry.hook)
        self._asked = frozenset(name for name in self._hooks if hooks[name].get_hookimpls())

    def _free_name(self, wanted: str) -> str:
        names: Iterable[str] = (wanted, *(f"{wanted}#{number}" for number in range(2, len(self._roles) + 3)))
        return next(name for name in names if name not in self._roles)
