"""The hooks that there are, and the implementations of them that an object brings, each checked in sentences.

A look at an object, nothing more: no property of it is evaluated, nothing of it is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, Final, Literal

import attrs

from bellwire.hookspecs import HOOK_PREFIX, PROJECT_NAME, NotifySpecs

from .suggest import did_you_mean

Role = Literal["plugin", "channel"]

_MARK: Final = f"{PROJECT_NAME}_impl"
_DELIVERY_ARGUMENTS: Final = ("event", "delivery")


@attrs.frozen
class KnownHook:
    """One hook that Bellwire calls."""

    name: str
    arguments: tuple[str, ...]

    @property
    def delivers(self) -> bool:
        """Whether it is called on one channel at a time, to deliver; else on all plugins, in plain ``def``."""
        return len(self.arguments) == 2 and self.arguments[1] == "delivery"


def delivery_hook(kind: str) -> KnownHook:
    """The hook of the event kind *kind*."""
    return KnownHook(f"{HOOK_PREFIX}{kind}", _DELIVERY_ARGUMENTS)


KNOWN_HOOKS: Final[Mapping[str, KnownHook]] = {
    name: KnownHook(name, tuple(inspect.signature(specification).parameters)[1:])
    for name, specification in vars(NotifySpecs).items()
    if name.startswith(HOOK_PREFIX)
}
"""The six of the contract; event kinds bring more."""


@attrs.frozen(kw_only=True, eq=False)
class FoundHook:
    """One implementation of a hook."""

    hook: KnownHook
    function: Callable[..., Any]
    """Bound to its object."""
    takes: tuple[str, ...]
    """Those of the hook's arguments that it wants, in its own order."""
    options: Mapping[str, Any]
    """What ``@hookimpl(…)`` was given."""

    @property
    def is_async(self) -> bool:
        """Whether calling it gives a coroutine."""
        return inspect.iscoroutinefunction(self.function)

    @property
    def is_wrapper(self) -> bool:
        """Whether it stands around the other implementations."""
        return bool(self.options.get("wrapper") or self.options.get("hookwrapper"))


def find_hooks(
    plugin: object, known: Mapping[str, KnownHook], role: Role
) -> tuple[tuple[FoundHook, ...], tuple[str, ...]]:
    """The hook implementations of *plugin*, and everything that is wrong with them."""
    found: list[FoundHook] = []
    problems: list[str] = []
    for attribute, function, options in _candidates(plugin):
        where = f"{_owner(plugin)}.{attribute}"
        name = (options or {}).get("specname") or attribute
        hook = known.get(name)
        if options is None:
            problems.append(_unmarked(where, attribute, function, known))
        elif function is None:
            problems.append(f"{where} is no method; a hook is a function, found without being evaluated")
        elif hook is None and not options.get("optionalhook"):
            hint = did_you_mean(name, known, prefix=HOOK_PREFIX) or _listed(known)
            problems.append(f"{where}: there is no hook {name!r}{hint}")
        else:
            item = FoundHook(
                hook=hook or KnownHook(name, _DELIVERY_ARGUMENTS),
                function=function,
                takes=_takes(function),
                options=options,
            )
            wrong = tuple(_problems(where, item, role))
            problems += wrong
            found += [] if wrong else [item]
    if not found and not problems:
        problems.append(f"{_owner(plugin)} implements no hook{_listed(known)}")
    if role == "channel" and not problems and not any(_delivers_events(item) for item in found):
        problems.append(f"{_owner(plugin)} delivers nothing: it needs notify_workflow or notify_event")
    return tuple(found), tuple(problems)


def _delivers_events(item: FoundHook) -> bool:
    return item.hook.delivers and item.hook.name != "notify_test"


