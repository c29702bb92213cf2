"""Which distribution a plugin comes from, as far as the installed ones say."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def distribution_of(plugin: object) -> str:
    """The name of the distribution that *plugin*'s code belongs to; empty where none claims it. Slow the first time."""
    module = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
    return ", ".join(_distributions().get(module.partition(".")[0], ()))


@cache
def _distributions() -> Mapping[str, tuple[str, ...]]:
    from importlib.metadata import packages_distributions

    return {package: tuple(sorted(set(names))) for package, names in packages_distributions().items()}
