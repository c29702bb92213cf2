"""The command ``bellwire`` itself: finds its subcommands without importing them, and turns errors into sentences."""

from __future__ import annotations

import io
import sys
from typing import Any, NoReturn

import click

from bellwire.core.errors import BellwireError, ConfigError

from .commands import BUILT_IN, SUMMARIES, load
from .options import config_option
from .output import tell, warn
from .plugin_commands import PluginCommands, Unusable, plugin_commands
from .safe import safe


class Refusal(click.ClickException):
    """What was asked for failed, with the reason in sentences: exit code 1."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self._lines = lines

    def show(self, file: Any = None) -> None:  # noqa: ANN401, ARG002 - click's signature
        """Prints the sentences on standard error."""
        first, *others = self._lines
        tell(f"Error: {first}", *(f"  {line}" for line in others))


def refusal(error: BellwireError) -> Refusal:
    """*error* as it is told at the command line: of a broken configuration, every problem in a line of its own."""
    match error:
        case ConfigError(problems=[only], source=source) if not only.path:
            return Refusal(f"{source}: {only.message}" if source else only.message)
        case ConfigError(problems=[_, *_]):
            return Refusal(f"{error.source or 'the configuration'} cannot be used:", *map(str, error.problems))
        case _:
            return Refusal(str(error))


class Root(click.Group):
    """``bellwire``: built-in commands by the table in ``commands``, then those of plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, the built-in ones first."""
        return [*BUILT_IN, *_plugged_in(ctx).usable]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name in BUILT_IN:
            return load(cmd_name)
        command = _plugged_in(ctx).usable.get(cmd_name)
        try:
            return None if command is None else command.load()
        except Unusable as error:
            if ctx.resilient_parsing:  # a shell asks for completions
                return None
            raise Refusal(str(error)) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """click's, with a suggestion for a name that is not there."""
        name = args[0]
        if not name.startswith("-") and not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            self._unknown(ctx, name)
        return super().resolve_command(ctx, args)

    def _unknown(self, ctx: click.Context, name: str) -> NoReturn:
        from bellwire.core.plugins import did_you_mean

        hint = did_you_mean(name, self.list_commands(ctx)) or ", see `bellwire --help`"
        ctx.fail(f"no command '{safe(name)}'{hint}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands under their headings."""
        plugged_in = _plugged_in(ctx)
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, built_in in BUILT_IN.items():
            sections.setdefault(built_in.section, []).append((name, built_in.summary))
        for name, command in plugged_in.usable.items():
            summary = SUMMARIES.get(name) or f"From {command.origin}; see `bellwire {name} --help`."
            sections.setdefault("From channels and plugins", []).append((name, safe(summary)))
        longest = max(len(name) for rows in sections.values() for name, _ in rows)
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(longest), summary) for name, summary in rows])
        warn(*plugged_in.clashes)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Runs the command; what Bellwire raises on purpose becomes a sentence and exit code 1."""
        try:
            return super().invoke(ctx)
        except BellwireError as error:
            raise refusal(error) from error


def _plugged_in(ctx: click.Context) -> PluginCommands:
    """The commands of plugins, read once, and only when a name is not built in or all are listed."""
    found: PluginCommands | None = ctx.meta.get("bellwire.plugged_in")
    if found is None:
        found = ctx.meta["bellwire.plugged_in"] = plugin_commands()
    return found


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"bellwire {version('bellwire')}")
        ctx.exit()


@click.group(
    "bellwire",
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="See `bellwire COMMAND --help` for one command. Exit codes: 0 it went well; 1 what was asked for failed; "
    "2 the command line is wrong.",
)
@config_option
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def root() -> None:
    """The notification bus of a workflow platform.

    What the platform publishes is stored durably, then delivered through every enabled channel.
    """


def main() -> None:
    """The entry point: runs ``bellwire`` with the arguments of this process, and exits."""
    from .logs import log_to_stderr

    log_to_stderr()
    for stream in (sys.stdout, sys.stderr):
        # an ASCII terminal shows escapes where it has no character; without this it would end the command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    root(prog_name="bellwire")
