from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs
import httpx
import pytest

from bellwire.hookspecs import Delivery, Event, Message, ProxyOptions, TLSOptions, Workflow, WorkflowEvent

SAMPLE = (
    '{"event":"workflow","action":"create","timestamp":"2023-05-18T15:45:25+08:00","payload":{"workflow":'
    '{"project_name":"test_project","workflow_id":"1658637666259832832","workflow_subject":"test_workflow",'
    '"workflow_status":"wait_for_audit"}}}'
)
NOON = datetime(2023, 5, 18, 12, 0, 0, tzinfo=UTC)


@attrs.define
class FakeClock:
    """Stands still."""

    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 0.0


@attrs.define
class FakeContext:
    """A context whose transport the test brings."""

    http: httpx.AsyncBaseTransport
    name: str = "ops"
    platform_name: str = "SQLE"
    locale: str = "en"
    connect_timeout: float | None = None

    @property
    def logger(self) -> logging.Logger:
        return logging.getLogger("bellwire.channels.ops")

    @property
    def clock(self) -> FakeClock:
        return FakeClock()

    def render(self, event: Event) -> Message:
        return Message(title=f"{event.kind} {event.action}", body="")

    def client(
        self, *, connect_timeout: float = 5.0, tls: TLSOptions | None = None, proxy: ProxyOptions | None = None
    ) -> httpx.AsyncClient:
        raise NotImplementedError

    def transport(
        self, *, connect_timeout: float = 5.0, tls: TLSOptions | None = None, proxy: ProxyOptions | None = None
    ) -> httpx.AsyncBaseTransport:
        self.connect_timeout = connect_timeout
        return self.http


@pytest.fixture
def sample_json() -> str:
    """The body of the specification's sample."""
    return SAMPLE


@pytest.fixture
def sample_event() -> WorkflowEvent:
    """The specification's sample event."""
    return WorkflowEvent(
        action="create",
        timestamp=datetime.fromisoformat("2023-05-18T15:45:25+08:00"),
        workflow=Workflow(
            project_name="test_project",
            workflow_id="1658637666259832832",
            workflow_subject="test_workflow",
            workflow_status="wait_for_audit",
        ),
    )


@pytest.fixture
def delivery() -> Delivery:
    return Delivery(id="0190d0c4-0000-7000-8000-000000000001", channel="ops", deadline=NOON)


@pytest.fixture
def context_for() -> Callable[[Callable[[httpx.Request], Any]], FakeContext]:
    """A context whose receiver is a function."""

    def make(receiver: Callable[[httpx.Request], Any]) -> FakeContext:
        return FakeContext(httpx.MockTransport(receiver))

    return make
