"""What installed distributions say in their entry points, read without importing any of them."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

CHANNEL_GROUP: Final = "bellwire.channels"
"""Each entry point of this group names a channel's config class; the entry point's name is the ``type``."""

_log: Final = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class Claim:
    """One entry point, and the distribution that declares it."""

    name: str
    value: str
    """``module:Class``, as it is written there."""
    distribution: str
    version: str
    _load: Callable[[], object] = attrs.field(repr=False, alias="load")

    @property
    def origin(self) -> str:
        """Who claims: ``bellwire-pager 1.2``."""
        return f"{self.distribution} {self.version}".rstrip()

    def load(self) -> object:
        """Imports what the entry point names. Raises whatever that import raises."""
        return self._load()


def installed_claims(group: str = CHANNEL_GROUP) -> tuple[Claim, ...]:
    """All entry points of *group* in the installed distributions, in the order of ``sys.path``."""
    return tuple(_claims(group))


def _claims(group: str) -> Iterator[Claim]:
    from importlib.metadata import distributions

    seen: set[tuple[str, str, str]] = set()
    for distribution in distributions():
        for point in _entry_points(distribution, group):
            name, version = _identity(distribution)
            # an editable install beside its own build is found twice
            key = (re.sub(r"[-_.]+", "-", name).lower(), point.name, point.value)
            if key not in seen:
                seen.add(key)
                yield Claim(name=point.name, value=point.value, distribution=name, version=version, load=point.load)


def _entry_points(distribution: Distribution, group: str) -> tuple[EntryPoint, ...]:
    try:
        return tuple(distribution.entry_points.select(group=group))
    except Exception as error:  # noqa: BLE001 - one broken distribution must not hide all others
        _log.warning(
            "the entry points of %s cannot be read: %s: %s", _identity(distribution)[0], type(error).__name__, error
        )
        return ()


def _identity(distribution: Distribution) -> tuple[str, str]:
    # its METADATA may be gone or broken: for 3.11 both are None then, and its folder still has a name
    name, version = None, None
    with contextlib.suppress(Exception):
        name, version = distribution.name, distribution.version
    return name or str(getattr(distribution, "_path", "an unreadable distribution")), version or ""
