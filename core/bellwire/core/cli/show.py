"""``bellwire show``: one delivery, with its event and every attempt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from bellwire.core.errors import NotFound

from .documents import attempt_document, delivery_document, event_document
from .options import config_option, json_option
from .output import print_json, say, warn
from .session import open_bus, require_outbox, unattended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bellwire.core.bus import Bus
    from bellwire.core.outbox import AttemptView, DeliveryView, EventView, Outbox


@click.command("show", short_help="Show one delivery with its event and every attempt.")
@click.argument("delivery_id", metavar="ID")
@json_option
@config_option
def command(*, delivery_id: str, as_json: bool) -> None:
    """Show one delivery with its event and every attempt.

    ID is a delivery's, as `bellwire deliveries` lists it and receivers get it in the header webhook-id.
    """
    with open_bus() as bus:
        outbox = require_outbox(bus, f"delivery {delivery_id!r}")
        delivery = outbox.delivery(delivery_id)
        if delivery is None:
            raise NotFound(no_delivery(outbox, delivery_id))
        (event,) = outbox.events(event_id=delivery.event_id)
        attempts = outbox.attempts(delivery_id)
        now = outbox.database.now()
        tried = () if delivery.state in {"delivered", "cancelled"} else _advice(bus, delivery, attempts)
        notices = unattended(bus)
    if as_json:
        print_json(
            {
                **delivery_document(delivery),
                "event": event_document(event),
                "attempts": [attempt_document(attempt) for attempt in attempts],
                "advice": list(tried),
            }
        )
    else:
        say(*_lines(delivery, event, attempts, now), *(f"hint: {sentence}" for sentence in tried))
    warn(*notices)


def _advice(bus: Bus, delivery: DeliveryView, attempts: Sequence[AttemptView]) -> tuple[str, ...]:
    from bellwire.core.insight import attempt_advice

    configured = bus.settings.channels.get(delivery.channel)
    return attempt_advice(attempts, None if configured is None else configured.config)


def no_delivery(outbox: Outbox, wanted: str) -> str:
    """Why there is no delivery *wanted*, in a sentence with the way out."""
    if outbox.events(event_id=wanted):
        ids = [delivery.id for delivery in outbox.deliveries_of(wanted)]
        if not ids:
            return f"{wanted!r} is an event that no channel wanted; see `bellwire explain {wanted}`"
        return f"{wanted!r} is an event; its deliveries are {', '.join(ids)}"
    if outbox.events(ordering_key=wanted):
        return f"{wanted!r} is a workflow; `bellwire deliveries --workflow {wanted}` lists its deliveries"
    return f"no delivery {wanted!r} in {outbox.database.shown}; `bellwire deliveries` lists them"


def _lines(delivery: DeliveryView, event: EventView, attempts: Sequence[AttemptView], now: int) -> Iterator[str]:
    from bellwire.core.insight.times import counted, shown

    def when(moment: int | None) -> str:
        return "" if moment is None else shown(moment, now)

    yield from _pairs(
        {
            "delivery": delivery.id,
            "event": delivery.event_id,
            "channel": delivery.channel,
            "what": f"{delivery.kind} {delivery.action}",
            "workflow" if delivery.kind == "workflow" else "key": delivery.ordering_key,
            "state": delivery.state,
            "published": when(event.created_at),
            "by hand": when(delivery.created_at) if delivery.created_at != event.created_at else "",
            "settled": when(delivery.settled_at),
            "due": when(delivery.due_at) if delivery.settled_at is None else "",
            "interrupted": counted(delivery.interruptions, "time") + " in a row" if delivery.interruptions else "",
            "error": delivery.error or "",
        }
    )
    yield ""
    yield "payload"
    for line in json.dumps(json.loads(event.payload), ensure_ascii=False, indent=2).split("\n"):
        yield f"  {line}"
    for attempt in attempts:
        yield ""
        yield f"attempt {attempt.number}: {attempt.outcome}, {shown(attempt.started_at, now)}, {took(attempt.duration)}"
        yield from attempt_lines(attempt)
    if not attempts:
        yield ""
        yield "no attempt yet"


def attempt_lines(attempt: AttemptView) -> Iterator[str]:
    """What is known of an attempt beside its outcome, indented."""
    stages = [
        f"{name} {took(float(seconds) * 1_000_000) if seconds else ''}".rstrip() + (f" ({detail})" if detail else "")
        for name, seconds, detail in attempt.stages
    ]
    yield from _pairs(
        {
            "stage": attempt.stage or "",
            "status": "" if attempt.status_code is None else str(attempt.status_code),
            "detail": attempt.detail or "",
            "stages": " · ".join(stages),
            "answer": attempt.response or "",
        },
        indent="  ",
    )


def took(microseconds: float) -> str:
    """A duration for people.

    >>> took(350), took(12_340), took(2_500_000)
    ('0.35 ms', '12.3 ms', '2.5 s')
    """
    if microseconds >= 1_000_000:
        return f"{microseconds / 1_000_000:.3g} s"
    return f"{microseconds / 1_000:.3g} ms"


def _pairs(values: dict[str, str], *, indent: str = "") -> Iterator[str]:
    shown = {name: value for name, value in values.items() if value}
    longest = max(map(len, shown), default=0)
    return (f"{indent}{name:<{longest}}  {value}" for name, value in shown.items())
