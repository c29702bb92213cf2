"""What ``--json`` prints: the documented, stable shape of each thing. Pure.

Names are snake_case, times ISO 8601 in UTC with ``Z``, durations seconds; what is not known is ``null``.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bellwire.core.http import Certificate
    from bellwire.core.insight import (
        ChannelStatus,
        ChannelVerdict,
        CurlCommand,
        EventExplanation,
        Explanation,
        ReplayPreview,
        Status,
        Step,
        Trial,
    )
    from bellwire.core.outbox import AttemptView, Cancelled, DeliveryView, DispatcherRow, EventView, Purged, Replayed
    from bellwire.hookspecs import Problem

Document: TypeAlias = dict[str, Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def utc(moment: int | None) -> str | None:
    """*moment*, in microseconds since 1970 UTC, as ISO 8601.

    >>> utc(1_684_395_925_000_001)
    '2023-05-18T07:45:25.000001Z'
    """
    if moment is None:
        return None
    return (_EPOCH + timedelta(microseconds=moment)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def event_document(event: EventView) -> Document:
    """A published event, with its payload as it goes over the wire."""
    return {
        "id": event.id,
        "kind": event.kind,
        "action": event.action,
        "ordering_key": event.ordering_key,
        "created_at": utc(event.created_at),
        "unwanted_by": dict(event.unwanted_by),
        "payload": json.loads(event.payload),
    }


def delivery_document(delivery: DeliveryView) -> Document:
    """A delivery as it stands; ``due_at`` is null once it is settled."""
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "kind": delivery.kind,
        "action": delivery.action,
        "ordering_key": delivery.ordering_key,
        "channel": delivery.channel,
        "state": delivery.state,
        "attempt_count": delivery.attempts,
        "interruptions": delivery.interruptions,
        "due_at": None if delivery.settled_at is not None else utc(delivery.due_at),
        "created_at": utc(delivery.created_at),
        "settled_at": utc(delivery.settled_at),
        "error": delivery.error,
    }


def attempt_document(attempt: AttemptView) -> Document:
    """One attempt, with the start of the answer."""
    return {
        "number": attempt.number,
        "outcome": attempt.outcome,
        "started_at": utc(attempt.started_at),
        "duration": attempt.duration / 1_000_000,
        "stage": attempt.stage,
        "status_code": attempt.status_code,
        "detail": attempt.detail,
        "response": attempt.response,
        "stages": [{"name": name, "duration": seconds, "detail": detail} for name, seconds, detail in attempt.stages],
        "dispatcher": attempt.dispatcher,
    }


def channel_document(channel: ChannelStatus) -> Document:
    """A channel with its state and what waits in it."""
    counts = channel.counts
    return {
        "name": channel.name,
        "type": channel.type,
        "state": channel.state,
        "reason": channel.reason,
        "due": counts.due,
        "scheduled": counts.scheduled,
        "parked": counts.parked,
        "in_flight": counts.in_flight,
        "failed": counts.failed,
        "interrupted": counts.interrupted,
        "oldest_waiting_at": utc(counts.oldest_waiting_at),
        "last_success_at": utc(channel.last_success_at),
    }


def dispatcher_document(dispatcher: DispatcherRow) -> Document:
    """A dispatcher that lives."""
    return {
        "id": dispatcher.id,
        "host": dispatcher.host,
        "pid": dispatcher.pid,
        "version": dispatcher.version,
        "config_digest": dispatcher.config_digest,
        "lanes": dict(dispatcher.lanes),
        "started_at": utc(dispatcher.started_at),
        "seen_at": utc(dispatcher.seen_at),
    }


def status_document(status: Status) -> Document:
    """Everything at one glance."""
    return {
        "at": utc(status.at),
        "channels": [channel_document(channel) for channel in status.channels],
        "dispatchers": [dispatcher_document(dispatcher) for dispatcher in status.dispatchers],
        "notices": list(status.notices),
    }


def explanation_document(explanation: Explanation) -> Document:
    """What became of one id."""
    return {
        "id": explanation.id,
        "subject": explanation.subject,
        "summary": explanation.summary,
        "events": [_explained_event(event) for event in explanation.events],
        "notices": list(explanation.notices),
    }


def _explained_event(explained: EventExplanation) -> Document:
    return {
        "event": event_document(explained.event),
        "channels": [_verdict(verdict) for verdict in explained.channels],
    }


def _verdict(verdict: ChannelVerdict) -> Document:
    return {
        "channel": verdict.channel,
        "verdict": verdict.verdict,
        "sentence": verdict.sentence,
        "delivery": None if verdict.delivery is None else delivery_document(verdict.delivery),
        "attempts": [attempt_document(attempt) for attempt in verdict.attempts],
        "advice": list(verdict.advice),
    }


def trial_document(trial: Trial) -> Document:
    """How a test went."""
    from bellwire.hookspecs import Sent

    outcome = trial.outcome
    sent = isinstance(outcome, Sent)
    return {
        "channel": trial.channel,
        "type": trial.type,
        "host": trial.host,
        "enabled": trial.enabled,
        "sent": sent,
        "duration": round(trial.seconds, 6),
        "stage": None if isinstance(outcome, Sent) else outcome.stage,
        "detail": None if isinstance(outcome, Sent) else outcome.detail,
        "status_code": outcome.status_code,
        "response": outcome.response,
        "stages": [
            {"name": stage.name, "duration": round(stage.seconds, 6), "detail": stage.detail}
            for stage in outcome.stages
        ],
        "steps": [step_document(step) for step in trial.steps],
        "certificates": [certificate_document(one) for one in (trial.shown.chain if trial.shown else ())],
        "obstacles": list(trial.obstacles),
        "warnings": list(trial.warnings),
        "advice": list(trial.advice),
    }


def step_document(step: Step) -> Document:
    """One step of a test."""
    return {
        "name": step.name,
        "verdict": step.verdict,
        "duration": None if step.seconds is None else round(step.seconds, 6),
        "detail": step.detail,
        "notes": list(step.notes),
        "advice": list(step.advice),
    }


def certificate_document(certificate: Certificate) -> Document:
    """One certificate of a receiver's chain."""
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": list(certificate.names),
        "not_after": certificate.not_after.isoformat().replace("+00:00", "Z"),
        "days_left": certificate.days_left(datetime.now(UTC)),
    }


