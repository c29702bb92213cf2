"""The options and parameter types that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bellwire.hookspecs import parse_duration

from .safe import safe

F = TypeVar("F", bound=Callable[..., Any])

CONFIG: Final = "bellwire.config"
"""Where the path that ``--config`` gave stands in :attr:`click.Context.meta`, for plugins' commands too."""


def _remember(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    # meta is shared by a command and its parents: whichever of them was given the option, the innermost wins
    if value is not None:
        context.meta[CONFIG] = value


def config_option(command: F) -> F:
    """``--config PATH``, before the command's name or after it."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="PATH",
        callback=_remember,
        expose_value=False,
        help="The configuration file.  [default: BELLWIRE_CONFIG, else bellwire.toml here]",
    )(command)


def json_option(command: F) -> F:
    """``--json``: one JSON document instead of text."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def since_option(help: str) -> Callable[[F], F]:  # noqa: A002 - click's own word
    """``--since DURATION``, in microseconds."""
    return click.option("--since", type=Duration(), metavar="DURATION", help=f"{help} Such as 90s, 5m, 2h or 7d.")


if TYPE_CHECKING:
    _Microseconds = click.ParamType[int]
else:  # it is generic to type checkers alone until click 8.4
    _Microseconds = click.ParamType


class Duration(_Microseconds):
    """A duration such as ``2h``, in microseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - click's signature
        """Microseconds."""
        if isinstance(value, int):
            return value
        try:
            return round(parse_duration(value) * 1_000_000)
        except ValueError:
            self.fail(f"'{safe(value)}' is no duration; write 90s, 5m, 2h or 7d", param, ctx)
