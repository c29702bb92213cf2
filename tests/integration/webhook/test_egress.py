"""What becomes of an event whose receiver the egress policy refuses: through a whole bus, by its settings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.listen import Receiver
from bellwire.core import Bus, Settings
from bellwire.core.outbox import AttemptView, DeliveryView
from bellwire.hookspecs import Failed, Workflow

PUBLIC = 'and egress "public" allows global addresses only, unless egress_allow names it'
WORKFLOW = Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="finished")


def deliver(folder: Path, url: str, **settings: Any) -> tuple[DeliveryView, list[AttemptView]]:
    """What becomes of one event, which may be sent three times at most."""
    channel = WebhookConfig(enable=True, url=url, max_retry_times=3)
    database = f"sqlite:///{folder}/bellwire.db"
    with Bus(Settings(database=database, dispatch="off", channels={"ops": channel}, **settings)) as bus:
        event = bus.notify_workflow("create", WORKFLOW)
        asyncio.run(bus.make_dispatcher(once=True).run())
        (delivery,) = bus.outbox.deliveries_of(event.id)
        return delivery, list(bus.outbox.attempts(delivery.id))


@pytest.mark.parametrize(
    ("settings", "url", "reason"),
    [
        (
            {},
            "http://169.254.169.254/latest/meta-data",
            "169.254.169.254 is the address of cloud metadata, which is always refused",
        ),
        (
            {"egress": "public"},
            "http://127.1:8000/",
            f"127.0.0.1 is a loopback address, {PUBLIC}",
        ),
        (
            {"egress_deny": ("*.corp.example",)},
            "http://hooks.corp.example/",
            "the host name hooks.corp.example is denied by '*.corp.example' in egress_deny",
        ),
        ({"egress_allow": ("10.0.0.0/8",)}, "http://127.0.0.1:8000/", "127.0.0.1 is not named in egress_allow"),
    ],
)
def test_a_refusal_is_final_and_says_why(tmp_path: Path, settings: dict[str, Any], url: str, reason: str) -> None:
    delivery, attempts = deliver(tmp_path, url, **settings)
    said = f'Post "{url}": {reason}'
    assert (delivery.state, delivery.error) == ("failed", said)
    assert [(attempt.number, attempt.stage, attempt.detail) for attempt in attempts] == [(1, "policy", said)]
    assert attempts[0].stages[-1][2] == reason


def test_what_the_lists_leave_is_delivered(tmp_path: Path) -> None:
    with Receiver(port=0) as receiver:
        delivery, _ = deliver(
            tmp_path,
            receiver.url.replace("127.0.0.1", "localhost"),
            egress="public",
            egress_allow=("127.0.0.0/8", "::1"),
            egress_deny=("127.0.0.2",),
        )
    assert delivery.state == "delivered"


def test_a_test_of_the_channel_shows_the_refusal(tmp_path: Path) -> None:
    channel = WebhookConfig(url="http://[fd00:ec2::254]/")
    with Bus(Settings(database=f"sqlite:///{tmp_path}/bellwire.db", channels={"ops": channel})) as bus:
        outcome = bus.test("ops").outcome
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.retryable) == ("policy", False)
    assert outcome.detail.endswith(": fd00:ec2::254 is in AWS's metadata network, which is always refused")
