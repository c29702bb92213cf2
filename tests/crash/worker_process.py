"""A worker in a process of its own, which kills itself at a named step.

``python worker_process.py DATABASE URL STEP AFTER``: at the AFTER-th time that STEP is reached it is gone, as by
``kill -9``. The steps are wrapped around the outbox from outside: the engine knows nothing of them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any, Final

import bellwire.core.dispatch.dispatcher as dispatcher_module
import bellwire.core.outbox.outbox as outbox_module
from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.core.outbox import Outbox

STEPS: Final = (
    "before the claim",
    "claim written, not committed",
    "claimed, not sent",
    "sent, not settled",
    "settlement written, not committed",
    "settled",
)


class Reaper:
    """Ends the process at a step."""

    def __init__(self, step: str, after: int) -> None:
        self._step = step
        self._left = after

    def at(self, step: str, *, reached: object = True) -> None:
        """Is *step* reached?"""
        if step == self._step and reached:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def wrap(outbox: Outbox, reaper: Reaper) -> None:
    """Puts the steps around and into what a dispatcher does with its outbox."""
    exchange, within = outbox.exchange, outbox._exchange

    def exchange_with_steps(dispatcher: str, settlements: Any, demands: Any, advance: Any) -> Any:
        reaper.at("before the claim", reached=demands)
        reaper.at("sent, not settled", reached=settlements)
        result = exchange(dispatcher, settlements, demands, advance)
        reaper.at("claimed, not sent", reached=result.claims)
        reaper.at("settled", reached=result.settled)
        return result

    def within_with_steps(*arguments: Any) -> Any:
        result = within(*arguments)
        reaper.at("claim written, not committed", reached=result.claims)
        reaper.at("settlement written, not committed", reached=result.settled)
        return result

    outbox.exchange = exchange_with_steps  # type: ignore[method-assign]  # the steps are ours alone
    outbox._exchange = within_with_steps  # type: ignore[method-assign,assignment]  # as on the line above


def main(database: str, url: str, step: str, after: str) -> None:
    """Dispatches until it is killed."""
    if lease := os.environ.get("LEASE_SECONDS"):
        outbox_module.LEASE = round(float(lease) * 1_000_000)  # type: ignore[misc]  # a test cannot wait half a minute
        dispatcher_module.HEARTBEAT = float(lease) / 4  # type: ignore[misc]  # as on the line above
    hook = WebhookConfig(enable=True, url=url, concurrency=4)
    bus = Bus(Settings(database=database, dispatch="off", channels={"hook": hook}), channel_types={})
    bus.outbox.database.open()
    wrap(bus.outbox, Reaper(step, int(after)))
    asyncio.run(bus.make_dispatcher().run(lambda: print("ready", flush=True)))


if __name__ == "__main__":
    main(*sys.argv[1:])
