"""``bellwire check``: whether everything that a bus needs is there, and which files that is."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import attrs
import click

from bellwire.core.config import egress_policy, egress_problems
from bellwire.core.errors import BellwireError, ConfigError, DatabaseUnavailable
from bellwire.hookspecs import Problem, redact_url

from .documents import Document, channel_document, problem_document
from .options import config_option, json_option
from .output import print_json, say, tell
from .plugin_commands import plugin_commands
from .session import current_status, database_file, existing_outbox, open_bus
from .status import state_cell
from .table import print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bellwire.core.bus import Bus
    from bellwire.core.insight import ChannelStatus  # noqa: TC004 - attrs keeps the name alone; SQLAlchemy can wait


@attrs.frozen(kw_only=True)
class Report:
    """What the check found."""

    problems: tuple[Problem, ...]
    config_file: str | None = None
    database: str | None = None
    database_exists: bool = True
    channels: tuple[ChannelStatus, ...] = ()

    @property
    def errors(self) -> int:
        """How many problems are more than warnings."""
        return sum(problem.severity == "error" for problem in self.problems)


@click.command("check", short_help="Check configuration, plugins and database.")
@json_option
@config_option
def command(*, as_json: bool) -> None:
    """Check configuration, plugins and database.

    Prints the absolute paths that are used and every channel's state. All problems are shown at once, and the exit code
    is 1 when one of them is more than a warning. Nothing is sent: that is `bellwire test CHANNEL`.
    """
    report = _report()
    if as_json:
        print_json(_document(report))
    else:
        _show(report)
    if report.errors:
        raise SystemExit(1)


def _report() -> Report:
    try:
        with open_bus() as bus:
            return _look_at(bus)
    except ConfigError as error:
        return Report(problems=error.problems, config_file=error.source or None)


def _look_at(bus: Bus) -> Report:
    problems = [
        *bus.settings.warnings,
        *_connecting_problems(bus),
        *_plugin_problems(bus),
        *_database_problems(bus),
    ]
    channels: Sequence[ChannelStatus] = ()
    if not any(problem.severity == "error" for problem in problems):
        status = current_status(bus)
        channels = status.channels
        told = {str(problem) for problem in problems}
        problems += [Problem("", notice, "warning") for notice in status.notices if notice not in told]
    source = bus.settings.source
    return Report(
        problems=(*_egress_problems(bus), *problems),
        config_file=None if source is None else str(source),
        database=_database(bus),
        database_exists=_is_usable(bus, problems),
        channels=tuple(channels),
    )


def _database(bus: Bus) -> str:
    try:
        return bus.outbox.database.shown
    except BellwireError:  # that is among the problems
        return redact_url(bus.settings.database)


def _is_usable(bus: Bus, problems: Sequence[Problem]) -> bool:
    return not any(problem.path == "database" for problem in problems) and existing_outbox(bus) is not None


def _egress_problems(bus: Bus) -> Iterator[Problem]:
    policy = egress_policy(bus.settings)
    for channel in bus.settings.channels.values():
        for problem in egress_problems(channel.config, policy) if channel.config else ():
            yield attrs.evolve(problem, path=f"channels.{channel.name}.{problem.path}")


def _connecting_problems(bus: Bus) -> Iterator[Problem]:
    """What this machine has to say of the channels' certificates and proxies."""
    from bellwire.core.http import connecting_problems

    policy = egress_policy(bus.settings)
    for channel in bus.settings.channels.values():
        if (config := channel.config) is None:
            continue
        for problem in connecting_problems(config.tls_options(), config.proxy_options(), policy):
            path = f"channels.{channel.name}.{problem.path}"
            yield attrs.evolve(problem, path=path, severity="error" if channel.active else "warning")


def _plugin_problems(bus: Bus) -> Iterator[Problem]:
    used = {channel.type for channel in bus.settings.channels.values()}
    for info in bus.plugins.types.listing():
        if info.error and info.name not in used:  # of one that is used, loading the configuration has told already
            yield Problem(f"type {info.name}", info.error, "warning")
    yield from (Problem("", clash, "warning") for clash in plugin_commands().clashes)


def _database_problems(bus: Bus) -> Iterator[Problem]:
    try:
        if existing_outbox(bus) is not None:
            bus.outbox.database.open()
            bus.outbox.database.write(lambda _: None)  # opening a database that is read-only may succeed
        elif (path := database_file(bus)) is not None:
            bus.outbox.database.backend.create_engine().dispose()  # refuses what can never be created, and says why
            if not os.access(path.parent, os.W_OK | os.X_OK):
                msg = f"{path}: cannot be created, because this user may not write into {path.parent}"
                raise DatabaseUnavailable(msg)
    except BellwireError as error:
        yield Problem("database", str(error).removeprefix("database: "))


def _show(report: Report) -> None:
    say(
        f"config file  {report.config_file or ('none' if report.errors else 'none: the environment alone')}",
        *([f"database     {report.database}{_state(report)}"] if report.database else []),
        f"python       {sys.executable} ({platform.python_version()})",
        f"bellwire     {version('bellwire')}",
    )
    if report.channels:
        say("")
        print_table(
            ("CHANNEL", "TYPE", "STATE", "WHY"),
            [(channel.name, channel.type, state_cell(channel), channel.reason) for channel in report.channels],
        )
    say("")
    for problem in report.problems:
        tell(f"{problem.severity}: {problem}")
    say(_verdict(report))


def _state(report: Report) -> str:
    return "" if report.database_exists or report.errors else " (not there yet: created when it is first needed)"


def _verdict(report: Report) -> str:
    from bellwire.core.insight.times import counted

    warnings = len(report.problems) - report.errors
    told = [counted(report.errors, "problem") if report.errors else "no problems"]
    return ", ".join(told + ([counted(warnings, "warning")] if warnings else []))


def _document(report: Report) -> Document:
    return {
        "ok": not report.errors,
        "config_file": report.config_file,
        "database": report.database,
        "database_exists": report.database_exists,
        "python": sys.executable,
        "python_version": platform.python_version(),
        "bellwire_version": version("bellwire"),
        "channels": [channel_document(channel) for channel in report.channels],
        "problems": [problem_document(problem) for problem in report.problems],
    }
