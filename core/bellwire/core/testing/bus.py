"""A bus that stores into a temporary file and delivers to recording channels, for the length of a ``with``."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from bellwire.core.bus import Bus
from bellwire.core.config import ConfiguredChannel, Settings
from bellwire.core.errors import NotFound

from .recording import Recording, RecordingConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bellwire.core.insight.status import Status
    from bellwire.core.outbox import ChannelCounts, Outbox
    from bellwire.hookspecs import ChannelConfig, Event

    from .clock import FakeClock

_DEFAULT_CHANNEL: Final = "recording"
_LOOK: Final = 0.005
_EVERY_EVENT: Final = 1_000_000


class NotSettled(AssertionError):
    """Deliveries were still under way when the patience of :meth:`BusForTests.wait_until_settled` ended."""


class BusForTests(Bus):
    """A :class:`~bellwire.core.Bus` with what tests ask about; made by :func:`bus_for_tests`."""

    def __init__(
        self,
        settings: Settings,
        *,
        plugins: Iterable[object] = (),
        channel_types: Mapping[str, type[ChannelConfig]] | None = None,
        clock: FakeClock | None = None,
    ) -> None:
        types: dict[str, type[ChannelConfig]] = {"recording": RecordingConfig, **(channel_types or {})}
        super().__init__(settings, plugins=plugins, channel_types=types, clock=clock)
        self._fake_clock: Final = clock

    @property
    def outbox(self) -> Outbox:
        """The outbox; with a fake clock, due times, leases and retries go by that."""
        if self._outbox is None and self._fake_clock is not None:
            from bellwire.core.outbox import Database, Outbox

            with self._lock:
                if self._outbox is None:
                    database = Database(self.settings.database, clock=self._fake_clock.microseconds)
                    self._outbox = Outbox(database)
        return super().outbox

    @property
    def published(self) -> tuple[Event, ...]:
        """Everything that is stored, in publish order, whichever channel wants it; needs no waiting."""
        views = self.outbox.events(limit=_EVERY_EVENT)
        kinds = ((self.plugins.kind(view.kind), view) for view in views)
        return tuple(kind.from_json(view.payload, id=view.id) for kind, view in kinds if kind is not None)

    @property
    def recorded(self) -> tuple[Event, ...]:
        """The events that reached the recording channels, channel by channel; wait with :meth:`wait_until_settled`."""
        return tuple(event for recording in self._recordings().values() for event in recording.events)

    def recording(self, channel: str = _DEFAULT_CHANNEL) -> Recording:
        """What *channel* was given, attempt by attempt.

        Raises :class:`~bellwire.core.NotFound` where there is no recording channel of that name.
        """
        recordings = self._recordings()
        if channel not in recordings:
            msg = f"no recording channel {channel!r}; there are: {', '.join(recordings) or 'none'}"
            raise NotFound(msg)
        return recordings[channel]

    def _recordings(self) -> dict[str, Recording]:
        configs = {name: channel.config for name, channel in self.settings.channels.items()}
        return {name: config.recording for name, config in configs.items() if isinstance(config, RecordingConfig)}

    def advance(self, seconds: float) -> None:
        """Has everything attempted that is due, then lets *seconds* pass on the bus's fake clock, and wakes the bus."""
        if self._fake_clock is None:
            msg = "this bus runs by the real time; make it with bus_for_tests(clock=FakeClock())"
            raise TypeError(msg)
        self.wait_until_idle()
        self._fake_clock.advance(seconds)
        self.wake()

    def wait_until_idle(self, timeout: float = 10.0) -> None:
        """Returns when nothing is due: each delivery has ended, or waits for a later time or an earlier delivery.

        Raises :class:`NotSettled` after *timeout* seconds, saying what is still under way and why.
        """
        self._wait_until(lambda counts: counts.due + counts.in_flight, timeout)

    def wait_until_settled(self, timeout: float = 10.0) -> None:
        """Returns when every delivery has ended, well or badly.

        Raises :class:`NotSettled` after *timeout* seconds, saying what is still under way and why.
        """
        self._wait_until(lambda counts: counts.due + counts.in_flight + counts.scheduled + counts.parked, timeout)

    def _wait_until(self, still_open: Callable[[ChannelCounts], int], timeout: float) -> None:
        give_up = time.monotonic() + timeout
        while True:
            status = self.status()
            if not any(still_open(channel.counts) for channel in status.channels):
                return
            if time.monotonic() > give_up:
                raise NotSettled(_still_open(status, timeout))
            time.sleep(_LOOK)


@contextmanager
def bus_for_tests(
    settings: Settings | None = None,
    *,
    channels: Mapping[str, ChannelConfig] | None = None,
    plugins: Iterable[object] = (),
    channel_types: Mapping[str, type[ChannelConfig]] | None = None,
    clock: FakeClock | None = None,
) -> Iterator[BusForTests]:
    """A started bus on a temporary SQLite file, gone when the block ends.

    :param settings: the host's own. Its database is replaced, and each of its channels by a recording one that asks
        for the same events, so that nothing leaves the machine.
    :param channels: channels that are used as they are, beside those of *settings*. With neither there is one
        recording channel, named ``recording``.
    :param plugins: as for :class:`~bellwire.core.Bus`, like *channel_types*.
    :param clock: decides when retries are due; move it with :meth:`BusForTests.advance`. Without one time is real.
    """
    with tempfile.TemporaryDirectory(prefix="bellwire-", ignore_cleanup_errors=True) as folder:
        bus = BusForTests(
            _settings(settings or Settings(), channels, Path(folder) / "bellwire.db"),
            plugins=plugins,
            channel_types=channel_types,
            clock=clock,
        )
        try:
            bus.start()
            yield bus
        finally:
            bus.close(drain=1.0)


def _settings(settings: Settings, channels: Mapping[str, ChannelConfig] | None, database: Path) -> Settings:
    found: dict[str, ChannelConfig | ConfiguredChannel] = {
        **{name: _recorded_instead(channel) for name, channel in settings.channels.items()},
        **(channels or {}),
    }
    if not found:
        found[_DEFAULT_CHANNEL] = RecordingConfig()
    return attrs.evolve(settings, database=f"sqlite:///{database}", dispatch="embedded", channels=found)


def _recorded_instead(channel: ConfiguredChannel) -> ConfiguredChannel:
    """*channel* with a config that wants the same events and records them."""
    config = channel.config
    if config is None:
        return channel
    recording = RecordingConfig(
        enable=config.enable,
        ordering=config.ordering,
        concurrency=config.concurrency,
        actions=config.actions,
        projects=config.projects,
    )
    return attrs.evolve(channel, type="recording", config=recording)


def _still_open(status: Status, timeout: float) -> str:
    lines = [f"not settled after {timeout:g} s:"]
    for channel in status.channels:
        counts = channel.counts
        told = {
            "due": counts.due,
            "waiting for a later time": counts.scheduled,
            "waiting for an earlier one of the same workflow": counts.parked,
            "being sent": counts.in_flight,
        }
        if waiting := ", ".join(f"{number} {what}" for what, number in told.items() if number):
            state = channel.state + (f" ({channel.reason})" if channel.reason else "")
            lines.append(f"channel {channel.name}, {state}: {waiting}")
    return "\n  ".join([*lines, *status.notices])
