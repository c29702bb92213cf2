"""``bellwire cancel``: what waits is not sent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from bellwire.core.errors import BellwireError

from .consent import require_consent
from .documents import cancelled_document
from .options import (
    Moment,
    config_option,
    dry_run_option,
    json_option,
    require_in_order,
    since_option,
    until_option,
    yes_option,
)
from .output import print_json, say, tell
from .session import existing_outbox, open_bus, require_outbox, unknown_channel
from .show import no_delivery

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bellwire.core.bus import Bus
    from bellwire.core.insight.preview import CancelPreview
    from bellwire.core.outbox import Cancelled, Chosen


@click.command("cancel", short_help="Cancel deliveries that wait.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--channel", metavar="NAME", help="All that wait in this channel, instead of those named.")
@click.option("--workflow", metavar="ID", help="All that wait of this workflow.")
@since_option("All that wait and were published since then.")
@until_option("All that wait and were published until then.")
@dry_run_option
@yes_option
@json_option
@config_option
def command(
    *,
    ids: Sequence[str],
    channel: str | None,
    workflow: str | None,
    since: Moment | None,
    until: Moment | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Cancel deliveries that wait.

    ID is a delivery's, or an event's: then all its deliveries. Without IDs the options choose, each narrowing the
    others down. What is cancelled is not sent, stays in the log, and can be sent later with `bellwire replay ID`. What
    is being sent right now goes on; `bellwire pause CHANNEL` keeps more from leaving meanwhile.

    One named delivery is cancelled at once; before more, it says how many, and asks.
    """
    chosen = any(value is not None for value in (channel, workflow, since, until))
    if bool(ids) == chosen:
        msg = "give ids, or some of --channel, --workflow, --since and --until" + (", not both" if ids else "")
        raise click.UsageError(msg)
    with open_bus() as bus:
        if ids:
            require_outbox(bus, "delivery")
        else:
            ids = _chosen(bus, channel, workflow, since, until)
        preview = bus.preview_cancel(ids) if ids else _no_preview()
        asks = chosen or len(preview.waiting) > 1
        if preview.waiting and (asks or dry_run):
            tell(_summary(preview.waiting))
        if dry_run or not preview.waiting:
            cancelled = _would_be(preview)
        else:
            if asks:
                it = "it" if len(preview.waiting) == 1 else "them"
                require_consent(f"Cancel {it}?", yes=yes, so_that=f"cancel {it}")
            cancelled = bus.cancel(ids)
        if as_json:
            print_json(cancelled_document(cancelled, dry_run=dry_run))
        elif not dry_run:
            say(*(f"{delivery_id} is cancelled" for delivery_id in cancelled.cancelled))
        if problems := list(_problems(bus, cancelled)):
            raise BellwireError("; ".join(problems))


def _chosen(
    bus: Bus, channel: str | None, workflow: str | None, since: Moment | None, until: Moment | None
) -> Sequence[str]:
    now = bus.outbox.database.now()
    require_in_order(since, until, now)
    ids: Sequence[str] = ()
    if existing_outbox(bus) is not None:
        ids = bus.waiting(
            channel=channel,
            workflow=workflow,
            since=None if since is None else since.after(now),
            until=None if until is None else until.after(now),
        )
    if not ids:
        tell(f"no waiting delivery fits{unknown_channel(bus, channel)}")
    return ids


def _no_preview() -> CancelPreview:
    from bellwire.core.insight.preview import CancelPreview

    return CancelPreview(waiting=(), in_flight=(), settled=(), skipped=(), unknown=())


def _would_be(preview: CancelPreview) -> Cancelled:
    from bellwire.core.outbox import Cancelled

    return Cancelled(
        cancelled=tuple(one.id for one in preview.waiting),
        in_flight=tuple(one.id for one in preview.in_flight),
        settled=tuple(one.id for one in preview.settled),
        skipped=preview.skipped,
        unknown=preview.unknown,
    )


def _summary(found: Sequence[Chosen]) -> str:
    from bellwire.core.insight.times import counted

    parts = (f"{name} {number}" for name, number in sorted(Counter(one.channel for one in found).items()))
    return f"{counted(len(found), 'waiting delivery', 'waiting deliveries')}: {', '.join(parts)}"


def _problems(bus: Bus, cancelled: Cancelled) -> Iterator[str]:
    """What was named and yet is not cancelled, each in a sentence."""
    for delivery_id in cancelled.in_flight:
        yield f"{delivery_id} is being sent right now and cannot be called back; should it wait again, cancel it then"
    for delivery_id in cancelled.settled:
        yield f"{delivery_id} does not wait any more; see `bellwire explain {delivery_id}`"
    for event_id in cancelled.skipped:
        yield f"{event_id} is an event that no channel wanted: nothing waits"
    for wanted in cancelled.unknown:
        yield no_delivery(bus.outbox, wanted)
