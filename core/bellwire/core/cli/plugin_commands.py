"""Commands of other packages, by the entry-point group ``bellwire.commands``: each imported only when it is run.

One that cannot be imported, or that two packages claim, is an error for whoever runs it, and for nobody else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import attrs
import click

from .commands import BUILT_IN

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint  # noqa: TC004 - attrs keeps the name alone, and it loads slowly

GROUP: Final = "bellwire.commands"
"""Each entry point of this group names a :class:`click.Command`; the entry point's name is the command's."""


class Unusable(Exception):
    """A plugin's command cannot be run, and why."""


@attrs.frozen
class PluginCommand:
    """A command that one or, by mistake, more packages bring."""

    name: str
    _points: tuple[EntryPoint, ...]

    @property
    def origin(self) -> str:
        """Who brings it: ``bellwire-pager 1.2``."""
        return " and ".join(_origin(point) for point in self._points)

    @property
    def distribution(self) -> str | None:
        """Which package brings it, if one can be told."""
        return self._points[0].dist.name if self._points[0].dist else None

    def load(self) -> click.Command:
        """The command, imported now. Raises :class:`Unusable`."""
        if len(self._points) > 1:
            msg = f"the command {self.name} is claimed by {self.origin}; uninstall one of them"
            raise Unusable(msg)
        [point] = list(self._points)
        try:
            found = point.load()
        except (Exception, SystemExit) as error:  # whatever a stranger's module does concerns its command alone
            msg = f"the command {self.name} of {self.origin} cannot be imported: {type(error).__name__}: {error}"
            raise Unusable(msg) from error
        if not isinstance(found, click.Command):
            msg = (
                f"the command {self.name} of {self.origin} cannot be run: {point.value} is a "
                f"{type(found).__name__}, where a click command is expected"
            )
            raise Unusable(msg)
        return found


@attrs.frozen
class PluginCommands:
    """What installed packages bring."""

    usable: Mapping[str, PluginCommand]
    clashes: tuple[str, ...]
    """A sentence for each command that has the name of a built-in one, and is therefore not reached."""


def plugin_commands() -> PluginCommands:
    """Reads the entry points of all installed packages, which takes some tens of milliseconds; imports nothing."""
    from importlib.metadata import entry_points

    points: dict[str, dict[tuple[str, str], EntryPoint]] = defaultdict(dict)
    for point in entry_points(group=GROUP):
        # an editable install beside its own build is found twice
        points[point.name].setdefault((point.value, _origin(point)), point)
    found = [PluginCommand(name, tuple(points[name].values())) for name in sorted(points)]
    return PluginCommands(
        usable={command.name: command for command in found if command.name not in BUILT_IN},
        clashes=tuple(
            f"the command {command.name} of {command.origin} is not reached: Bellwire has one of that name itself"
            for command in found
            if command.name in BUILT_IN
        ),
    )


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
