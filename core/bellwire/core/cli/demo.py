"""``bellwire demo``: the tour. A bus, an outbox and a dispatcher as hosts have them, against three receivers."""

from __future__ import annotations

import logging
import tempfile
import time
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bellwire.core.errors import BellwireError
from bellwire.hookspecs import Delivery, Event, Outcome, Sent, Workflow, hookimpl

from .demo_receivers import receiver, silence
from .demo_screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bellwire.core.bus import Bus
    from bellwire.core.outbox import AttemptView, DeliveryView

PATIENCE: Final = 50.0
"""Seconds after which the tour ends, whatever is still on its way."""

_CHANNEL: Final = """\
[channels.{name}]
type = "webhook"
enable = true
url = "{url}"
token = {{ env = "DEMO_TOKEN" }}
max_retry_times = 3
retry_interval_seconds = 1
"""

_FIRST: Final = Workflow(
    project_name="test_project",
    workflow_id="1658637666259832832",
    workflow_subject="test_workflow",
    workflow_status="wait_for_audit",
)
_SECOND: Final = Workflow(
    project_name="test_project",
    workflow_id="1658637666259832833",
    workflow_subject="清理过期订单",
    workflow_status="rejected",
)
_THIRD: Final = Workflow(
    project_name="billing",
    workflow_id="1658637666259832834",
    workflow_subject="Add an index to <orders> & <invoices>",
    workflow_status="exec_failed",
)


@click.command("demo", short_help="Take the tour: five events, three receivers, every attempt.")
def command() -> None:
    """Take the tour: five events, three receivers, every attempt.

    It takes some ten seconds, needs no configuration, and leaves nothing behind. Five workflow events are published;
    one receiver takes them all, one fails twice and recovers, one stays down. You see the requests as they arrive, and
    then the log of attempts.
    """
    screen = Screen()
    screen.title(f"Bellwire {version('bellwire')}: the tour")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bellwire-demo-")))
        urls = {
            "steady": stack.enter_context(receiver("steady", {}, screen.arrival)),
            "shaky": stack.enter_context(receiver("shaky", {"create": 2}, screen.arrival)),
            "down": stack.enter_context(silence()),
        }
        file = _write(folder, urls)
        screen.introduction(urls, file.read_text("utf-8").partition("\n\n")[0])
        stack.enter_context(_warnings_on(screen))
        bus = stack.enter_context(_open(file, screen))
        _publish(bus, screen)
        settled = _wait(bus)
        screen.log(_attempts(bus), settled=settled)
    screen.farewell()


def _write(folder: Path, urls: Mapping[str, str]) -> Path:
    file = folder / "bellwire.toml"
    file.write_text("\n".join(_CHANNEL.format(name=name, url=url) for name, url in urls.items()), "utf-8")
    return file


@contextmanager
def _open(file: Path, screen: Screen) -> Iterator[Bus]:
    from bellwire.core.bus import Bus

    # an environment of its own: nobody's BELLWIRE_* settings change the tour
    bus = Bus.from_file(file, environ={"DEMO_TOKEN": "test123"}, plugins=[_Observer(screen)])
    try:
        if idle := [channel for channel in bus.settings.channels.values() if not channel.active]:
            msg = f"the tour needs the channel type webhook, which is disabled by {idle[0].disabled_by}"
            raise BellwireError(msg)
        bus.start()
        yield bus
    finally:
        bus.close(drain=1.0)


class _Observer:
    """A plugin like any other: it hears how each delivery ended."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    @hookimpl
    def notify_settled(self, event: Event, delivery: Delivery, outcome: Outcome) -> None:
        """Shows it."""
        self._screen.settled(event.action, delivery.channel, delivery.attempt, sent=isinstance(outcome, Sent))


@contextmanager
def _warnings_on(screen: Screen) -> Iterator[None]:
    """What the library logs meanwhile stands where it happens, not on standard error."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            screen.warning(record.getMessage())

    logger, handler = logging.getLogger("bellwire"), Handler(logging.WARNING)
    propagate = logger.propagate
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def _publish(bus: Bus, screen: Screen) -> None:
    import attrs

    screen.start_the_clock()
    for action, workflow in (
        ("create", _FIRST),
        ("approve", attrs.evolve(_FIRST, workflow_status="wait_for_execution")),
        ("reject", _SECOND),
        ("exec_success", attrs.evolve(_FIRST, workflow_status="finished")),
        ("exec_failed", _THIRD),
    ):
        event = bus.notify_workflow(action, workflow)
        screen.published(event)


def _wait(bus: Bus) -> bool:
    """Whether all is settled, within :data:`PATIENCE`."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        counts = [channel.counts for channel in bus.status().channels]
        if not any(each.due + each.scheduled + each.parked + each.in_flight for each in counts):
            time.sleep(0.2)  # observers are told after the outcome is stored
            return True
        time.sleep(0.1)
    return False


def _attempts(bus: Bus) -> list[tuple[DeliveryView, AttemptView]]:
    from bellwire.core.outbox import DeliveryFilter

    deliveries = bus.outbox.deliveries(DeliveryFilter())
    found = [(delivery, attempt) for delivery in deliveries for attempt in bus.outbox.attempts(delivery.id)]
    channels = list(bus.settings.channels)
    return sorted(found, key=lambda pair: (channels.index(pair[0].channel), pair[1].started_at))