def _candidates(plugin: object) -> Iterator[tuple[str, Callable[..., Any] | None, Mapping[str, Any] | None]]:
    """Each attribute that is marked as a hook or named like one: its name, function and options."""
    for attribute in dir(plugin):
        static = inspect.getattr_static(plugin, attribute, None)
        options = _options(static)
        if options is None and not attribute.startswith(HOOK_PREFIX):
            continue
        if isinstance(plugin, ModuleType) and getattr(static, "__module__", None) != plugin.__name__:
            continue  # imported there, so marked or not it is another module's
        bound = getattr(plugin, attribute) if _is_function(static) else None
        yield attribute, bound, options


def _options(static: object) -> Mapping[str, Any] | None:
    # @hookimpl may stand above or below @staticmethod and @classmethod, and on what a bound method is bound from
    for holder in (static, getattr(static, "__func__", None)):
        options = vars(holder).get(_MARK) if hasattr(holder, "__dict__") else None
        if isinstance(options, Mapping):
            return options
    return None


def _is_function(static: object) -> bool:
    return inspect.isroutine(static) or isinstance(static, staticmethod | classmethod)


def _owner(plugin: object) -> str:
    return plugin.__name__ if isinstance(plugin, type | ModuleType) else type(plugin).__name__


def _listed(known: Iterable[str]) -> str:
    return f"; the hooks are {', '.join(sorted(known))}"


def _unmarked(where: str, attribute: str, function: Callable[..., Any] | None, known: Mapping[str, KnownHook]) -> str:
    if attribute in known:
        return f"{where} lacks @hookimpl, so it would never be called" if function else f"{where} must be a method"
    hint = did_you_mean(attribute, known, prefix=HOOK_PREFIX)
    return f"{where}: names with {HOOK_PREFIX} are kept for hooks, and there is no such one{hint or '; rename it'}"


def _problems(where: str, item: FoundHook, role: Role) -> Iterator[str]:
    name, arguments = item.hook.name, item.hook.arguments
    if role == "plugin" and item.hook.delivers:
        yield f"{where} delivers, which only channels do: return it from the open() of a ChannelConfig"
        return
    if role == "channel" and name == "notify_filter":
        yield f"{where} would never be asked: publishing opens no channel. Put it into a plugin of its own"
        return
    if item.is_wrapper and item.hook.delivers:
        yield f"{where} is a wrapper, but {name} is called on one channel alone; deliver in it, or decorate it yourself"
        return
    is_async_generator = inspect.isasyncgenfunction(item.function)
    yields = is_async_generator or inspect.isgeneratorfunction(item.function)
    if not item.hook.delivers and (item.is_async or is_async_generator):
        yield f"{where} must be plain `def`: {name} runs where there is no event loop"
    elif yields != item.is_wrapper:
        yield f"{where} yields; it must return" if yields else f"{where} is a wrapper, so it must yield once"
    yield from _argument_problems(where, item, arguments)


def _argument_problems(where: str, item: FoundHook, arguments: tuple[str, ...]) -> Iterator[str]:
    expected = f"{item.hook.name} is given {' and '.join((', '.join(arguments[:-1]), arguments[-1]))}"
    for parameter in _parameters(item.function):
        match parameter.kind:
            case parameter.VAR_POSITIONAL | parameter.VAR_KEYWORD:
                yield f"{where} takes *{parameter.name}, which stays empty: name its arguments ({expected})"
            case parameter.KEYWORD_ONLY if parameter.default is parameter.empty:
                yield f"{where} takes {parameter.name!r} by keyword alone; take out the `*` before it"
            case _ if parameter.name in arguments and parameter.default is not parameter.empty:
                yield f"{where} gives {parameter.name!r} a default, and so would never receive it; take it out"
            case _ if parameter.name not in arguments and parameter.default is parameter.empty:
                hint = did_you_mean(parameter.name, arguments)
                yield f"{where} takes {parameter.name!r}, but {expected}{hint}"


def _parameters(function: Callable[..., Any]) -> Iterable[inspect.Parameter]:
    try:
        return inspect.signature(function).parameters.values()
    except ValueError:  # some functions written in C do not say
        return ()


def _takes(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(
        parameter.name
        for parameter in _parameters(function)
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.default is parameter.empty
    )
