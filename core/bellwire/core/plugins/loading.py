"""From ``module:Name``, as a setting has it, to a plugin, with sentences for everything that can be wrong with it."""

from __future__ import annotations

import importlib
from types import ModuleType

from bellwire.core.errors import PluginError
from bellwire.hookspecs import ChannelConfig

from .suggest import did_you_mean


def load_object(reference: str) -> object:
    """What *reference* (``module:Name`` or ``module``) names, imported.

    Raises :class:`PluginError` with the way out.
    """
    module_name, colon, attributes = (part.strip() for part in reference.partition(":"))
    parts = attributes.split(".") if colon else []
    if not all(name.isidentifier() for name in (*module_name.split("."), *parts)):
        msg = f"{reference!r} must be written module:Name, such as 'myapp.notify:Plugin'"
        raise PluginError(msg)
    found: object = _import(module_name)
    for name in parts:
        try:
            found = getattr(found, name)
        except AttributeError as error:
            msg = f"{_described(found)} has no {name!r}{did_you_mean(name, _public(found))}"
            raise PluginError(msg) from error
    return found


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            msg = f"there is no module {error.name!r}: is its package installed, or its folder on PYTHONPATH?"
            raise PluginError(msg) from error
        msg = f"the module {name!r} needs the module {error.name!r}, which is not installed"
        raise PluginError(msg) from error
    except (Exception, SystemExit) as error:
        msg = f"the module {name!r} cannot be imported: {type(error).__name__}: {error}"
        raise PluginError(msg) from error


def _described(found: object) -> str:
    if isinstance(found, ModuleType):
        return f"the module {found.__name__!r}"
    return f"the class {found.__name__}" if isinstance(found, type) else f"the {type(found).__name__}"


def _public(found: object) -> list[str]:
    return [name for name in dir(found) if not name.startswith("_")]


def plugin_object(candidate: object) -> object:
    """*candidate* as an object with hooks: a class is called without arguments. Raises :class:`PluginError`."""
    if isinstance(candidate, str):
        msg = f"{candidate!r} is a text; to plug in what it names, load({candidate!r})"
        raise PluginError(msg)
    if candidate is None or isinstance(candidate, ChannelConfig):
        msg = f"a plugin cannot be {type(candidate).__name__}; a channel's config belongs into Settings(channels={{…}})"
        raise PluginError(msg)
    if not isinstance(candidate, type):
        return candidate
    if issubclass(candidate, ChannelConfig):
        msg = (
            f"{candidate.__name__} is a channel's config class, not a plugin. Give it a type's name: by an entry point "
            f'of the group bellwire.channels, in the file by plugins = ["NAME={class_name(candidate)}"], '
            f"or in code by Bus(channel_types={{'NAME': {candidate.__name__}}})"
        )
        raise PluginError(msg)
    try:
        made: object = candidate()
    except Exception as error:
        msg = (
            f"{candidate.__name__}() raised {type(error).__name__}: {error}; "
            "a plugin's class is called without arguments, so register an object of it instead"
        )
        raise PluginError(msg) from error
    return made


def default_name(plugin: object) -> str:
    """What a plugin is called that nobody named."""
    return plugin.__name__ if isinstance(plugin, ModuleType) else class_name(type(plugin))


def class_name(cls: type) -> str:
    """``module:Class``.

    >>> class_name(PluginError)
    'bellwire.core.errors:PluginError'
    """
    return f"{cls.__module__}:{cls.__qualname__}"
