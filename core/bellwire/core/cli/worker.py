"""``bellwire worker``: the dispatcher, in the foreground."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import click

from .logs import log_to_stderr
from .options import config_option
from .output import tell, warn
from .session import open_bus

if TYPE_CHECKING:
    from bellwire.core.bus import Bus
    from bellwire.core.dispatch import Dispatcher

logger = logging.getLogger("bellwire.worker")

_YOUNG_OBJECTS: Final = 10_000
"""How many new objects Python's collector of cycles lets be before it looks at them. Deliveries make no cycles, yet
with Python's own 700 it looked at all objects of this process every 6,000 of them: 12 µs of CPU each, and now 0.2."""

_LEVELS: Final = ("debug", "info", "warning", "error")


@click.command("worker", short_help="Deliver what is due, until stopped.")
@click.option("--once", is_flag=True, help="Stop when nothing is due any more.")
@click.option(
    "--drain",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a stop waits for what is being sent.",
)
@click.option("--log-level", type=click.Choice(_LEVELS), default="info", show_default=True, help="What is logged.")
@config_option
def command(*, once: bool, drain: float, log_level: str) -> None:
    """Deliver what is due, until stopped.

    SIGTERM or Ctrl+C stops it: it takes nothing more, and lets what is being sent finish. A second one breaks that off;
    what was broken off is sent again by the next dispatcher. Any number of workers may share one database.
    """
    log_to_stderr(log_level, full=True)
    with open_bus(dispatches=True) as bus:
        bus.outbox.database.open()
        tell(_greeting(bus))
        warn(*map(str, bus.settings.warnings))
        gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])  # this process is ours alone; a host's is not
        asyncio.run(_dispatch(bus.make_dispatcher(once=once), drain))
        if once:
            tell(*_left(bus))
    logger.info("stopped")


def _greeting(bus: Bus) -> str:
    active = [name for name, channel in bus.settings.channels.items() if channel.active]
    serves = f"delivers through {', '.join(active)}" if active else "has no enabled channel, so it delivers nothing"
    return f"bellwire worker {version('bellwire')} (pid {os.getpid()}) {serves}; database {bus.outbox.database.shown}"


async def _dispatch(dispatcher: Dispatcher, drain: float) -> None:
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if stopping:
            logger.warning("breaking off what is being sent")
            dispatcher.stop(0)
        else:
            stopping = True
            logger.info("stopping; waiting up to %g s for what is being sent (once more breaks it off)", drain)
            dispatcher.stop(drain)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await dispatcher.run()


def _left(bus: Bus) -> list[str]:
    """What is not done although nothing is due any more."""
    from bellwire.core.insight.times import counted

    lines = []
    for channel in bus.status().channels:
        counts = channel.counts
        waiting = counts.due + counts.scheduled + counts.parked
        if waiting:
            state = "" if channel.state == "enabled" else f", the channel is {channel.state}"
            lines.append(f"{channel.name}: {counted(waiting, 'delivery', 'deliveries')} left for later{state}")
    return lines
