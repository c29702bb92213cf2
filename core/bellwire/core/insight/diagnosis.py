"""One attempt, step by step: resolve, policy, connect, TLS, send, answer, meaning. Pure.

Made from an outcome and its stages, so that a test and an attempt of last week are told in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from bellwire.hookspecs import ChannelConfig, Failed, Outcome, Sent, Stage

from .advice import advice, own_words
from .trust import trust_advice, trust_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from bellwire.core.http import Shown
    from bellwire.core.outbox import AttemptView

Verdict: TypeAlias = Literal["ok", "failed", "skipped"]


@attrs.frozen(kw_only=True)
class Step:
    """One step on the way of a message, and how it went."""

    name: str
    """``settings``, ``resolve``, ``policy``, ``connect``, ``proxy``, ``tls``, ``send``, ``answer``, ``meaning`` or
    ``channel``; or what a channel calls a step of its own."""
    verdict: Verdict
    seconds: float | None = None
    """How long it took, where that was measured."""
    detail: str = ""
    notes: tuple[str, ...] = ()
    """What is worth knowing beside it, such as each certificate of a chain."""
    advice: tuple[str, ...] = ()
    """What to try; on a step that went well, what will not go well for long."""


_STEPS: Final = {
    "config": "settings",
    "dns": "resolve",
    "policy": "policy",
    "connect": "connect",
    "proxy": "proxy",
    "tls": "tls",
    "send": "send",
    "response": "answer",
    "answer": "meaning",
    "status": "meaning",
    "channel": "channel",
}
"""From the names of stages, and of failures' stages, to those of steps."""
_WIRE: Final = ("resolve", "policy", "connect", "proxy", "tls", "send", "answer")
_MAY_BE_ABSENT: Final = frozenset({"proxy"})
_REUSED: Final = "on the open connection"


def diagnose(
    outcome: Outcome,
    config: ChannelConfig | None,
    *,
    host: str = "this machine",
    is_test: bool = False,
    shown: Shown | None = None,
    now: datetime | None = None,
) -> tuple[Step, ...]:
    """The steps of *outcome*, in their order.

    *host* is the machine that sent it. *shown* is what the receiver shows of its certificates, where somebody looked,
    and *now* the time that their expiry counts from.
    """
    failing = failing_step(outcome)
    tried = advice(outcome, config, host=host, under_way=failing or "", is_test=is_test)
    told: list[Step] = []
    for step in _steps(outcome, failing, _Found.of(outcome)):
        general = tried if step.name == (failing or "meaning") else ()
        if step.name == "tls" and step.verdict != "skipped" and shown is not None and now is not None:
            problem = step.detail if failing == "tls" else ""
            of_chain = tuple(trust_advice(shown, now, problem, config))
            notes = tuple(trust_lines(shown, now))
            told.append(attrs.evolve(step, notes=notes, advice=of_chain or general))
        else:
            told.append(attrs.evolve(step, advice=general))
    return tuple(told)


def failing_step(outcome: Outcome) -> str | None:
    """The name of the step at which *outcome* failed; ``None`` where it did not."""
    if isinstance(outcome, Sent):
        return None
    if outcome.stage != "timeout":
        return _STEPS[outcome.stage]
    under_way = [_STEPS[stage.name] for stage in outcome.stages if _STEPS.get(stage.name) in _WIRE]
    return under_way[-1] if under_way else "channel"


def outcome_of(attempt: AttemptView) -> Outcome | None:
    """The outcome that was stored as *attempt*; ``None`` where it is not known."""
    stages = tuple(Stage(str(name), float(seconds), str(detail)) for name, seconds, detail in attempt.stages)
    if attempt.outcome == "sent":
        return Sent(status_code=attempt.status_code, response=attempt.response, stages=stages)
    if attempt.outcome != "failed":
        return None
    try:
        return Failed(
            stage=attempt.stage,  # type: ignore[arg-type]  # checked by the class, which refuses what a newer one wrote
            detail=attempt.detail or "",
            status_code=attempt.status_code,
            response=attempt.response,
            stages=stages,
        )
    except ValueError:
        return None


