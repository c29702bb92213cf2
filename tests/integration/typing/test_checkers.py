"""What mypy and pyright see of a channel's author's mistakes, and that they see none where there is none.

Each line that must be reported ends in ``# E``; every other line must not be. Both checkers read the installed
package's ``py.typed``, as they do on an author's machine.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("typing")]

IMPORTS = """\
from __future__ import annotations
from collections.abc import Mapping
from typing import Any, Literal, Self
import attrs
from bellwire.hookspecs import (
    Channel, ChannelConfig, ChannelContext, Delivery, DeliveryError, Event, Failed, JSONValue, Message, NotifiesEvent,
    NotifiesWorkflow, Outcome, Problem, RendersEvents, FiltersEvents, ObservesOutcomes, Secret, Sent, TestMessage, Veto,
    Workflow, WorkflowEvent, channel_config, hookimpl, setting,
)

"""

CASES = {
    "a_complete_channel": """
@channel_config
class PagerConfig(ChannelConfig):
    endpoint: str = setting(title="Endpoint", format="uri")
    urgency: int = setting(default=1, ge=1, le=3, title="Urgency")
    token: Secret | None = setting(default=None, title="Token")
    tone: Literal["low", "high"] = setting(default="low", title="Tone")
    groups: tuple[str, ...] = setting(default=(), title="Groups")
    headers: dict[str, str] = setting(factory=dict, title="Headers")

    async def open(self, context: ChannelContext) -> PagerChannel:
        client = context.client()
        return PagerChannel(self)

class PagerChannel:
    def __init__(self, config: PagerConfig) -> None:
        self._config = config

    @hookimpl
    async def notify_workflow(self, event: WorkflowEvent, delivery: Delivery) -> Outcome:
        if event.workflow.workflow_status == "rejected":
            return Failed(stage="channel", detail="no")
        return Sent(status_code=200)

    async def aclose(self) -> None: ...

config = PagerConfig(endpoint="http://x", enable=True, token=Secret("x"), headers={"a": "b"})
endpoint: str = config.endpoint
repetitions: int = config.max_retry_times
typed: NotifiesWorkflow = PagerChannel(config)
""",
    "a_channel_in_plain_def": """
@channel_config
class FaxConfig(ChannelConfig):
    number: str = setting(default="", title="Number")

    async def open(self, context: ChannelContext) -> Channel:
        return FaxChannel()

class FaxChannel:
    @hookimpl
    def notify_event(self, event: Event, delivery: Delivery) -> Outcome:
        return Sent()

typed: NotifiesEvent = FaxChannel()
""",
    "what_is_missing_or_unknown_when_a_config_is_made": """
@channel_config
class PagerConfig(ChannelConfig):
    endpoint: str = setting(title="Endpoint")

    async def open(self, context: ChannelContext) -> Channel:
        raise NotImplementedError

PagerConfig(endpoint="http://x")
PagerConfig()  # E
PagerConfig(endpoint=5)  # E
PagerConfig(endpoint="http://x", urgenci=1)  # E
PagerConfig("http://x")  # E
PagerConfig(endpoint="http://x", max_retry_times="3")  # E
""",
    "what_a_setting_is_declared_with": """
@channel_config
class PagerConfig(ChannelConfig):
    urgency: int = setting(default="1")  # E
    token: Secret = setting(default="s3cret")  # E
    tone: Literal["low", "high"] = setting(default="loud")  # E
    kind: str = setting(default="", format="url")  # E
    odd: str = setting(defualt="")  # E
""",
    "a_hook_with_a_wrong_signature": """
class Wrong:
    @hookimpl
    async def notify_workflow(self, evnt: WorkflowEvent, delivery: Delivery) -> Outcome:
        return Sent()

class Text:
    @hookimpl
    async def notify_workflow(self, event: WorkflowEvent, delivery: Delivery) -> str:
        return "sent"

class Nothing:
    pass

@channel_config
class PagerConfig(ChannelConfig):
    async def open(self, context: ChannelContext) -> Channel:
        if context.name == "wrong":
            return Wrong()  # E
        if context.name == "text":
            return Text()  # E
        return Nothing()  # E

one: NotifiesWorkflow = Wrong()  # E
two: NotifiesWorkflow = Text()  # E
""",
    "an_open_that_cannot_be_awaited": """
class Works:
    @hookimpl
    async def notify_event(self, event: Event, delivery: Delivery) -> Outcome:
        return Sent()

@channel_config
class PagerConfig(ChannelConfig):
    def open(self, context: ChannelContext) -> Works:  # E
        return Works()
""",
    "a_hook_on_the_returned_outcome": """
class Pager:
    @hookimpl
    async def notify_event(self, event: Event, delivery: Delivery) -> Outcome:
        if delivery.attempt > 1:
            return "sent"  # E
        if delivery.is_test:
            return Failed(stage="nowhere", detail="x")  # E
        if event.action == "x":
            return Failed(detail="x")  # E
        raise DeliveryError(Failed(stage="dns", detail="x"))
