"""The bus for tests: what a host's tests rely on."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import attrs
import pytest

from bellwire.core import Bus, NotFound, load_settings
from bellwire.core.testing import FakeClock, NotSettled, RecordingConfig, bus_for_tests
from bellwire.hookspecs import Event, JSONValue, Sent, Veto, Workflow, WorkflowEvent, hookimpl


def workflow(workflow_id: str = "1734", project: str = "payments") -> Workflow:
    return Workflow(
        project_name=project,
        workflow_id=workflow_id,
        workflow_subject="Add an index to orders",
        workflow_status="wait_for_execution",
    )


def dispatchers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "bellwire-dispatcher"]


def test_what_a_host_publishes_is_seen_without_waiting() -> None:
    def approve(bus: Bus) -> None:  # the host's own code
        bus.notify_workflow("approve", workflow())

    with bus_for_tests() as bus:
        approve(bus)
        assert [event.action for event in bus.published] == ["approve"]


def test_what_was_published_reaches_the_recording_channel() -> None:
    with bus_for_tests() as bus:
        event = bus.notify_workflow("approve", workflow())
        bus.wait_until_settled()
        assert bus.recorded == (event,)
        (call,) = bus.recording().calls
        assert call.outcome == Sent()
        assert (call.delivery.channel, call.delivery.attempt) == ("recording", 1)


def test_each_bus_begins_empty() -> None:
    for _ in range(2):
        with bus_for_tests() as bus:
            bus.notify_workflow("approve", workflow())
            bus.wait_until_settled()
            assert len(bus.published) == len(bus.recorded) == 1


def test_nothing_stays_behind() -> None:
    with bus_for_tests() as bus:
        file = Path(bus.settings.database.removeprefix("sqlite:///"))
        assert file.exists()
    assert not file.parent.exists()
    assert not dispatchers()


def test_a_failure_is_tried_again_within_milliseconds() -> None:
    with bus_for_tests(channels={"ops": RecordingConfig(fail=2)}) as bus:
        event = bus.notify_workflow("create", workflow())
        bus.wait_until_settled()
        assert [type(call.outcome).__name__ for call in bus.recording("ops").calls] == ["Failed", "Failed", "Sent"]
        assert bus.recorded == (event,)


def test_a_delivery_that_fails_for_good_is_settled_too() -> None:
    with bus_for_tests(channels={"ops": RecordingConfig(fail=99)}) as bus:
        event = bus.notify_workflow("create", workflow())
        bus.wait_until_settled()
        assert bus.recorded == ()
        (delivery,) = bus.outbox.deliveries_of(event.id)
        assert (delivery.state, delivery.attempts) == ("failed", 3)


def test_more_than_a_page_of_events_is_seen_in_publish_order() -> None:
    with bus_for_tests() as bus:
        bus.publish_many([WorkflowEvent(action="create", workflow=workflow(str(number))) for number in range(120)])
        bus.wait_until_settled()
        assert [event.ordering_key for event in bus.published] == [str(number) for number in range(120)]
        assert len(bus.recorded) == 120


def test_filters_and_vetoes_are_at_work() -> None:
    class NoTests:
        @hookimpl
        def notify_filter(self, event: Event, channel: str) -> Veto | None:
            return Veto("a test project") if event.project == "sandbox" else None

    channels = {"all": RecordingConfig(), "approvals": RecordingConfig(actions=("approve",))}
    with bus_for_tests(channels=channels, plugins=[NoTests()]) as bus:
        create = bus.notify_workflow("create", workflow())
        approve = bus.notify_workflow("approve", workflow())
        bus.notify_workflow("approve", workflow(project="sandbox"))
        bus.wait_until_settled()
        assert bus.recording("all").events == (create, approve)
        assert bus.recording("approvals").events == (approve,)
        assert len(bus.published) == 3


def test_a_hosts_own_settings_are_taken_but_nothing_leaves_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "bellwire.toml"
    file.write_text(
        """
        platform_name = "Flow"
        dispatch = "off"
        workflow_actions = ["cancel"]
        [channels.ops]
        type = "webhook"
        enable = true
        url = "http://192.0.2.1:9"
        actions = ["cancel"]
        [channels.later]
        type = "webhook"
        """,
        "utf-8",
    )
    with bus_for_tests(load_settings(file)) as bus:
        cancel = bus.notify_workflow("cancel", workflow())
        bus.notify_workflow("create", workflow())
        bus.wait_until_settled()
        assert bus.recording("ops").events == (cancel,)
        assert bus.recording("later").events == ()
        assert bus.settings.platform_name == "Flow"
        assert list(tmp_path.iterdir()) == [file]


def test_time_passes_when_it_is_told_to_and_retries_go_by_it() -> None:
    channels = {"ops": RecordingConfig(fail=1, retry_schedule=("5m",))}
    with bus_for_tests(channels=channels, clock=FakeClock()) as bus:
        event = bus.notify_workflow("create", workflow())
        bus.advance(299)
        bus.wait_until_idle()
        assert len(bus.recording("ops").calls) == 1
        with pytest.raises(NotSettled, match="1 waiting for a later time"):
            bus.wait_until_settled(timeout=0.1)

        bus.advance(32)  # five minutes in all, and a tenth for the jitter
        bus.wait_until_settled()
        assert len(bus.recording("ops").calls) == 2
        assert bus.recorded == (event,)


def test_real_time_cannot_be_advanced() -> None:
    with bus_for_tests() as bus, pytest.raises(TypeError, match=r"clock=FakeClock\(\)"):
        bus.advance(1)


def test_waiting_in_vain_says_what_is_under_way_and_why() -> None:
    channels = {"ops": RecordingConfig(fail=9, retry_schedule=("1h",)), "idle": RecordingConfig()}
    with bus_for_tests(channels=channels) as bus:
        bus.notify_workflow("create", workflow())
        bus.notify_workflow("approve", workflow())
        with pytest.raises(NotSettled) as caught:
            bus.wait_until_settled(timeout=0.3)
    lines = str(caught.value).splitlines()
    assert lines[0] == "not settled after 0.3 s:"
    assert lines[1].startswith("  channel ops, failing (1 failure in a row since")
    assert "waiting for a later time" in lines[1]
    assert "idle" not in lines[1]


def test_a_channel_that_does_not_record_is_told_apart() -> None:
    with bus_for_tests() as bus, pytest.raises(NotFound, match="no recording channel 'ops'; there are: recording"):
        bus.recording("ops")


def test_a_channel_can_be_tried() -> None:
    with bus_for_tests() as bus:
        trial = bus.test("recording")
        assert trial.outcome == Sent()
        (call,) = bus.recording().calls
        assert json.loads(call.event.to_json())["event"] == "test"
        assert bus.recorded == ()


def test_a_kind_of_the_hosts_own_is_published_and_recorded() -> None:
    @attrs.frozen(kw_only=True)
    class InvoiceEvent(Event):
        kind = "invoice"
        number: str

        @property
        def ordering_key(self) -> str:
            return self.number

        def payload(self) -> Mapping[str, JSONValue]:
            return {"invoice": {"number": self.number}}

        @classmethod
        def from_payload(cls, payload: Mapping[str, Any], **envelope: Any) -> Self:
            return cls(number=payload["invoice"]["number"], **envelope)

    with bus_for_tests(plugins=[InvoiceEvent]) as bus:
        event = bus.publish(InvoiceEvent(action="paid", number="R-7"))
        bus.wait_until_settled()
        assert bus.published == bus.recorded == (event,)


@pytest.mark.parametrize("error", [ValueError("the test failed"), KeyboardInterrupt()])
def test_an_error_in_the_block_is_passed_on_and_the_bus_closed(error: BaseException) -> None:
    with pytest.raises(type(error)), bus_for_tests():
        raise error
    assert not dispatchers()
