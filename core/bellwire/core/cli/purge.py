"""``bellwire purge``: removes events for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bellwire.core.errors import NotFound

from .consent import require_consent
from .documents import purged_document
from .options import config_option, dry_run_option, json_option, yes_option
from .output import print_json, say, tell
from .session import open_bus, require_outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bellwire.core.outbox import DeliveryView, EventView, Outbox, Purged


@click.command("purge", short_help="Remove events with all that belongs to them.")
@click.argument("event_ids", metavar="EVENT_ID...", nargs=-1, required=True)
@dry_run_option
@yes_option
@json_option
@config_option
def command(*, event_ids: Sequence[str], dry_run: bool, yes: bool, as_json: bool) -> None:
    """Remove events with all that belongs to them.

    The event, its payload, its deliveries and every attempt leave the database, whatever their state. A delivery that
    is being sent right now cannot be called back, and how it ends is not kept. This cannot be undone: it says what
    there is, and asks. Afterwards the same event id could be published anew.
    """
    from bellwire.core.outbox import Purged

    with open_bus() as bus:
        wanted = list(dict.fromkeys(event_ids))
        outbox = require_outbox(bus, "event")
        found = {event_id: event for event_id in wanted for event in outbox.events(event_id=event_id)}
        unknown = [event_id for event_id in wanted if event_id not in found]
        purged: list[Purged] = []
        for event in found.values():
            deliveries = outbox.deliveries_of(event.id)
            tell(_summary(event, deliveries, bus.outbox.database.now()))
            in_flight = sum(delivery.state == "claimed" for delivery in deliveries)
            purged.append(Purged(event_id=event.id, deliveries=len(deliveries), in_flight=in_flight))
        if found and not dry_run:
            it = "it" if len(found) == 1 else "them"
            require_consent(f"Remove {it} for good?", yes=yes, so_that=f"remove {it}")
            purged = [bus.purge(event_id) for event_id in found]
        if as_json:
            print_json(purged_document(purged, unknown, dry_run=dry_run))
        elif not dry_run:
            say(*(f"{one.event_id} is removed" for one in purged))
        if unknown:
            raise NotFound("; ".join(_no_event(outbox, event_id) for event_id in unknown))


def _summary(event: EventView, deliveries: Sequence[DeliveryView], now: int) -> str:
    from bellwire.core.insight.times import counted, shown

    channels = ", ".join(f"{delivery.channel} {delivery.state}" for delivery in deliveries)
    in_flight = any(delivery.state == "claimed" for delivery in deliveries)
    what = f"{event.kind} {event.action} of {event.ordering_key}, published {shown(event.created_at, now)}"
    return (
        f"event {event.id}: {what}; "
        + counted(len(deliveries), "delivery", "deliveries")
        + (f" ({channels})" if channels else "")
        + ("; what is being sent right now cannot be called back" if in_flight else "")
    )


def _no_event(outbox: Outbox, wanted: str) -> str:
    if (delivery := outbox.delivery(wanted)) is not None:
        return f"{wanted!r} is a delivery; its event is {delivery.event_id}"
    if outbox.events(ordering_key=wanted, limit=1):
        return f"{wanted!r} is a workflow; `bellwire explain {wanted}` lists its events"
    return f"no event {wanted!r} in {outbox.database.shown}"
