"""Why a notification did, or did not, arrive: one sentence per channel."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from bellwire.core.config import Settings
from bellwire.core.outbox import AttemptView, DeliveryView, EventView, Outbox, Passing

from .diagnosis import attempt_advice
from .preview import keeps_order
from .status import Status
from .times import counted, shown

if TYPE_CHECKING:
    from bellwire.hookspecs import ChannelConfig

NOTHING_PASSED: Final = Passing()
MOST_EVENTS: Final = 50
"""Of a workflow with more, the newest are explained."""
Verdict: TypeAlias = Literal["sent", "waiting", "in flight", "failed", "cancelled", "unwanted"]


@attrs.frozen(kw_only=True)
class ChannelVerdict:
    """What became of one event in one channel."""

    channel: str
    verdict: Verdict
    sentence: str
    delivery: DeliveryView | None = None
    attempts: tuple[AttemptView, ...] = ()
    advice: tuple[str, ...] = ()
    """What to try after the latest attempt, where that failed and nothing was delivered since."""


@attrs.frozen(kw_only=True)
class EventExplanation:
    """One event and each channel's verdict."""

    event: EventView
    channels: tuple[ChannelVerdict, ...]


@attrs.frozen(kw_only=True)
class Explanation:
    """The answer about one id."""

    id: str
    subject: Literal["workflow", "event", "delivery", "nothing"]
    summary: str
    events: tuple[EventExplanation, ...] = ()
    notices: tuple[str, ...] = ()


@attrs.frozen
class _Here:
    """What is asked about each delivery."""

    settings: Settings
    outbox: Outbox
    status: Status
    kinds: Collection[str]
    _any_held: dict[tuple[str, str], bool] = attrs.field(factory=dict, init=False)

    def passing(self, delivery: DeliveryView) -> Passing:
        """Who passed *delivery*. That reads its whole key, so each key is asked once whether there can be any."""
        key = (delivery.channel, delivery.ordering_key)
        if key not in self._any_held:
            self._any_held[key] = self.outbox.any_held(*key)
        return self.outbox.passing(delivery) if self._any_held[key] else NOTHING_PASSED


def explain(
    id: str,  # noqa: A002 - what people call it
    settings: Settings,
    outbox: Outbox,
    status: Status,
    kinds: Collection[str],
) -> Explanation:
    """Of a delivery's, an event's or a workflow's id: what became of it, in each channel.

    *kinds* are the kinds of events that are known here.
    """
    here = _Here(settings, outbox, status, kinds)
    notices = (status.unattended,) if status.unattended else ()
    if (delivery := outbox.delivery(id)) is not None:
        event = outbox.events(event_id=delivery.event_id)[0]
        told = EventExplanation(event=event, channels=(_delivery(delivery, event, here),))
        summary = f"delivery {id}: {event.kind} {event.action} through {delivery.channel}"
        return Explanation(id=id, subject="delivery", summary=summary, events=(told,), notices=notices)
    if events := outbox.events(event_id=id):
        explained = _event(events[0], here)
        summary = f"event {id}: {events[0].kind} {events[0].action}, published {shown(events[0].created_at, status.at)}"
        return Explanation(id=id, subject="event", summary=summary, events=(explained,), notices=notices)
    if events := outbox.events(ordering_key=id, limit=MOST_EVENTS + 1):
        told_all = tuple(_event(event, here) for event in events[-MOST_EVENTS:])
        summary = f"workflow {id}: {counted(len(events), 'event')} published"
        if len(events) > MOST_EVENTS:
            summary = (
                f"workflow {id}: more than {MOST_EVENTS} events published, of which these are the newest; "
                f"`bellwire deliveries --workflow` lists further ones"
            )
        return Explanation(id=id, subject="workflow", summary=summary, events=told_all, notices=notices)
    summary = (
        f"{id}: never published here, or purged. No workflow, event or delivery of this id is in "
        f"{outbox.database.shown}; is that the platform's database, was its transaction committed, and is it younger "
        f"than keep_delivered ({settings.keep_delivered})?"
    )
    return Explanation(id=id, subject="nothing", summary=summary)


def _event(event: EventView, here: _Here) -> EventExplanation:
    verdicts = [_delivery(delivery, event, here) for delivery in here.outbox.deliveries_of(event.id)]
    known = {verdict.channel for verdict in verdicts}
    for channel in dict.fromkeys([*event.unwanted_by, *here.settings.channels]):
        if channel not in known:
            sentence = f"not sent: {_why_unwanted(event, channel)}"
            verdicts.append(ChannelVerdict(channel=channel, verdict="unwanted", sentence=sentence))
    return EventExplanation(event=event, channels=tuple(sorted(verdicts, key=lambda verdict: verdict.channel)))


def _why_unwanted(event: EventView, channel: str) -> str:
    return event.unwanted_by.get(channel) or "the channel was not configured when the event was published"


