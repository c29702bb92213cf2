"""What a person does after the fact: send again, pause, resume, cancel, purge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from .errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .config import Settings
    from .insight.preview import CancelPreview, ReplayPreview
    from .outbox import Cancelled, Outbox, Purged, Replayed

SettledState: TypeAlias = Literal["delivered", "failed", "cancelled"]

_BATCH: Final = 500
"""Deliveries in one transaction: however many there are, publishers do not wait for long."""
_FAILED: Final[frozenset[SettledState]] = frozenset({"failed"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Operating(ABC):
    """The part of a bus that acts on what was published.

    Every method may raise :class:`~bellwire.core.errors.DatabaseError`. Those that act on many work in batches, each of
    them one transaction.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings: Final = settings

    @property
    @abstractmethod
    def outbox(self) -> Outbox:
        """The outbox itself."""

    @abstractmethod
    def _dispatch_now(self) -> None: ...

    def settled(
        self,
        states: Collection[SettledState] = _FAILED,
        *,
        channel: str | None = None,
        workflow: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[str]:
        """The ids of settled deliveries, for :meth:`replay`: those that failed for good, or are in one of *states*.

        *since* and *until* say when they were settled, both included, as aware datetimes.
        """
        return self._select(states, channel, workflow, since, until)

    def waiting(
        self,
        *,
        channel: str | None = None,
        workflow: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[str]:
        """The ids of deliveries that wait, for :meth:`cancel`; *since* and *until* say when they were published."""
        return self._select({"waiting", "parked"}, channel, workflow, since, until)

    def _select(
        self,
        states: Collection[Literal["waiting", "parked", "delivered", "failed", "cancelled"]],
        channel: str | None,
        workflow: str | None,
        since: datetime | None,
        until: datetime | None,
    ) -> list[str]:
        from .outbox import Selection

        wanted = Selection(
            states=tuple(states),
            channel=channel,
            ordering_key=workflow,
            since=None if since is None else _microseconds("since", since),
            until=None if until is None else _microseconds("until", until),
        )
        return [one.id for one in self.outbox.select(wanted)]

    def preview_replay(self, ids: Sequence[str], *, channel: str | None = None) -> ReplayPreview:
        """What :meth:`replay` would do with the same arguments; nothing is changed."""
        from .insight.preview import preview_replay

        return preview_replay(ids, channel, self.settings, self.outbox)

    def replay(self, ids: Sequence[str], *, channel: str | None = None) -> Replayed:
        """Sends settled deliveries again, each with the id it had, a new budget, and a new place in the order.

        They go out in publish order, after all that waits already. *ids* are those of deliveries, or of events: then of
        all their deliveries. With *channel* an event is sent through that one alone, also if it had not wanted it;
        filters are not asked again. What is not settled yet is left as it is. Raises
        :class:`~bellwire.core.errors.NotFound` when *channel* is not configured.
        """
        from .outbox import Replayed

        if channel is not None:
            self.require_channel(channel)
        found = self.preview_replay(ids, channel=channel)
        reopened: list[str] = []
        added: list[str] = []
        still_open = [one.id for one in found.still_open]
        unknown = list(found.unknown)
        for reopens, run in found.runs:
            for some in _batches(run):
                if reopens:
                    done = self.outbox.replay(some)
                    reopened += done.reopened
                    still_open += done.still_open
                    unknown += done.unknown
                else:
                    added += self.outbox.deliver_to(some, str(channel))
        if reopened or added:
            self._dispatch_now()
        return Replayed(
            reopened=tuple(reopened),
            still_open=tuple(still_open),
            unknown=tuple(unknown),
            added=tuple(added),
            skipped=found.skipped,
        )

    def pause(self, channel: str, *, by: str = "", reason: str = "") -> bool:
        """Lets nothing more through *channel*, in every process, until :meth:`resume`; whether it was not paused yet.

        What is being sent goes on; events are stored as before, and wait. One that is paused already keeps who paused
        it, when, and why. Raises :class:`~bellwire.core.errors.NotFound` for a channel that nobody knows.
        """
        self._require_known(channel)
        by, reason = _storable(by), _storable(reason)
        return not self.outbox.set_paused(channel, paused=True, by=by, reason=reason).paused

    def resume(self, channel: str) -> bool:
        """Ends :meth:`pause`; whether the channel was paused. Raises :class:`~bellwire.core.errors.NotFound` too."""
        self._require_known(channel)
        was_paused = self.outbox.set_paused(channel, paused=False).paused
        self._dispatch_now()
        return was_paused

    def cancel(self, ids: Sequence[str]) -> Cancelled:
        """Settles what waits as cancelled: it is not sent, stays in the log, and can be replayed.

        *ids* are those of deliveries, or of events: then of all their deliveries. What is being sent right now goes on.
        """
        from .outbox import Cancelled

        found = self.preview_cancel(ids)
        waiting = [one.id for one in found.waiting]
        cancelled = [delivery_id for some in _batches(waiting) for delivery_id in self.outbox.cancel(some)]
        # one that waited a moment ago may have been claimed meanwhile, or even sent
        done = set(cancelled)
        others = [one.id for one in (*found.waiting, *found.in_flight, *found.settled) if one.id not in done]
        now = self.preview_cancel(others)
        return Cancelled(
            cancelled=tuple(cancelled),
            in_flight=tuple(one.id for one in (*now.in_flight, *now.waiting)),
            settled=tuple(one.id for one in now.settled),
            skipped=found.skipped,
            unknown=found.unknown,
        )

    def preview_cancel(self, ids: Sequence[str]) -> CancelPreview:
        """What :meth:`cancel` would do with *ids*; nothing is changed."""
        from .insight.preview import preview_cancel

        return preview_cancel(ids, self.outbox)

    def purge(self, event_id: str) -> Purged:
        """Removes an event with its deliveries and all their attempts, whatever their state. It cannot be undone.

        One that is being sent goes on, and how it ends is not kept. Raises :class:`~bellwire.core.errors.NotFound`.
        """
        from .outbox import Purged

        deliveries = self.outbox.deliveries_of(event_id)
        if not self.outbox.events(event_id=event_id):
            msg = f"no event {event_id!r} in {self.outbox.database.shown}"
            raise NotFound(msg)
        removed = self.outbox.purge_event(event_id)
        in_flight = sum(one.state == "claimed" for one in deliveries)
        return Purged(event_id=event_id, deliveries=removed, in_flight=in_flight)

    def require_channel(self, channel: str) -> None:
        """Raises :class:`~bellwire.core.errors.NotFound` when *channel* is not configured."""
        if channel not in self.settings.channels:
            near = ", ".join(sorted(self.settings.channels)) or "none"
            msg = f"no channel {channel!r} is configured; there are: {near}"
            raise NotFound(msg)

    def _require_known(self, channel: str) -> None:
        """One that other replicas have configured, or that was removed while something waits, may be paused too."""
        if channel in self.settings.channels:
            return
        if channel not in self.outbox.health() and channel not in self.outbox.counts():
            self.require_channel(channel)


def _storable(text: str) -> str:
    """*text* as every database takes it: a terminal may give any bytes as an argument, PostgreSQL refuses U+0000."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _batches(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]


def _microseconds(name: str, moment: datetime) -> int:
    if moment.tzinfo is None:
        msg = f"{name}: {moment.isoformat()} has no offset; make it with datetime.now(tz=UTC), or .astimezone()"
        raise ValueError(msg)
    return (moment - _EPOCH) // timedelta(microseconds=1)
