"""What to try when a test failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import pytest

from bellwire.core.insight.advice import advice
from bellwire.hookspecs import ChannelConfig, Failed, FailureStage, Outcome, Sent, Stage, channel_config, setting


@channel_config
class LikeAWebhook(ChannelConfig):
    accept_status: str = setting(default="200")


def hints(outcome: Outcome, config: ChannelConfig | None = None) -> str:
    return "; ".join(advice(outcome, config, host="app-3", is_test=True))


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


@channel_config
class Adviser(ChannelConfig):
    """A channel with advice of its own, for one failure."""

    def advise(self, outcome: Outcome, *, is_test: bool) -> Iterable[str]:
        if isinstance(outcome, Sent):
            return ["is anybody on call?"]
        if outcome.status_code == 418:
            return ["use the other pot"]
        if outcome.status_code == 420:
            raise LookupError
        return ()


def test_the_channels_own_advice_stands_in_place_of_ours_and_ours_where_it_has_none() -> None:
    assert hints(status(418), Adviser()) == "use the other pot"
    assert "its own log" in hints(status(500), Adviser())
    assert hints(Sent(), Adviser()) == "is anybody on call?"


def test_a_channel_that_fails_to_advise_leaves_it_to_us() -> None:
    assert "refuses the message" in hints(status(420), Adviser())


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("no trusted connection to h: it does not speak TLS on this port; is it http://?", "put http:// for https://"),
        ("no trusted connection to h: its certificate has expired", "must be renewed there, unless the clock of app-3"),
        ("no trusted connection to h: its certificate is not valid for this host name", "use a name in the url"),
        ("no trusted connection to h: its certificate is self-signed", "install that certificate"),
        ("no trusted connection to h: it wants a client certificate", "by a certificate"),
        ("no trusted connection to h: the handshake failed: who knows", "does app-3 trust who signed it?"),
    ],
)
def test_a_failed_handshake_has_the_advice_of_its_reason(words: str, hint: str) -> None:
    # the channel's own detail is the reference's; ours stands in the stage
    failed = Failed(stage="tls", detail="x509: no", stages=(Stage("tls", 0.01), Stage("tls", 0.0, words)))
    assert hint in hints(failed)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("h did not answer in HTTP/1.1: Expected HTTP/", "is the port right?"),
        ("h speaks TLS on this port; is it https:// and not http://?", "put https:// for http://"),
        ("h closed the connection in the middle of its answer (status 200)", "broke off while it answered"),
        ("h closed the connection without an answer", "hung up on this request"),
    ],
)
def test_a_lost_answer_has_the_advice_of_its_reason(words: str, hint: str) -> None:
    assert hint in hints(Failed(stage="response", detail=words))


@pytest.mark.parametrize(
    ("under_way", "hint"),
    [
        ("resolve", "name servers of app-3"),
        ("connect", "swallow"),
        ("tls", "handshake"),
        ("answer", "answer first and work afterwards"),
    ],
)
def test_a_time_out_has_the_advice_of_the_step_that_it_cut_short(under_way: str, hint: str) -> None:
    outcome = Failed(stage="timeout", detail="no")
    assert hint in "; ".join(advice(outcome, None, host="app-3", under_way=under_way, is_test=True))


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
