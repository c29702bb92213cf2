"""Which distribution a plugin comes from, as far as the installed ones say."""

from __future__ import annotations

import contextlib
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from .entry_points import CHANNEL_GROUP, installed_claims

if TYPE_CHECKING:
    from collections.abc import Mapping


def distribution_of(plugin: object) -> str:
    """The name of the distribution that *plugin*'s code belongs to; empty where none claims it. Slow the first time."""
    module = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
    return ", ".join(sorted(_distributions().get(module.partition(".")[0], ())))


@cache
def _distributions() -> Mapping[str, set[str]]:
    from importlib.metadata import packages_distributions

    found: dict[str, set[str]] = {}
    with contextlib.suppress(Exception):  # a broken distribution anywhere spoils it, and it is for show only
        found = {package: set(names) for package, names in packages_distributions().items()}
    # an editable install lists no packages, but its entry points lead into them
    for claim in (*installed_claims(CHANNEL_GROUP), *installed_claims("console_scripts")):
        found.setdefault(claim.value.partition(":")[0].partition(".")[0], {claim.distribution})
    return found
