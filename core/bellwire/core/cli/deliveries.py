"""``bellwire deliveries``: the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from .documents import delivery_document
from .options import Moment, config_option, json_option, require_in_order, since_option, until_option
from .output import print_json, tell, warn
from .session import existing_outbox, open_bus, unattended
from .table import Styled, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bellwire.core.bus import Bus
    from bellwire.core.outbox import DeliveryView

STATES: Final = ("waiting", "parked", "claimed", "delivered", "failed", "cancelled")
"""Those of the outbox, which is too heavy to be imported for ``--help``."""

STATE_STYLES: Final[Mapping[str, str]] = {
    "waiting": "yellow",
    "parked": "yellow",
    "claimed": "cyan",
    "delivered": "green",
    "failed": "red",
    "cancelled": "dim",
}


@click.command("deliveries", short_help="List deliveries, the newest first.")
@click.option("--channel", metavar="NAME", help="Only those of this channel.")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--workflow", metavar="ID", help="Only those of this workflow.")
@since_option("Only those published, or with --state failed given up, since then.")
@until_option("Only those until then.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many at most.")
@json_option
@config_option
def command(
    *,
    channel: str | None,
    state: str | None,
    workflow: str | None,
    since: Moment | None,
    until: Moment | None,
    limit: int,
    as_json: bool,
) -> None:
    """List deliveries, the newest first.

    Each event has one delivery per channel that wants it. `bellwire show ID` tells all about one.
    """
    from bellwire.core.outbox import DeliveryFilter

    with open_bus() as bus:
        outbox = existing_outbox(bus)
        found: Sequence[DeliveryView] = ()
        now = bus.outbox.database.now()
        require_in_order(since, until, now)
        if outbox is not None:
            wanted = DeliveryFilter(
                channel=channel,
                state=state,  # type: ignore[arg-type]  # the choice lists the states, which mypy cannot know
                ordering_key=workflow,
                since=None if since is None else since.microseconds(now),
                until=None if until is None else until.microseconds(now),
                limit=limit + 1,
            )
            found = outbox.deliveries(wanted)
        more = len(found) > limit
        found = found[:limit]
        if as_json:
            print_json([delivery_document(delivery) for delivery in found])
        elif found:
            print_deliveries(found, now)
            tell(*_hints(bus, found))
        if more:
            tell(f"the newest {limit} are shown; --limit shows more")
        elif not found and not as_json:
            filters = (state, workflow, since, until)
            tell(_why_none(bus, channel, filtered=any(value is not None for value in filters)))
        warn(*unattended(bus))


def _hints(bus: Bus, deliveries: Sequence[DeliveryView]) -> Iterator[str]:
    """What to try, by the newest delivery of each channel that fails."""
    from bellwire.core.insight import attempt_advice

    seen: set[str] = set()
    for delivery in deliveries:
        if delivery.error and delivery.state not in {"delivered", "cancelled"} and delivery.channel not in seen:
            seen.add(delivery.channel)
            configured = bus.settings.channels.get(delivery.channel)
            attempts = bus.outbox.attempts(delivery.id)
            for sentence in attempt_advice(attempts, None if configured is None else configured.config):
                yield f"hint for {delivery.channel}: {sentence}"


def print_deliveries(deliveries: Sequence[DeliveryView], now: int) -> None:
    """Prints a table of *deliveries*."""
    from bellwire.core.insight.times import shown

    print_table(
        ("ID", "STATE", "CHANNEL", "ACTION", "WORKFLOW", "SENT", "PUBLISHED", "ERROR"),
        [
            (
                delivery.id,
                Styled(delivery.state, STATE_STYLES[delivery.state]),
                delivery.channel,
                delivery.action,
                delivery.ordering_key,
                f"{delivery.attempts}x",
                shown(delivery.created_at, now),
                delivery.error,
            )
            for delivery in deliveries
        ],
        shorten_last=True,
    )


def _why_none(bus: Bus, channel: str | None, *, filtered: bool) -> str:
    if channel is not None and channel not in bus.settings.channels:
        from bellwire.core.plugins import did_you_mean

        hint = did_you_mean(channel, bus.settings.channels)
        return f"no deliveries, and no channel {channel!r} is configured{hint}"
    if filtered or channel is not None:
        return "no deliveries that fit"
    return "no deliveries; nothing was published yet, or no channel wanted it"
