"""``bellwire publish``: stores an event, as a host would."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from bellwire.core.errors import BellwireError, DatabaseError

from .options import config_option
from .output import say, tell
from .safe import safe
from .session import open_bus, unattended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bellwire.core.bus import Bus
    from bellwire.hookspecs import Event, Workflow


if TYPE_CHECKING:
    _KeyAndValue = click.ParamType[tuple[str, Any]]
else:  # it is generic to type checkers alone until click 8.4
    _KeyAndValue = click.ParamType


class Extra(_KeyAndValue):
    """``KEY=JSON``: one more field of the workflow."""

    name = "key=json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:  # noqa: ANN401 - click's signature
        """The key and the value."""
        if isinstance(value, tuple):
            return value
        key, equals, text = value.partition("=")
        if not equals or not key:
            self.fail(f"'{safe(value)}' must be written KEY=JSON, such as workflow_desc='\"urgent\"'", param, ctx)
        try:
            return key, json.loads(text)
        except ValueError as error:
            hint = f"; a text stands in quotes: {key}='\"{text}\"'" if text.isprintable() and '"' not in text else ""
            self.fail(f"'{safe(text)}' is not JSON ({error}){safe(hint)}", param, ctx)


_LOOKED_AT: Final = 100
"""Events of one input that are looked at for remarks."""
_REQUIRED: Final = ("project_name", "workflow_id", "workflow_subject", "workflow_status")


@click.command("publish", short_help="Publish a workflow event.")
@click.argument("action", required=False)
@click.option("--project-name", metavar="TEXT", help="The workflow's project.")
@click.option("--workflow-id", metavar="TEXT", help="The workflow's id, which also keeps its events in order.")
@click.option("--workflow-subject", metavar="TEXT", help="What it is about.")
@click.option("--workflow-status", metavar="TEXT", help="Its status by now, such as wait_for_audit.")
@click.option("--extra", type=Extra(), multiple=True, metavar="KEY=JSON", help="A further field; may be repeated.")
@click.option("--event-id", metavar="TEXT", help="The event's own id: publishing it again is harmless.")
@click.option(
    "--json",
    "source",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Read events from FILE, or from standard input if it is -, instead.",
)
@config_option
def command(
    *,
    action: str | None,
    extra: Sequence[tuple[str, Any]],
    event_id: str | None,
    source: str | None,
    **fields: str | None,
) -> None:
    """Publish a workflow event.

    ACTION is create, approve, reject, exec_success, exec_failed, or one of the setting workflow_actions. When the
    command ends, the event is stored durably; its id is printed. Somebody else dispatches it: a process of the host,
    or `bellwire worker`.

    --json reads {"action": …, "workflow": {…}} or what goes over the wire; several events, one after another, are
    published in one transaction: all of them, or none.
    """
    if source is not None:
        _refuse_beside_json(action, extra, event_id, fields)
    else:
        _require(action, fields)
    with open_bus() as bus:
        events = _read(source, bus) if source is not None else [_event(str(action), _workflow(fields, extra), event_id)]
        known = bool(event_id) and bool(bus.outbox.events(event_id=event_id))
        bus.publish_many(events)
        say(*(event.id for event in events))
        if known:
            tell(f"event {event_id} was published before; nothing was changed")
        else:
            tell(*_remarks(bus, events))


def _refuse_beside_json(action: str | None, extra: object, event_id: str | None, fields: dict[str, str | None]) -> None:
    given = ["ACTION"] if action is not None else []
    given += [f"--{name.replace('_', '-')}" for name, value in fields.items() if value is not None]
    given += ["--extra"] if extra else []
    given += ["--event-id"] if event_id is not None else []
    if given:
        msg = f"--json reads whole events; leave {', '.join(given)} to its documents"
        raise click.UsageError(msg)


def _require(action: str | None, fields: dict[str, str | None]) -> None:
    missing = ["ACTION"] if action is None else []
    missing += [f"--{name.replace('_', '-')}" for name in _REQUIRED if fields[name] is None]
    if missing:
        msg = f"missing: {', '.join(missing)}; or give whole events with --json"
        raise click.UsageError(msg)


def _workflow(fields: dict[str, str | None], extra: Sequence[tuple[str, Any]]) -> Workflow:
    from bellwire.hookspecs import Workflow

    values: dict[str, Any] = dict(fields)
    try:
        return Workflow(**values, extra=dict(extra))
    except ValueError as error:
        raise click.UsageError(safe(str(error).removeprefix("Workflow."))) from error


def _event(action: str, workflow: Workflow, event_id: str | None) -> Event:
    from bellwire.hookspecs import WorkflowEvent, new_id

    try:
        return WorkflowEvent(action=action, workflow=workflow, id=new_id() if event_id is None else event_id)
    except ValueError as error:
        raise click.UsageError(safe(str(error).removeprefix("WorkflowEvent."))) from error


def _read(source: str, bus: Bus) -> Sequence[Event]:
    from .event_documents import Unreadable, read_events

    name = "standard input" if source == "-" else source
    if source == "-" and sys.stdin.isatty():
        tell("reading events from the terminal; end them with Ctrl+D")
    try:
        with click.open_file(source, "rb") as file:
            content = file.read()
        return read_events(content.decode("utf-8-sig"), bus.plugins.kind)
    except OSError as error:
        msg = f"{name}: cannot be read: {error.strerror or error}"
        raise BellwireError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{name}: is not UTF-8 (byte {error.start + 1})"
        raise BellwireError(msg) from error
    except Unreadable as error:
        msg = f"{name}: {error}"
        raise BellwireError(msg) from error


def _remarks(bus: Bus, events: Sequence[Event]) -> list[str]:
    """What whoever published should know: that nobody wants it, or that nobody dispatches."""
    try:
        unwanted = [event.id for event in events[:_LOOKED_AT] if not bus.outbox.deliveries_of(event.id)]
        if len(unwanted) == len(events):
            return [f"stored, but no channel wants it: see `bellwire explain {unwanted[0]}`"]
        remarks = [f"no channel wants {event_id}: see `bellwire explain {event_id}`" for event_id in unwanted]
        remarks += [f"stored; {sentence}" for sentence in unattended(bus)]
    except DatabaseError as error:  # what was asked for has been done
        return [f"stored; whether anybody dispatches cannot be told: {error}"]
    return remarks
