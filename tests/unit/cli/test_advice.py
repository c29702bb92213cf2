"""What to try when a test failed."""

from __future__ import annotations

from typing import get_args

import pytest

from bellwire.core.cli.advice import advice
from bellwire.core.insight import Trial
from bellwire.hookspecs import ChannelConfig, Failed, FailureStage, Outcome, Sent, channel_config, setting


@channel_config
class LikeAWebhook(ChannelConfig):
    accept_status: str = setting(default="200")
    test_payload: str = setting(default="message")


def hints(outcome: Outcome, config: ChannelConfig | None = None) -> str:
    trial = Trial(channel="ops", type="webhook", host="app-3", enabled=True, outcome=outcome, seconds=0.1)
    return "; ".join(advice(trial, config))


def status(code: int) -> Failed:
    return Failed(stage="status", detail="no", status_code=code)


def test_a_test_that_went_well_needs_none() -> None:
    assert hints(Sent(status_code=200)) == ""


@pytest.mark.parametrize("stage", ["dns", "connect", "timeout", "tls", "policy", "response"])
def test_every_stage_of_the_network_has_a_hint(stage: FailureStage) -> None:
    assert hints(Failed(stage=stage, detail="no"))


@pytest.mark.parametrize("stage", get_args(FailureStage))
def test_no_stage_is_a_surprise(stage: FailureStage) -> None:
    hints(Failed(stage=stage, detail="no"))


def test_the_machine_that_sent_it_is_named_where_it_matters() -> None:
    assert "app-3" in hints(Failed(stage="connect", detail="no"))
    assert "app-3" in hints(Failed(stage="dns", detail="no"))


def test_another_success_than_200_says_that_only_200_counts() -> None:
    assert hints(status(204)) == "only 200 counts here: have the receiver answer 200"
    assert hints(status(204), LikeAWebhook()).endswith('or set accept_status = "2xx"')


def test_a_receiver_that_refuses_the_test_message_may_know_workflow_events_alone() -> None:
    assert "refuses the test message" in hints(status(400))
    assert 'test_payload = "workflow" sends the sample event' in hints(status(422), LikeAWebhook())


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (200, "an error in the body"),
        (302, "redirects are never followed"),
        (401, "token"),
        (403, "token"),
        (404, "path"),
        (405, "take POST"),
        (429, "later"),
        (500, "its own log"),
        (503, "its own log"),
    ],
)
def test_each_sort_of_answer_has_its_hint(code: int, words: str) -> None:
    assert words in hints(status(code))
