"""The options and parameter types that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
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
    """``--since WHEN``, a :class:`Moment`."""
    example = "Such as 2h (ago) or 2026-05-18T10:00."
    return click.option("--since", type=When(), metavar="WHEN", help=f"{help} {example}")


def until_option(help: str) -> Callable[[F], F]:  # noqa: A002 - click's own word
    """``--until WHEN``, a :class:`Moment`."""
    return click.option("--until", type=When(), metavar="WHEN", help=help)


def dry_run_option(command: F) -> F:
    """``--dry-run``: says what would be done, and does nothing."""
    return click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")(command)


def yes_option(command: F) -> F:
    """``--yes``: asks nothing."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


@attrs.frozen
class Moment:
    """A point in time, or so long ago by the database's clock."""

    at: datetime | None = None
    ago: timedelta | None = None

    def after(self, now: int) -> datetime:
        """The point in time, when the database says that it is *now* (microseconds since 1970 UTC)."""
        if self.at is not None:
            return self.at
        try:
            return _EPOCH + now * _MICROSECOND - (self.ago or timedelta())
        except OverflowError:  # before the year 1
            return _EARLIEST

    def microseconds(self, now: int) -> int:
        """The same in microseconds since 1970 UTC."""
        return (self.after(now) - _EPOCH) // _MICROSECOND


def require_in_order(since: Moment | None, until: Moment | None, now: int) -> None:
    """Raises click's usage error where nothing can be between the two."""
    if since is not None and until is not None and since.after(now) > until.after(now):
        msg = "--since is later than --until: nothing is between the two"
        raise click.UsageError(msg)


if TYPE_CHECKING:
    _Moment = click.ParamType[Moment]
else:  # it is generic to type checkers alone until click 8.4
    _Moment = click.ParamType


class When(_Moment):
    """A duration ago such as ``2h``, or a time such as ``2026-05-18T10:00``: this machine's, without an offset."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Moment:  # noqa: ANN401 - click's signature
        """The moment."""
        if isinstance(value, Moment):
            return value
        try:
            return Moment(ago=timedelta(seconds=parse_duration(value)))
        except (ValueError, OverflowError):
            pass
        try:
            return Moment(at=datetime.fromisoformat(value).astimezone(UTC))
        except (ValueError, OverflowError):
            self.fail(
                f"'{safe(value)}' is neither a duration such as 90s, 5m, 2h or 7d, nor a time such as 2026-05-18T10:00",
                param,
                ctx,
            )
