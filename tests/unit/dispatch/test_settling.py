"""From an outcome to what is written about it."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.dispatch.retry import RetryPolicy
from bellwire.core.dispatch.settling import (
    DETAIL_LIMIT,
    ERROR_LIMIT,
    RESPONSE_LIMIT,
    clean,
    given_back,
    interrupted,
    join_failures,
    settlement,
)
from bellwire.core.outbox import Claim, Settlement
from bellwire.hookspecs import Failed, Outcome, Sent, Stage

CLAIM = Claim(
    seq=7,
    lease_token=99,
    delivery_id="d",
    channel="ops",
    ordering_key="k",
    attempts=0,
    budget_start=0,
    interruptions=0,
    holds_until=None,
    error=None,
    event_id="e",
    kind="workflow",
    payload="{}",
    trace=None,
)
THREE = RetryPolicy((1.0, 1.0))


def settled(
    outcome: Outcome, claim: Claim = CLAIM, *, holds: bool = False, secrets: tuple[str, ...] = ()
) -> Settlement:
    return settlement(
        claim,
        outcome,
        policy=THREE,
        holds=holds,
        hold_key=600,
        started_at=5,
        duration=6,
        secrets=secrets,
        random=lambda: 0.5,
    )


def failed(detail: str = "refused", **more: Any) -> Failed:
    return attrs.evolve(Failed(stage="connect", detail=detail), **more)


def test_what_was_sent_is_delivered_and_its_answer_kept() -> None:
    ended = settled(Sent(status_code=200, response="ok", stages=(Stage("connect", 0.25, "10.0.0.1:80"),)))
    assert ended.record is not None
    assert (ended.state, ended.record.outcome, ended.record.number) == ("delivered", "sent", 1)
    assert (ended.record.status_code, ended.record.response) == (200, "ok")
    assert json.loads(ended.record.stages or "") == [["connect", 0.25, "10.0.0.1:80"]]
    assert (ended.record.started_at, ended.record.duration) == (5, 6)


@pytest.mark.parametrize(
    ("attempts", "budget_start", "state"),
    [(0, 0, "waiting"), (1, 0, "waiting"), (2, 0, "failed"), (7, 5, "failed"), (6, 5, "waiting"), (5, 5, "waiting")],
)
def test_a_failed_send_is_tried_again_while_its_budget_lasts(attempts: int, budget_start: int, state: str) -> None:
    ended = settled(failed(), attrs.evolve(CLAIM, attempts=attempts, budget_start=budget_start))
    assert (ended.state, ended.record and ended.record.number) == (state, attempts + 1)
    assert ended.delay == (1_000_000 if state == "waiting" else 0)


def test_what_is_not_worth_a_retry_has_failed_at_once() -> None:
    assert settled(failed(retryable=False)).state == "failed"


def test_a_channel_that_holds_burns_no_budget_while_its_receiver_is_down() -> None:
    last = attrs.evolve(CLAIM, attempts=2)
    ended = settled(failed(), last, holds=True)
    assert (ended.state, ended.spare_budget) == ("waiting", True)
    assert ended.delay > 0
    assert settled(Failed(stage="status", detail="400", status_code=400), last, holds=True).state == "failed"


def test_a_channel_that_holds_asks_no_sooner_than_the_receiver_wishes() -> None:
    assert settled(failed(retry_after=120.0), holds=True).delay == 120_000_000
    assert settled(failed(retry_after=-5.0), holds=True).delay == 20_000_000
    assert settled(failed(retry_after=1e9), holds=True).delay == 3_600_000_000


def test_followers_wait_behind_a_retry_for_as_long_as_the_channel_says() -> None:
    assert settled(failed()).hold_key == 600
    assert settled(failed(), holds=True).hold_key == 600


def test_several_failures_are_joined_and_the_same_text_stands_once() -> None:
    claim = CLAIM
    for detail in ("refused", "EOF", "refused", "EOF"):
        claim = attrs.evolve(claim, error=settled(failed(detail), claim).error)
    assert claim.error == "refused; EOF"


def test_earlier_failures_are_kept_when_it_is_delivered_at_last() -> None:
    assert settled(Sent(), attrs.evolve(CLAIM, error="refused")).error == "refused"


def test_all_failures_together_have_a_limit() -> None:
    error = ""
    for number in range(5000):
        error = join_failures(error, f"failure {number}")
    assert len(error) <= ERROR_LIMIT
    assert error.startswith("failure 0; failure 1; ")


@given(st.lists(st.text(st.characters(exclude_characters=";"), min_size=1, max_size=20), min_size=1, max_size=20))
def test_joining_keeps_each_text_once_in_order_of_its_first_coming(texts: list[str]) -> None:
    joined: str | None = None
    for text in texts:
        joined = join_failures(joined, text)
    assert joined == "; ".join(dict.fromkeys(texts))


def test_what_is_given_back_or_broken_off_stays_open_and_keeps_its_errors() -> None:
    claim = attrs.evolve(CLAIM, error="refused")
    back = given_back(claim, delay=3)
    assert (back.state, back.delay, back.error, back.record) == ("waiting", 3, "refused", None)
    broken = interrupted(claim, started_at=1, duration=2)
    assert (broken.state, broken.delay, broken.error) == ("waiting", 0, "refused")
    assert broken.record is not None
    assert (broken.record.outcome, broken.record.number) == ("interrupted", 1)


def test_no_known_secret_is_kept_wherever_it_stands() -> None:
    secret = "pa55-Wörd"
    outcome = Failed(
        stage="status",
        detail=f"Bearer {secret} refused",
        response=f"you sent {secret}{secret}",
        stages=(Stage("connect", 0.1, f"at {secret}"), Stage(secret, 0.1)),
    )
    ended = settled(outcome, secrets=("other", secret))
    assert secret not in repr(ended)
    assert ended.record is not None
    assert ended.record.response == "you sent ****************"


def test_a_secret_across_the_limit_is_scrubbed_before_the_text_is_cut() -> None:
    text = "x" * (RESPONSE_LIMIT - 3) + "s3cret-s3cret" + "y" * 100
    kept = clean(text, ("s3cret-s3cret",), RESPONSE_LIMIT)
    assert "s3c" not in kept
    assert len(kept) == RESPONSE_LIMIT


def test_long_texts_are_cut_with_a_sign_that_they_were() -> None:
    ended = settled(Failed(stage="status", detail="d" * 10_000, response="r" * 1_000_000))
    assert ended.record is not None
    assert ended.record.detail == "d" * (DETAIL_LIMIT - 1) + "…"
    assert ended.record.response == "r" * (RESPONSE_LIMIT - 1) + "…"


@given(st.text(st.characters(), max_size=300), st.integers(1, 200))
def test_what_is_kept_can_be_stored_in_every_database(text: str, limit: int) -> None:
    kept = clean(text, (), limit)
    kept.encode()
    assert "\0" not in kept
    assert len(kept) <= limit


@pytest.mark.parametrize("text", ["a\ud800b", "\0", "a\0b\udfff"])
def test_what_databases_cannot_store_is_replaced(text: str) -> None:
    kept = clean(text, (), 100)
    kept.encode()
    assert "\0" not in kept
    assert len(kept) == len(text)


def test_one_that_is_broken_off_again_and_again_waits_ever_longer() -> None:
    """Or a channel that cancels its own task would be called without end, each time with one more row in the log."""
    delays = [
        interrupted(attrs.evolve(CLAIM, interruptions=before), started_at=1, duration=2).delay for before in range(4)
    ]
    assert delays == [0, 1_000_000, 2_000_000, 4_000_000]
