"""``bellwire test``: sends the test message once, and says step by step how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from bellwire.core.errors import NotFound

from .documents import curl_document, trial_document
from .options import config_option, json_option
from .output import print_json, say, tell, warn
from .session import open_bus
from .show import took

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bellwire.core.bus import Bus
    from bellwire.core.insight import CurlCommand, Step, Trial


@click.command("test", short_help="Send the test message through one channel.")
@click.argument("channel")
@click.option("--curl", "as_curl", is_flag=True, help="Send nothing; print the request as a command for curl.")
@json_option
@config_option
def command(*, channel: str, as_curl: bool, as_json: bool) -> None:
    """Send the test message through one channel.

    Once, whether or not the channel is enabled, and nothing of it is stored. It says step by step how far it came, and
    what to try; where it failed, the exit code is 1. With --curl it says what would be sent: a command that can be
    pasted anywhere, for what is secret stands there as the name of an environment variable.
    """
    from bellwire.hookspecs import Sent

    with open_bus() as bus:
        _require_channel(bus, channel)
        if as_curl:
            _print_curl(bus.test_as_curl(channel), as_json=as_json)
            return
        trial = bus.test(channel)
    if as_json:
        print_json(trial_document(trial))
    else:
        say(*_lines(trial))
        warn(*trial.warnings)
    if not isinstance(trial.outcome, Sent):
        raise SystemExit(1)


def _print_curl(command: CurlCommand, *, as_json: bool) -> None:
    if as_json:
        print_json(curl_document(command))
    else:
        say(*command.lines)
        tell(*(f"note: {note}" for note in command.notes))


def _require_channel(bus: Bus, channel: str) -> None:
    configured = bus.settings.channels
    if channel not in configured:
        from bellwire.core.plugins import did_you_mean

        hint = did_you_mean(channel, configured) or f"; there are: {', '.join(configured) or 'none'}"
        msg = f"no channel {channel!r} is configured{hint}"
        raise NotFound(msg)


def _lines(trial: Trial) -> Iterator[str]:
    from bellwire.hookspecs import Sent

    outcome = trial.outcome
    yield f"test of {trial.channel} ({trial.type}), sent from {trial.host}"
    yield from step_lines(trial.steps)
    status = "" if outcome.status_code is None else f", the receiver answered {outcome.status_code}"
    failing = next((step for step in trial.steps if step.verdict == "failed"), None)
    if isinstance(outcome, Sent):
        yield f"delivered{status}, in {took(trial.seconds * 1_000_000)}"
    else:
        yield f"FAILED at {failing.name if failing else outcome.stage}{status}, after {took(trial.seconds * 1_000_000)}"
        if failing is None or outcome.detail != failing.detail:
            yield f"  {outcome.detail}"
    if outcome.response:
        yield "the answer began"
        # a page of HTML is read in lines, each of which is made safe by itself
        for line in outcome.response.splitlines()[:_SHOWN_LINES]:
            yield f"  {line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1] + '…'}"
    if trial.obstacles:
        yield "what keeps real events back"
        yield from (f"  {sentence}" for sentence in trial.obstacles)
    yield from (f"hint: {sentence}" for sentence in trial.advice)


def step_lines(steps: Sequence[Step]) -> Iterator[str]:
    """One line for each step, and what is worth knowing of it below."""
    longest = max((len(step.name) for step in steps), default=0)
    for step in steps:
        time = took(step.seconds * 1_000_000) if step.seconds else ""
        verdict = _VERDICTS[step.verdict]
        yield f"  {step.name:<{longest}}  {verdict:<6}  {time:>8}  {step.detail}".rstrip()
        yield from (f"  {'':<{longest + 20}}{note}" for note in step.notes)


_VERDICTS: Final = {"ok": "ok", "failed": "FAILED", "skipped": "-"}
_SHOWN_LINES: Final = 20
_SHOWN_CHARACTERS: Final = 200
