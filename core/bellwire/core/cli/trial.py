"""``bellwire test``: sends the test message once, and says how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bellwire.core.errors import NotFound

from .advice import advice
from .documents import trial_document
from .options import config_option, json_option
from .output import print_json, say, warn
from .session import open_bus
from .show import took

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bellwire.core.bus import Bus
    from bellwire.core.insight import Trial


@click.command("test", short_help="Send the test message through one channel.")
@click.argument("channel")
@json_option
@config_option
def command(*, channel: str, as_json: bool) -> None:
    """Send the test message through one channel.

    Once, whether or not the channel is enabled, and nothing of it is stored. It says at which stage it failed, and why;
    then the exit code is 1.
    """
    from bellwire.hookspecs import Sent

    with open_bus() as bus:
        _require_channel(bus, channel)
        trial = bus.test(channel)
        found = advice(trial, bus.settings.channels[channel].config)
    if as_json:
        print_json(trial_document(trial, found))
    else:
        say(*_lines(trial, found))
        warn(*trial.warnings)
    if not isinstance(trial.outcome, Sent):
        raise SystemExit(1)


def _require_channel(bus: Bus, channel: str) -> None:
    configured = bus.settings.channels
    if channel not in configured:
        from bellwire.core.plugins import did_you_mean

        hint = did_you_mean(channel, configured) or f"; there are: {', '.join(configured) or 'none'}"
        msg = f"no channel {channel!r} is configured{hint}"
        raise NotFound(msg)


def _lines(trial: Trial, found: Sequence[str]) -> Iterator[str]:
    from bellwire.hookspecs import Sent

    outcome = trial.outcome
    yield f"test of {trial.channel} ({trial.type}), sent from {trial.host}"
    longest = max((len(stage.name) for stage in outcome.stages), default=0)
    for stage in outcome.stages:
        time = took(stage.seconds * 1_000_000) if stage.seconds else ""
        yield f"  {stage.name:<{longest}}  {time:>8}  {stage.detail}".rstrip()
    status = "" if outcome.status_code is None else f", the receiver answered {outcome.status_code}"
    if isinstance(outcome, Sent):
        yield f"delivered{status}, in {took(trial.seconds * 1_000_000)}"
    else:
        yield f"FAILED at {outcome.stage}{status}, after {took(trial.seconds * 1_000_000)}"
        yield f"  {outcome.detail}"
    if outcome.response:
        yield "the answer began"
        # a page of HTML is read in lines, each of which is made safe by itself
        yield from (f"  {line}" for line in outcome.response.splitlines()[:_SHOWN_LINES])
    if not trial.enabled:
        yield "the channel is disabled: it can be tested, but is sent no events"
    yield from (f"hint: {sentence}" for sentence in found)


_SHOWN_LINES = 20
