"""From an outcome and its stages to the steps of it: a pure function."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bellwire.core.http import Certificate, Shown
from bellwire.core.insight.diagnosis import Step, attempt_advice, diagnose, failing_step, outcome_of
from bellwire.core.outbox import AttemptView
from bellwire.hookspecs import ChannelConfig, Failed, Outcome, Sent, Stage

NOW = datetime(2026, 5, 18, tzinfo=UTC)
DNS, CONNECT = Stage("dns", 0.01, "192.0.2.7"), Stage("connect", 0.02, "192.0.2.7:443")
TLS, SEND, RESPONSE = Stage("tls", 0.03, "TLSv1.3"), Stage("send", 0.04), Stage("response", 0.05)


def steps(outcome: Outcome, **how: Any) -> dict[str, Step]:
    return {step.name: step for step in diagnose(outcome, ChannelConfig(), **how)}


def verdicts(outcome: Outcome) -> str:
    return " ".join(f"{name}:{step.verdict}" for name, step in steps(outcome).items())


def test_a_success_over_https_is_seven_steps_with_their_times() -> None:
    told = steps(Sent(status_code=200, stages=(DNS, CONNECT, TLS, SEND, RESPONSE)))
    assert list(told) == ["resolve", "policy", "connect", "tls", "send", "answer", "meaning"]
    assert {step.verdict for step in told.values()} == {"ok"}
    assert [step.seconds for step in told.values()] == [0.01, None, 0.02, 0.03, 0.04, 0.05, None]
    assert told["policy"].detail == "192.0.2.7 may be reached"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (
            Failed(stage="dns", detail="no", stages=(Stage("dns", 0.01),)),
            "resolve:failed policy:skipped connect:skipped tls:skipped send:skipped answer:skipped meaning:skipped",
        ),
        (
            Failed(stage="policy", detail="no", stages=(DNS,)),
            "resolve:ok policy:failed connect:skipped tls:skipped send:skipped answer:skipped meaning:skipped",
        ),
        (
            Failed(stage="tls", detail="no", stages=(CONNECT, TLS)),
            "resolve:skipped policy:ok connect:ok tls:failed send:skipped answer:skipped meaning:skipped",
        ),
        (
            Failed(stage="status", detail="no", status_code=500, stages=(CONNECT, SEND, RESPONSE)),
            "resolve:skipped policy:ok connect:ok tls:skipped send:ok answer:ok meaning:failed",
        ),
        (
            Failed(stage="send", detail="no", stages=(Stage("send", 0.1, "on the open connection to 192.0.2.7:80"),)),
            "resolve:skipped policy:skipped connect:skipped tls:skipped send:failed answer:skipped meaning:skipped",
        ),
        (
            Failed(stage="proxy", detail="no", stages=(DNS, CONNECT)),
            "resolve:ok policy:ok connect:ok proxy:failed tls:skipped send:skipped answer:skipped meaning:skipped",
        ),
        (Failed(stage="config", detail="no"), "settings:failed"),
        (Failed(stage="channel", detail="no"), "channel:failed"),
        (Failed(stage="channel", detail="no", stages=(Stage("append", 0.1),)), "append:ok channel:failed"),
        (Sent(), "meaning:ok"),
        (Sent(stages=(Stage("append", 0.1, "4 bytes"),)), "append:ok meaning:ok"),
    ],
)
def test_what_was_not_reached_is_skipped(outcome: Outcome, expected: str) -> None:
    assert verdicts(outcome) == expected


@pytest.mark.parametrize(
    ("stages", "step"),
    [
        ((Stage("dns", 5.0),), "resolve"),
        ((DNS, Stage("connect", 5.0)), "connect"),
        ((CONNECT, Stage("tls", 5.0)), "tls"),
        ((CONNECT, TLS, SEND, RESPONSE, Stage("timeout", 0.0, "h did not answer within 5 s")), "answer"),
        ((Stage("append", 5.0),), "channel"),
        ((), "channel"),
    ],
)
def test_a_time_out_fails_at_the_step_that_was_under_way(stages: tuple[Stage, ...], step: str) -> None:
    assert failing_step(Failed(stage="timeout", detail="no", stages=stages)) == step


def test_our_own_words_go_before_the_reference_systems() -> None:
    stages = (CONNECT, Stage("connect", 0.0, "192.0.2.7:443 refused the connection"))
    failed = Failed(stage="connect", detail="Post: dial tcp: connection refused", stages=stages)
    told = steps(failed)
    assert told["connect"].detail == "192.0.2.7:443 refused the connection"
    assert told["connect"].seconds == 0.02
    assert told["policy"].detail == "192.0.2.7:443 may be reached"


def test_an_answer_on_a_connection_that_was_open_already_says_so() -> None:
    stages = (Stage("send", 0.1, "on the open connection to 192.0.2.7:443"), RESPONSE)
    told = steps(Sent(status_code=200, stages=stages))
    assert told["connect"].detail == told["tls"].detail == "the connection was open already"


def test_advice_stands_at_the_step_that_failed() -> None:
    told = steps(Failed(stage="dns", detail="no", stages=(Stage("dns", 0.1),)), host="app-3")
    assert told["resolve"].advice == ("is the host's name right, and known on app-3?",)
    assert all(step.advice == () for step in told.values() if step.name != "resolve")


# --- certificates ----------------------------------------------------------------------------------------------------


def leaf(days: float = 90, **how: Any) -> Certificate:
    return Certificate(
        **{
            "subject": "hooks.example.org",
            "issuer": "R3",
            "names": ("hooks.example.org", "www.example.org"),
            "not_after": NOW + timedelta(days=days),
            **how,
        }
    )


def tls(*chain: Certificate, words: str = "") -> Step:
    stages = (CONNECT, TLS, Stage("tls", 0.0, words)) if words else (CONNECT, TLS, SEND, RESPONSE)
    outcome: Outcome = Failed(stage="tls", detail="x509: no", stages=stages) if words else Sent(stages=stages)
    return steps(outcome, shown=Shown(chain), now=NOW)["tls"]


def test_each_certificate_is_told_with_its_issuer_and_its_days() -> None:
    root = leaf(4000, subject="R3", issuer="R3", self_signed=True, names=())
    assert tls(leaf(), root).notes == (
        "certificate hooks.example.org (for www.example.org), signed by R3, expires in 90 days, on 2026-08-16",
        "its issuer R3, signed by itself, expires in 4000 days, on 2037-04-30",
    )


@pytest.mark.parametrize(("days", "warned"), [(22, False), (21, True), (0.5, True)])
def test_an_end_within_three_weeks_is_warned_of(days: float, *, warned: bool) -> None:
    step = tls(leaf(days))
    assert step.verdict == "ok"
    assert ("expires in" in "; ".join(step.advice)) == warned


def test_an_issuer_that_ends_sooner_is_named() -> None:
    assert tls(leaf(), leaf(3, subject="R3")).advice == (
        "the issuer's certificate (R3) expires in 3 days: have it renewed",
    )


@pytest.mark.parametrize(
    ("chain", "words", "advice"),
    [
        ((leaf(-12),), "its certificate has expired", "must be renewed there, unless this machine's clock (2026-05-18"),
        ((leaf(),), "its certificate is not valid for this host name", "is for hooks.example.org, www.example.org:"),
        ((leaf(self_signed=True),), "its certificate is self-signed", "if you trust it: install that certificate"),
        ((leaf(), leaf(subject="R3", issuer="X1")), "its certificate's issuer is not trusted here", "its issuer, X1:"),
        ((leaf(),), "its certificate's chain is incomplete", "send the certificate of R3 beside its own"),
    ],
)
def test_a_refused_chain_says_what_to_do_about_it(chain: tuple[Certificate, ...], words: str, advice: str) -> None:
    assert advice in "; ".join(tls(*chain, words=words).advice)


def test_where_no_certificate_was_seen_the_words_alone_give_the_advice() -> None:
    assert "use a name in the url" in "; ".join(tls(words="its certificate is not valid for this host name").advice)


# --- stored attempts -------------------------------------------------------------------------------------------------


def attempt(**how: Any) -> AttemptView:
    given = {"number": 1, "outcome": "failed", "started_at": 0, "duration": 1, "stage": "tls", "detail": "x509: no"}
    rest = {"status_code": None, "response": None, "stages": (), "dispatcher": None}
    return AttemptView(**{**given, **rest, **how})


def test_a_stored_attempt_is_told_as_it_was_when_it_was_made() -> None:
    stages = (["connect", 0.02, "192.0.2.7:443"], ["tls", 0.03, ""], ["tls", 0.0, "h: its certificate has expired"])
    outcome = outcome_of(attempt(stages=stages))
    assert outcome is not None
    assert verdicts(outcome).startswith("resolve:skipped policy:ok connect:ok tls:failed send:skipped")
    assert "must be renewed there" in "; ".join(attempt_advice([attempt(), attempt(stages=stages)], None))


@pytest.mark.parametrize(
    "last",
    [attempt(outcome="interrupted"), attempt(outcome="sent", stage=None), attempt(stage="of a newer version")],
)
def test_where_the_latest_attempt_did_not_fail_as_far_as_is_known_there_is_no_advice(last: AttemptView) -> None:
    assert attempt_advice([attempt(), last], None) == ()
    assert attempt_advice([], None) == ()
