"""Channel types: which there are, and the config class of each, imported no sooner than somebody asks for it."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Final

import attrs

from bellwire.core.errors import PluginError
from bellwire.hookspecs import ChannelConfig

from .checks import type_problems
from .entry_points import CHANNEL_GROUP, Claim, installed_claims
from .suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

DISABLED_VARIABLE: Final = "BELLWIRE_DISABLED_CHANNELS"
"""Names of channels and of channel types, with commas between: none of them is loaded, whatever the file says."""


def disabled_channels(environ: Mapping[str, str]) -> frozenset[str]:
    """What ``BELLWIRE_DISABLED_CHANNELS`` names.

    >>> sorted(disabled_channels({"BELLWIRE_DISABLED_CHANNELS": "ops, pager"}))
    ['ops', 'pager']
    """
    return frozenset(name for name in map(str.strip, environ.get(DISABLED_VARIABLE, "").split(",")) if name)


@attrs.frozen(kw_only=True)
class TypeInfo:
    """One channel type, for whoever lists them."""

    name: str
    distribution: str = ""
    """Who provides it; empty where the host registered it in code."""
    version: str = ""
    config_class: type[ChannelConfig] | None = None
    error: str | None = None
    """Why it cannot be used."""
    disabled: bool = False
    """Whether ``BELLWIRE_DISABLED_CHANNELS`` names it; it is not even imported then."""


class ChannelTypes:
    """All channel types: those of the entry points, read once when first needed, and those registered in code."""

    def __init__(
        self,
        *,
        disabled: Iterable[str] | None = None,
        installed: Callable[[], Iterable[Claim]] = installed_claims,
    ) -> None:
        """*disabled* is what ``BELLWIRE_DISABLED_CHANNELS`` says, unless given."""
        self.disabled: Final = disabled_channels(os.environ) if disabled is None else frozenset(disabled)
        self._installed = installed
        self._lock = threading.Lock()
        self._claims: Mapping[str, tuple[Claim, ...]] | None = None
        self._registered: dict[str, type[ChannelConfig]] = {}
        # a failure is kept as well: importing a broken module again would only repeat what it did half-way
        self._loaded: dict[str, type[ChannelConfig] | str] = {}

    def names(self) -> tuple[str, ...]:
        """The names of all types, sorted; imports none of them."""
        return tuple(sorted({*self._installed_types(), *self._registered}))

    def get(self, name: str) -> type[ChannelConfig]:
        """The config class of the type *name*, imported now if need be.

        Raises :class:`PluginError` for a name that is unknown, disabled, claimed twice, or of no use, saying why.
        """
        if name in self.disabled:
            msg = f"the channel type {name!r} is disabled by {DISABLED_VARIABLE}"
            raise PluginError(msg)
        claims = self._installed_types().get(name, ())
        if name in self._registered and not claims:
            return self._registered[name]
        if not claims:
            raise PluginError(self._unknown(name))
        if problem := _claimed_twice(claims):
            msg = f"the channel type {name!r} is {problem}"
            raise PluginError(msg)
        found = self._load(claims[0])
        if isinstance(found, str):
            raise PluginError(found)
        return found

    def register(self, name: str, config_class: type[ChannelConfig]) -> None:
        """Adds a type in code, in this process alone: a separate worker needs it in the setting ``plugins`` too.

        Raises :class:`PluginError` where the class cannot work or the name is taken. Once more the same does nothing.
        """
        problems = [*type_problems(config_class), *_name_problems(name)]
        if problems:
            msg = f"the channel type {name!r} cannot be registered: {'; '.join(problems)}"
            raise PluginError(msg)
        claims = self._installed_types().get(name, ())
        with self._lock:
            known = self._registered.get(name)
            if known is config_class or (len(claims) == 1 and _names(claims[0], config_class)):
                return
            if claims or known is not None:
                origin = claims[0].origin if claims else f"{known.__module__}.{known.__qualname__}" if known else ""
                msg = f"the channel type {name!r} is provided by {origin} already; register yours under another name"
                raise PluginError(msg)
            self._registered[name] = config_class

    def name_of(self, config_class: type[ChannelConfig]) -> str | None:
        """The type whose config class is *config_class*; imports nothing."""
        for name, registered in self._registered.items():
            if registered is config_class:
                return name
        for name, claims in self._installed_types().items():
            if len(claims) == 1 and (self._loaded.get(name) is config_class or _names(claims[0], config_class)):
                return name
        return None

    def listing(self) -> tuple[TypeInfo, ...]:
        """Every type with its class, or with the reason why it has none; imports them all, each by itself."""
        return tuple(info for name in self.names() for info in self._infos(name))

    def _infos(self, name: str) -> Iterable[TypeInfo]:
        disabled = name in self.disabled
        claims = self._installed_types().get(name, ())
        if not claims:
            yield TypeInfo(name=name, config_class=None if disabled else self._registered.get(name), disabled=disabled)
        conflict = _claimed_twice(claims)
        for claim in claims:
            found = None if disabled else conflict or self._load(claim)
            yield TypeInfo(
                name=name,
                distribution=claim.distribution,
                version=claim.version,
                config_class=found if isinstance(found, type) else None,
                error=found if isinstance(found, str) else None,
                disabled=disabled,
            )

    def _installed_types(self) -> Mapping[str, tuple[Claim, ...]]:
        if self._claims is None:
            claims: dict[str, tuple[Claim, ...]] = {}
            for claim in self._installed():
                claims[claim.name] = (*claims.get(claim.name, ()), claim)
            self._claims = claims
        return self._claims

    def _load(self, claim: Claim) -> type[ChannelConfig] | str:
        # without the lock: an import takes locks of its own, and its module may ask us for a type
        if claim.name not in self._loaded:
            self._loaded.setdefault(claim.name, _loaded_class(claim))
        return self._loaded[claim.name]

    def _unknown(self, name: str) -> str:
        known = self.names()
        if hint := did_you_mean(name, known):
            return f"no channel type {name!r}{hint}"
        return (
            f"no channel type {name!r}; there are {', '.join(known) or 'none'}. "
            "Install the package that brings it, or name its class in `plugins`"
        )


def _claimed_twice(claims: tuple[Claim, ...]) -> str | None:
    if len(claims) < 2:
        return None
    origins = " and ".join(f"{claim.origin} ({claim.value})" for claim in claims)
    return f"claimed by {origins}; uninstall one of them"


def _loaded_class(claim: Claim) -> type[ChannelConfig] | str:
    try:
        found = claim.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's module does concerns its type alone
        return (
            f"the channel type {claim.name!r} of {claim.origin} cannot be imported from {claim.value}: "
            f"{type(error).__name__}: {error}"
        )
    problems = [*type_problems(found), *_name_problems(claim.name)]
    if problems:
        return (
            f"the channel type {claim.name!r} of {claim.origin} cannot be used: "
            f"{claim.value} ({CHANNEL_GROUP}): {'; '.join(problems)}"
        )
    assert isinstance(found, type)  # noqa: S101 - for the type checker: type_problems has seen to it
    return found


def _name_problems(name: str) -> Iterable[str]:
    if not name or not name.isprintable() or any(character in name for character in ' ,="'):
        yield f"its name {name!r} must not be empty nor hold blanks, commas, quotes or equals signs"


def _names(claim: Claim, config_class: type[ChannelConfig]) -> bool:
    """Whether *claim* names *config_class*, as far as can be told without importing."""
    module, _, attribute = claim.value.partition("[")[0].strip().partition(":")
    if (module, attribute) == (config_class.__module__, config_class.__qualname__):
        return True
    return getattr(sys.modules.get(module), attribute, None) is config_class