def _delivery(delivery: DeliveryView, event: EventView, here: _Here) -> ChannelVerdict:
    attempts = tuple(here.outbox.attempts(delivery.id))
    blocker, passing = None, Passing()
    if keeps_order(here.settings, delivery.channel):
        if delivery.state in {"parked", "waiting"}:
            blocker = here.outbox.blocking(delivery)
        if blocker is None and delivery.state != "cancelled":
            passing = here.passing(delivery)
    verdict, sentence = verdict_of(
        delivery, attempts, blocker, here.status, passing=passing, kind_known=delivery.kind in here.kinds
    )
    return ChannelVerdict(
        channel=delivery.channel,
        verdict=verdict,
        sentence=sentence + _by_hand(delivery, event, here.status),
        delivery=delivery,
        attempts=attempts,
        advice=() if verdict in {"sent", "cancelled"} else attempt_advice(attempts, _config(delivery.channel, here)),
    )


def _config(channel: str, here: _Here) -> ChannelConfig | None:
    configured = here.settings.channels.get(channel)
    return None if configured is None else configured.config


def _by_hand(delivery: DeliveryView, event: EventView, status: Status) -> str:
    # publishing writes an event and its deliveries at one and the same time
    if delivery.channel not in event.unwanted_by and delivery.created_at == event.created_at:
        return ""
    when, why = shown(delivery.created_at, status.at), _why_unwanted(event, delivery.channel)
    return f"; sent to this channel by hand (at {when}); of itself it was not: {why}"


def verdict_of(
    delivery: DeliveryView,
    attempts: tuple[AttemptView, ...],
    blocker: DeliveryView | None,
    status: Status,
    *,
    passing: Passing = NOTHING_PASSED,
    kind_known: bool = True,
) -> tuple[Verdict, str]:
    """The verdict and its sentence. Pure."""
    if not kind_known and delivery.state in {"waiting", "parked"}:
        unknown = f"events of kind {delivery.kind!r} are unknown here; a dispatcher that knows the kind delivers it"
        return "waiting", f"waits, because {unknown}"
    verdict, sentence = _verdict(delivery, attempts, blocker, status)
    return verdict, sentence + _passing(delivery, passing)


def _passing(delivery: DeliveryView, passing: Passing) -> str:
    said = ""
    if passing.passed is not None:
        earlier = f"delivery {passing.passed.id} ({passing.passed.action})"
        verb, has = ("may pass", "has") if delivery.settled_at is None else ("passed", "had")
        said += f"; {verb} the same workflow's earlier {earlier}, which {has} failed for longer than order_patience"
    if passing.passed_by:
        have = "has" if passing.passed_by == 1 else "have"
        said += f"; {counted(passing.passed_by, 'later delivery', 'later deliveries')} {have} passed"
    elif passing.may_be_passed and delivery.settled_at is None:
        said += "; later deliveries may pass, for it has failed for longer than order_patience"
    return said


def _verdict(
    delivery: DeliveryView, attempts: tuple[AttemptView, ...], blocker: DeliveryView | None, status: Status
) -> tuple[Verdict, str]:
    tried = counted(delivery.attempts, "attempt")
    failures = f": {delivery.error}" if delivery.error else ""
    match delivery.state:
        case "delivered":
            when = shown(delivery.settled_at or 0, status.at)
            return "sent", f"sent at {when}, after {tried}" + (f" (earlier{failures})" if failures else "")
        case "failed":
            when = shown(delivery.settled_at or 0, status.at)
            again = f"send again with `bellwire replay {delivery.id}`"
            return "failed", f"failed for good at {when}, after {tried}{failures}; {again}"
        case "cancelled":
            when = shown(delivery.settled_at or 0, status.at)
            before = f", after {tried}{failures}" if delivery.attempts else ""
            return "cancelled", f"cancelled by a person at {when}{before}; send it with `bellwire replay {delivery.id}`"
        case "claimed":
            return "in flight", f"being sent right now, attempt {delivery.attempts + 1}{failures}"
        case "waiting" | "parked":
            broken_off = f", and {delivery.interruptions} broken off" if delivery.interruptions else ""
            so_far = f"; {tried} so far{broken_off}{failures}" if attempts else ""
            return "waiting", _waiting(delivery, blocker, status) + so_far


def _waiting(delivery: DeliveryView, blocker: DeliveryView | None, status: Status) -> str:
    channel = status.channel(delivery.channel)
    if channel is not None and channel.state not in {"enabled", "failing"}:
        return f"waits, because the channel is {channel.state} ({channel.reason})"
    if blocker is not None:
        earlier = f"delivery {blocker.id} ({blocker.action}), which is {blocker.state}"
        return f"waits for the same workflow's earlier {earlier}"
    if delivery.due_at > status.at:
        return f"waits until {shown(delivery.due_at, status.at)}"
    if not status.dispatchers:
        return "waits, and nobody dispatches; run `bellwire worker`"
    return "waits for a free slot"
