"""The channel that records."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bellwire.core.testing import Recording, RecordingConfig
from bellwire.hookspecs import Delivery, Failed, InvalidConfig, Sent, sample_workflow_event


def delivery(attempt: int = 1, *, is_test: bool = False) -> Delivery:
    deadline = datetime(2030, 1, 1, tzinfo=UTC)
    return Delivery(id="d1", channel="recording", attempt=attempt, deadline=deadline, is_test=is_test)


def test_it_keeps_what_it_is_given_and_how_it_ended() -> None:
    recording, event = Recording(), sample_workflow_event()
    assert recording.record(event, delivery()) == Sent()
    (call,) = recording.calls
    assert (call.event, call.delivery, call.outcome) == (event, delivery(), Sent())
    assert recording.events == (event,)


def test_it_fails_as_often_as_it_is_told_to_and_only_what_arrived_is_an_event() -> None:
    recording, event = Recording(), sample_workflow_event()
    recording.fail_next(2)
    outcomes = [recording.record(event, delivery(attempt)) for attempt in (1, 2, 3)]
    assert [type(outcome) for outcome in outcomes] == [Failed, Failed, Sent]
    assert len(recording.calls) == 3
    assert recording.events == (event,)


def test_it_fails_in_the_way_that_it_is_told_to() -> None:
    recording = Recording()
    busy = Failed(stage="status", detail="busy", status_code=429, retry_after=30)
    recording.fail_next(failure=busy)
    assert recording.record(sample_workflow_event(), delivery()) is busy


def test_a_test_message_is_a_call_but_no_event() -> None:
    recording = Recording()
    recording.record(sample_workflow_event(), delivery(is_test=True))
    assert len(recording.calls) == 1
    assert recording.events == ()


def test_clearing_forgets_failures_to_come_as_well() -> None:
    recording = Recording()
    recording.fail_next(5)
    recording.record(sample_workflow_event(), delivery())
    recording.clear()
    assert recording.calls == ()
    assert recording.record(sample_workflow_event(), delivery()) == Sent()


def test_its_config_is_enabled_and_says_how_often_to_fail() -> None:
    config = RecordingConfig(fail=1)
    assert config.enable
    assert isinstance(config.recording.record(sample_workflow_event(), delivery()), Failed)
    assert isinstance(config.recording.record(sample_workflow_event(), delivery()), Sent)


def test_two_configs_never_share_a_recording() -> None:
    assert RecordingConfig().recording is not RecordingConfig().recording


def test_its_config_checks_its_values_like_any_other() -> None:
    with pytest.raises(InvalidConfig, match="fail: must be at least 0, got -1"):
        RecordingConfig(fail=-1)


def test_what_arrives_does_not_change_the_configs_repr() -> None:
    config = RecordingConfig()
    before = repr(config)
    config.recording.record(sample_workflow_event(), delivery())
    assert repr(config) == before
