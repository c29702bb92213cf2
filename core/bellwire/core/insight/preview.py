"""What a replay or a cancel would do, before it is done: how many, where, and whom it may surprise."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import attrs

from bellwire.core.outbox import FINAL, OPEN, Chosen, ChosenEvent, Overtaken, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bellwire.core.config import Settings
    from bellwire.core.outbox import Outbox


@attrs.frozen(kw_only=True)
class ReplayPreview:
    """What sending again would do with each id that was given."""

    channel: str | None
    """The one that was named."""
    reopened: tuple[Chosen, ...] = ()
    """Settled deliveries, in publish order: they would be sent again."""
    added: tuple[ChosenEvent, ...] = ()
    """Events that the named channel had not wanted, in publish order: they would be sent through it."""
    still_open: tuple[Chosen, ...] = ()
    """Not settled yet, so there is nothing to send again."""
    of_other_channels: tuple[Chosen, ...] = ()
    """Named by their own ids, and not the named channel's."""
    wanted_by_none: tuple[ChosenEvent, ...] = ()
    """Events without any delivery, where no channel was named."""
    unknown: tuple[str, ...] = ()
    overtaken: tuple[Overtaken, ...] = ()
    """Workflows of which something would arrive after later events. Channels without order are left out."""

    @property
    def runs(self) -> list[tuple[bool, list[str]]]:
        """What to do one after another, so that everything goes out in publish order.

        Each: whether to reopen, or to add; and the ids, of deliveries or else of events.
        """
        steps = [(one.event_seq, True, one.id) for one in self.reopened]
        steps += [(event.seq, False, event.id) for event in self.added]
        steps.sort(key=lambda step: step[0])
        return [(reopens, [step[2] for step in run]) for reopens, run in groupby(steps, key=lambda step: step[1])]

    @property
    def count(self) -> int:
        """How many deliveries would be sent."""
        return len(self.reopened) + len(self.added)

    @property
    def skipped(self) -> tuple[str, ...]:
        """The ids of what was found and yet names nothing to send."""
        return (*(one.id for one in self.of_other_channels), *(event.id for event in self.wanted_by_none))


@attrs.frozen(kw_only=True)
class CancelPreview:
    """What a cancel would do with each id that it is given."""

    waiting: tuple[Chosen, ...]
    """They would be cancelled."""
    in_flight: tuple[Chosen, ...]
    settled: tuple[Chosen, ...]
    skipped: tuple[str, ...]
    """Events that no channel wanted."""
    unknown: tuple[str, ...]


def preview_cancel(ids: Sequence[str], outbox: Outbox) -> CancelPreview:
    """What ``cancel`` would do with *ids* of deliveries and events."""
    found = outbox.find(ids)
    chosen = _in_order([*found.deliveries, *(one for event in found.events for one in event.deliveries)])
    return CancelPreview(
        waiting=tuple(one for one in chosen if one.state in {"waiting", "parked"}),
        in_flight=tuple(one for one in chosen if one.state == "claimed"),
        settled=tuple(one for one in chosen if one.state in FINAL),
        skipped=tuple(event.id for event in found.events if not event.deliveries),
        unknown=found.unknown,
    )


def _in_order(chosen: Iterable[Chosen]) -> list[Chosen]:
    return sorted({one.id: one for one in chosen}.values(), key=lambda one: (one.event_seq, one.seq))


def preview_replay(ids: Sequence[str], channel: str | None, settings: Settings, outbox: Outbox) -> ReplayPreview:
    """What ``replay`` would do with *ids* of deliveries and events; with *channel*, in that one alone."""
    found = outbox.find(ids)
    fitting = [one for one in found.deliveries if channel in {None, one.channel}]
    fitting += [one for event in found.events for one in event.deliveries if channel in {None, one.channel}]
    chosen = _in_order(fitting)
    reopened = tuple(one for one in chosen if one.state not in OPEN)
    added: tuple[ChosenEvent, ...] = ()
    if channel is not None:
        added = tuple(event for event in found.events if all(one.channel != channel for one in event.deliveries))
    return ReplayPreview(
        channel=channel,
        reopened=reopened,
        added=added,
        still_open=tuple(one for one in chosen if one.state in OPEN),
        of_other_channels=tuple(one for one in found.deliveries if channel not in {None, one.channel}),
        wanted_by_none=() if channel else tuple(event for event in found.events if not event.deliveries),
        unknown=found.unknown,
        overtaken=tuple(outbox.overtaken(_places(reopened, added, channel, settings))),
    )


def _places(
    reopened: Iterable[Chosen], added: Iterable[ChosenEvent], channel: str | None, settings: Settings
) -> list[Place]:
    places = [Place(one.channel, one.ordering_key, one.event_seq) for one in reopened]
    places += [Place(str(channel), event.ordering_key, event.seq) for event in added]
    return [place for place in places if keeps_order(settings, place.channel)]


def keeps_order(settings: Settings, channel: str) -> bool:
    """Whether *channel* sends the events of one workflow one after another; of one that is not known, it is assumed."""
    configured = settings.channels.get(channel)
    return configured is None or configured.config is None or configured.config.ordering != "none"