def curl_document(command: CurlCommand) -> Document:
    """A request as a command for curl; ``variables`` stand for what is secret."""
    return {
        "command": "\n".join(command.lines),
        "variables": list(command.variables),
        "notes": list(command.notes),
    }


def replayed_document(
    preview: ReplayPreview, replayed: Replayed, added: Mapping[str, str], *, dry_run: bool
) -> Document:
    """What a replay did with each id, or would do; *added* are the new deliveries by their events."""
    return {
        "dry_run": dry_run,
        "reopened": list(replayed.reopened),
        "added": [
            {"event_id": event.id, "channel": preview.channel, "delivery_id": added.get(event.id)}
            for event in preview.added
        ],
        "still_open": list(replayed.still_open),
        "skipped": list(replayed.skipped),
        "unknown": list(replayed.unknown),
        "overtaken": [
            {"channel": one.channel, "ordering_key": one.ordering_key, "deliveries": one.deliveries, "later": one.later}
            for one in preview.overtaken
        ],
    }


def cancelled_document(cancelled: Cancelled, *, dry_run: bool) -> Document:
    """What a cancel did with each id, or would do."""
    return {
        "dry_run": dry_run,
        "cancelled": list(cancelled.cancelled),
        "in_flight": list(cancelled.in_flight),
        "settled": list(cancelled.settled),
        "skipped": list(cancelled.skipped),
        "unknown": list(cancelled.unknown),
    }


def purged_document(purged: Sequence[Purged], unknown: Sequence[str], *, dry_run: bool) -> Document:
    """What a purge removed, or would remove."""
    return {
        "dry_run": dry_run,
        "purged": [
            {"event_id": one.event_id, "deliveries": one.deliveries, "in_flight": one.in_flight} for one in purged
        ],
        "unknown": list(unknown),
    }


def problem_document(problem: Problem) -> Document:
    """Something that a person should know about the configuration."""
    return {"path": problem.path, "message": problem.message, "severity": problem.severity}