def attempt_advice(attempts: Sequence[AttemptView], config: ChannelConfig | None) -> tuple[str, ...]:
    """What to try after the latest of *attempts*; nothing where that did not fail."""
    outcome = outcome_of(attempts[-1]) if attempts else None
    if not isinstance(outcome, Failed):
        return ()
    under_way = failing_step(outcome) or ""
    return advice(outcome, config, host="the machine that sent it", under_way=under_way, is_test=False)


@attrs.frozen(kw_only=True)
class _Found:
    """The stages of an outcome, by step: one step may have left several."""

    seconds: dict[str, float]
    details: dict[str, str]
    own: tuple[Stage, ...]
    """Those that are a channel's own."""
    reused: bool
    endpoint: str
    """The address that was connected to, or tried first."""

    @classmethod
    def of(cls, outcome: Outcome) -> _Found:
        seconds: dict[str, float] = {}
        details: dict[str, str] = {}
        own: list[Stage] = []
        for stage in outcome.stages:
            if stage.name == "timeout":
                continue
            step = _STEPS.get(stage.name)
            if step is None:
                own.append(stage)
                continue
            seconds[step] = seconds.get(step, 0.0) + stage.seconds
            if stage.detail:
                details[step] = stage.detail
        reused = any(stage.detail.startswith(_REUSED) for stage in outcome.stages)
        endpoint = next((stage.detail for stage in outcome.stages if stage.name == "connect"), "")
        return cls(seconds=seconds, details=details, own=tuple(own), reused=reused, endpoint=endpoint)


def _steps(outcome: Outcome, failing: str | None, found: _Found) -> Iterator[Step]:
    if failing == "settings":
        yield Step(name="settings", verdict="failed", detail=_words(outcome))
        return
    if failing in _WIRE or not found.seconds.keys().isdisjoint(_WIRE):
        yield from _wire(outcome, failing, found)
    for stage in found.own:
        yield Step(name=stage.name, verdict="ok", seconds=stage.seconds or None, detail=stage.detail)
    if failing == "channel":
        yield Step(name="channel", verdict="failed", detail=_words(outcome))
    elif failing is None:
        status = "" if outcome.status_code is None else f"{outcome.status_code}: "
        yield Step(name="meaning", verdict="ok", detail=f"{status}delivered")
    elif failing == "meaning":
        yield Step(name="meaning", verdict="failed", detail=found.details.get("meaning") or _words(outcome))
    else:
        yield Step(name="meaning", verdict="skipped")


def _wire(outcome: Outcome, failing: str | None, found: _Found) -> Iterator[Step]:
    over = False
    for name in _WIRE:
        seconds = found.seconds.get(name)
        if name == failing:
            over = True
            yield Step(name=name, verdict="failed", seconds=seconds or None, detail=_words(outcome))
        elif over or (seconds is None and name != "policy"):
            if name not in _MAY_BE_ABSENT:
                yield Step(name=name, verdict="skipped", detail="" if over else _why_skipped(name, failing, found))
        elif name == "policy":
            allowed = "connect" in found.seconds or failing == "connect"
            where = found.details.get("resolve") or found.endpoint
            detail = f"{where} may be reached" if allowed and where else ""
            yield Step(name=name, verdict="ok" if allowed else "skipped", detail=detail)
        elif name == "answer":
            status = "" if outcome.status_code is None else f"status {outcome.status_code}"
            yield Step(name=name, verdict="ok", seconds=seconds, detail=found.details.get(name) or status)
        else:
            yield Step(name=name, verdict="ok", seconds=seconds, detail=found.details.get(name, ""))


def _why_skipped(name: str, failing: str | None, found: _Found) -> str:
    if found.reused:
        return "the connection was open already" if name in {"resolve", "connect", "tls"} else ""
    if name == "resolve":
        return "" if failing == "policy" else "an address needs no look-up"
    return "http:// is not encrypted" if name == "tls" else ""


def _words(outcome: Outcome) -> str:
    return own_words(outcome) if isinstance(outcome, Failed) else ""
