"""``bellwire explain``: why a notification did, or did not, arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from bellwire.core.errors import NotFound

from .documents import explanation_document
from .options import config_option, json_option
from .output import print_json, say, warn
from .session import open_bus, require_outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bellwire.core.insight import Explanation


@click.command("explain", short_help="Say why a notification did, or did not, arrive.")
@click.argument("id", metavar="ID")
@json_option
@config_option
def command(*, id: str, as_json: bool) -> None:  # noqa: A002 - what people call it
    """Say why a notification did, or did not, arrive.

    ID is a workflow's, an event's or a delivery's. For each channel it says: sent, waiting until when, vetoed by whom,
    or failed why, and what to try.
    """
    with open_bus() as bus:
        require_outbox(bus, f"workflow, event or delivery {id!r}")
        explanation = bus.explain(id)
    if as_json:
        print_json(explanation_document(explanation))
    elif explanation.subject == "nothing":
        raise NotFound(explanation.summary)
    else:
        say(*_lines(explanation))
        warn(*explanation.notices)
    if explanation.subject == "nothing":
        raise SystemExit(1)


_INDENT: Final = "  "


def _lines(explanation: Explanation) -> Iterator[str]:
    from bellwire.core.insight.times import shown

    yield explanation.summary
    for explained in explanation.events:
        event = explained.event
        if explanation.subject == "workflow":
            yield ""
            yield f"{event.action}, published {shown(event.created_at)}, event {event.id}"
        longest = max((len(verdict.channel) for verdict in explained.channels), default=0)
        for verdict in explained.channels:
            yield f"{_INDENT}{verdict.channel:<{longest}}  {verdict.sentence}"
            yield from (f"{_INDENT}{'':<{longest}}  hint: {sentence}" for sentence in verdict.advice)
        if not explained.channels:
            yield f"{_INDENT}no channel was configured when it was published"
