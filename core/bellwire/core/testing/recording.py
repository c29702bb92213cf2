"""A channel that keeps what it is given, and fails when it is told to."""

from __future__ import annotations

import threading
from typing import Final, final

import attrs

from bellwire.hookspecs import (
    ChannelConfig,
    ChannelContext,
    Delivery,
    Event,
    Failed,
    Outcome,
    Sent,
    TestMessage,
    channel_config,
    hookimpl,
    setting,
)

TOLD_TO_FAIL: Final = Failed(stage="status", detail="the recording channel was told to fail", status_code=500)


@attrs.frozen
class RecordedCall:
    """One attempt: what the channel was given, and how it ended."""

    event: Event
    delivery: Delivery
    outcome: Outcome


@final
class Recording:
    """What one recording channel was given since it was made. May be used from any thread."""

    def __init__(self, fail: int = 0) -> None:
        self._lock: Final = threading.Lock()
        self._calls: list[RecordedCall] = []
        self._failures: list[Failed] = [TOLD_TO_FAIL] * fail

    @property
    def calls(self) -> tuple[RecordedCall, ...]:
        """Every attempt, the failed ones too, in the order in which they came."""
        with self._lock:
            return tuple(self._calls)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that arrived: those of the attempts that did not fail, without test messages."""
        return tuple(call.event for call in self.calls if isinstance(call.outcome, Sent) and not call.delivery.is_test)

    def fail_next(self, times: int = 1, failure: Failed = TOLD_TO_FAIL) -> None:
        """Makes the next *times* attempts end in *failure*; called again, further ones after those."""
        with self._lock:
            self._failures += [failure] * times

    def clear(self) -> None:
        """Forgets what was recorded, and what is still to fail."""
        with self._lock:
            self._calls.clear()
            self._failures.clear()

    def record(self, event: Event, delivery: Delivery) -> Outcome:
        """Takes down one attempt; the channel calls it."""
        with self._lock:
            outcome: Outcome = self._failures.pop(0) if self._failures else Sent()
            self._calls.append(RecordedCall(event, delivery, outcome))
            return outcome

    def __repr__(self) -> str:
        # stands in the config's repr, which the dispatchers compare: it must not change while events arrive
        return "Recording()"


@channel_config
class RecordingConfig(ChannelConfig):
    """Records events instead of sending them; enabled from the start, and quick to try again.

    ``fail=2`` is short for ``recording.fail_next(2)`` before the first event.
    """

    enable: bool = setting(default=True, title="Enabled")
    retry_schedule: tuple[str, ...] = setting(
        default=("10ms", "10ms"), format="duration", title="Retry schedule", help="Three sends; a test need not wait."
    )
    fail: int = setting(default=0, ge=0, title="Fail", help="How many attempts fail before the first one succeeds.")
    recording: Recording = attrs.field(
        init=False, default=attrs.Factory(lambda self: Recording(self.fail), takes_self=True)
    )
    """What its channel was given, each time that it was open."""

    async def open(self, context: ChannelContext) -> RecordingChannel:  # noqa: ARG002 - every channel's open takes it
        """A channel that writes into :attr:`recording`."""
        return RecordingChannel(self.recording)


@final
class RecordingChannel:
    """The channel of a :class:`RecordingConfig`, while it is open."""

    def __init__(self, recording: Recording) -> None:
        self.recording: Final = recording

    @hookimpl
    async def notify_event(self, event: Event, delivery: Delivery) -> Outcome:
        """Records an event, of whatever kind."""
        return self.recording.record(event, delivery)

    @hookimpl
    async def notify_test(self, test: TestMessage, delivery: Delivery) -> Outcome:
        """Records a test message."""
        return self.recording.record(test, delivery)