""",
    "plugins": """
class Plugin:
    @hookimpl
    def notify_filter(self, event: Event, channel: str) -> Veto | None:
        return Veto("at night")

    @hookimpl
    def notify_render(self, event: Event, channel_type: str, locale: str) -> Message | None:
        return Message(title="t", body="b")

    @hookimpl
    def notify_settled(self, event: Event, delivery: Delivery, outcome: Outcome) -> None:
        match outcome:
            case Sent():
                print(outcome.status_code)
            case Failed():
                print(outcome.stage)

class Wrong:
    @hookimpl
    async def notify_filter(self, event: Event, channel: str) -> Veto | None:
        return None

filters: FiltersEvents = Plugin()
renders: RendersEvents = Plugin()
observes: ObservesOutcomes = Plugin()
wrong: FiltersEvents = Wrong()  # E
Message(title="t")  # E
""",
    "an_event_kind": """
@attrs.frozen(kw_only=True)
class InvoiceEvent(Event):
    kind = "invoice"
    number: str

    @property
    def ordering_key(self) -> str:
        return self.number

    def payload(self) -> Mapping[str, JSONValue]:
        return {"invoice": {"number": self.number, "lines": [1, 2.5, None, True]}}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], **envelope: Any) -> Self:
        return cls(number=payload["invoice"]["number"], **envelope)

event = InvoiceEvent(action="paid", number="7")
text: str = event.to_json()
again: InvoiceEvent = InvoiceEvent.from_json(text, id=event.id)
InvoiceEvent(action="paid")  # E
event.number = "8"  # E
""",
    "what_a_host_publishes": """
workflow = Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="x", extra={"a": [1]})
WorkflowEvent(action="create", workflow=workflow)
Workflow(project_name="p", workflow_id=1, workflow_subject="s", workflow_status="x")  # E
Workflow(project_name="p", workflow_id="1")  # E
WorkflowEvent(action="create")  # E
TestMessage.for_platform("SQLE").message.upper()
""",
}


def expected(source: str) -> list[int]:
    return [number for number, line in enumerate(source.splitlines(), 1) if line.endswith("# E")]


@pytest.fixture(scope="module")
def snippets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snippets")
    for name, body in CASES.items():
        (folder / f"{name}.py").write_text(IMPORTS + body, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def seen_by_mypy(snippets: Path) -> dict[str, dict[int, str]]:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", "--config-file="]
    done = subprocess.run(
        [*command, "--cache-dir=.mypy_cache", *(f"{name}.py" for name in CASES)],
        cwd=snippets, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    seen: dict[str, dict[int, str]] = {name: {} for name in CASES}
    for line in done.stdout.splitlines():
        found = re.match(r"(?P<file>\w+)\.py:(?P<line>\d+): error: (?P<text>.*)", line)
        if found:
            seen[found["file"]].setdefault(int(found["line"]), found["text"])
    return seen


@pytest.fixture(scope="module")
def seen_by_pyright(snippets: Path) -> dict[str, dict[int, str]]:
    tried = subprocess.run([sys.executable, "-m", "pyright", "--version"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        reason = f"pyright does not run here: {(tried.stderr or tried.stdout).strip()[-200:]}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    (snippets / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=snippets, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    seen: dict[str, dict[int, str]] = {name: {} for name in CASES}
    for each in json.loads(done.stdout)["generalDiagnostics"]:
        if each["severity"] == "error":
            name = each["file"].replace("\\", "/").rpartition("/")[2].removesuffix(".py")
            seen[name].setdefault(each["range"]["start"]["line"] + 1, each["message"])
    return seen


@pytest.mark.parametrize("name", CASES)
def test_mypy_sees_the_mistakes_and_nothing_else(name: str, seen_by_mypy: dict[str, dict[int, str]]) -> None:
    assert sorted(seen_by_mypy[name]) == expected(IMPORTS + CASES[name]), seen_by_mypy[name]


@pytest.mark.parametrize("name", CASES)
def test_pyright_sees_the_mistakes_and_nothing_else(name: str, seen_by_pyright: dict[str, dict[int, str]]) -> None:
    assert sorted(seen_by_pyright[name]) == expected(IMPORTS + CASES[name]), seen_by_pyright[name]


def test_a_missing_setting_is_told_by_its_name(
    seen_by_mypy: dict[str, dict[int, str]], seen_by_pyright: dict[str, dict[int, str]]
) -> None:
    name = "what_is_missing_or_unknown_when_a_config_is_made"
    first = expected(IMPORTS + CASES[name])[0]
    assert "endpoint" in seen_by_mypy[name][first]
    assert "endpoint" in seen_by_pyright[name][first]
