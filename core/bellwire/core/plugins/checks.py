"""What makes a class unfit to be a channel's config, in sentences for its author."""

from __future__ import annotations

import inspect
import keyword
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final, get_origin

from bellwire.hookspecs import ChannelConfig, declared_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_setting_name: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII).fullmatch


def type_problems(candidate: object) -> Iterator[str]:
    """Why *candidate* cannot be a channel's config class; nothing when it can."""
    if isinstance(candidate, ChannelConfig):
        yield f"it is an object of {type(candidate).__name__}; name the class itself"
    elif not isinstance(candidate, type):
        yield f"it is a {type(candidate).__name__}, where a config class is expected: class …(ChannelConfig)"
    elif not issubclass(candidate, ChannelConfig):
        name = candidate.__name__
        yield f"class {name} does not derive from ChannelConfig: class {name}(ChannelConfig)"
    elif candidate is ChannelConfig:
        yield "it is ChannelConfig itself; derive a class from it"
    elif not is_decorated(candidate):
        yield f"class {candidate.__name__} declares settings, but lacks @channel_config above it"
    else:
        yield from _open_problems(candidate)
        yield from _settings_problems(candidate)


def is_decorated(cls: type[Any]) -> bool:
    """Whether the class went through attrs, or declares nothing that would need it."""
    if "__attrs_attrs__" in vars(cls):
        return True
    own = [hint for hint in inspect.get_annotations(cls).values() if not _is_class_variable(hint)]
    # setting() without an annotation, seen before any decorator could refuse it
    unannotated = [value for value in vars(cls).values() if type(value).__name__ == "_CountingAttr"]
    return not own and not unannotated


def _is_class_variable(hint: object) -> bool:
    if isinstance(hint, str):
        return hint.removeprefix("typing.").startswith("ClassVar")
    return hint is ClassVar or get_origin(hint) is ClassVar


def _open_problems(cls: type[ChannelConfig]) -> Iterator[str]:
    if cls.__eq__ is not object.__eq__:
        yield f"class {cls.__name__} compares by value; decorate it with @channel_config, not with attrs"
    if cls.open is ChannelConfig.open:
        yield f"class {cls.__name__} does not define `async def open(self, context)`"
    elif not inspect.iscoroutinefunction(cls.open):
        yield f"{cls.__name__}.open must be a coroutine: async def open(self, context)"


def _settings_problems(cls: type[ChannelConfig]) -> Iterator[str]:
    try:
        settings = declared_settings(cls)
    except TypeError as error:
        yield str(error)
        return
    for setting in settings:
        where = f"{cls.__name__}.{setting.name}"
        if setting.name == "type":
            yield f"{where}: `type` is what chooses the channel's type; give the setting another name"
        elif _setting_name(setting.name) is None or keyword.iskeyword(setting.name):
            yield (
                f"{where}: a setting's name is made of lower-case words joined by single underscores, "
                "so that the environment can name it too"
            )
