"""The webhook against every fault of the lab: at which step it fails, whether it is sent again, in whose words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import ConfiguredChannel, Settings
from bellwire.core.http.trust import default_context
from bellwire.core.insight import Trial, send_test
from bellwire.core.plugins import Plugins
from bellwire.core.testing.lab import FAULTS, Lab
from bellwire.hookspecs import Failed, Sent

Try = Callable[..., Trial]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture
def trusting(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process trusts the lab's authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(lab.ca_file))
    default_context.cache_clear()
    yield
    default_context.cache_clear()


def tried(url: str, *, settings: Settings | None = None, **config: Any) -> Trial:
    channel = ConfiguredChannel(name="ops", type="webhook", config=WebhookConfig(enable=True, url=url, **config))
    return asyncio.run(send_test(channel, settings or Settings(), Plugins()))


@attrs.frozen
class Row:
    """What is expected of a fault."""

    step: str
    """Where it fails; empty where it does not."""
    detail: str
    """In our own words: a part of them."""
    reference: str = ""
    """In the reference's: a part of them."""
    advice: str = ""
    retryable: bool = True
    retry_after: float | None = None


TABLE = {
    "ok": Row("", "200: delivered"),
    "status": Row("meaning", "404: the receiver knows no such path", "status_code(404)", "is the path /status"),
    "429": Row("meaning", "429: the receiver asks for fewer", "status_code(429)", "try again later", retry_after=1.0),
    "500": Row("meaning", "500: the receiver failed", "response status_code(500) body(boom)", "its own log"),
    "login-page": Row("", "200: delivered", advice="the answer is a page of HTML"),
    "redirect": Row("meaning", "redirects are not followed; Location http://127", "status_code(302)", "set url to"),
    "trap": Row("", "200: delivered"),
    "reset": Row("answer", "broke before it answered: connection reset by peer", "reset by peer", "hung up"),
    "early-close": Row("answer", "closed the connection without an answer", ": EOF", "hung up"),
    "half": Row("answer", "in the middle of its answer (status 200)", "unexpected EOF", "broke off"),
    "drip": Row("answer", "did not finish its answer within 0.6 s", "i/o timeout", "answer first and work afterwards"),
    "hang": Row("answer", "did not answer within 0.6 s", "i/o timeout", "answer first and work afterwards"),
    "huge": Row("", "200: delivered"),
    "gzip-bomb": Row("", "200: delivered"),
    "garbage": Row("answer", "did not answer in HTTP/1.1", "malformed HTTP response", "is the port right?"),
    "refused": Row("connect", "refused the connection", "connect: connection refused", "does the receiver run"),
    "https": Row("", "200: delivered"),
    "expired": Row("tls", "its certificate has expired", "x509: certificate has expired", "must be renewed there"),
    "self-signed": Row("tls", "its certificate is self-signed", "signed by unknown authority", "if you trust it"),
    "wrong-host": Row("tls", "not valid for this IP address", "valid for other addresses", "is for other.example:"),
    "untrusted": Row("tls", "issuer is not trusted here", "unknown authority", "its issuer, Nobody you know"),
    "no-tls": Row("tls", "does not speak TLS on this port", "server gave HTTP response", "put http:// for https://"),
}


def test_the_table_has_every_fault() -> None:
    assert TABLE.keys() == FAULTS.keys()


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("fault", TABLE)
def test_the_webhook_meets(fault: str, lab: Lab) -> None:
    row = TABLE[fault]
    patience = 0.6 if fault in {"drip", "hang"} else 15
    trial = tried(lab.url(fault), timeout_seconds=patience)
    (told,) = [step for step in trial.steps if step.name == (row.step or "meaning")]
    assert row.detail in told.detail
    assert row.advice in "; ".join(trial.advice)
    assert bool(trial.advice) == bool(row.advice)
    if not row.step:
        assert isinstance(trial.outcome, Sent)
        assert {step.verdict for step in trial.steps} <= {"ok", "skipped"}
        return
    assert isinstance(trial.outcome, Failed)
    assert row.reference in trial.outcome.detail
    assert (trial.outcome.retryable, trial.outcome.retry_after) == (row.retryable, row.retry_after)
    assert told.verdict == "failed"
    after = [step.verdict for step in trial.steps][trial.steps.index(told) + 1 :]
    assert set(after) <= {"skipped"}


def test_nobody_follows_a_redirect_into_the_trap(lab: Lab) -> None:
    url = lab.url("redirect", status=307)
    before = len(lab.requests)
    tried(url)
    assert [request.fault for request in lab.requests[before:]] == ["redirect"]


# --- certificates ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("trusting")
def test_a_chain_is_told_from_the_receivers_certificate_upwards_with_its_days(lab: Lab) -> None:
    trial = tried(lab.url("https", days=90))
    (step,) = [step for step in trial.steps if step.name == "tls"]
    own, issuer = step.notes
    assert own.startswith("certificate localhost (for 127.0.0.1), signed by trustme")
    assert "expires in 89 days, on 20" in own
    assert issuer.startswith("its issuer trustme")
    assert "signed by The failure lab" in issuer
    assert step.advice == ()


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(("days", "warned"), [(22.5, False), (21.5, True), (0.5, True)])
def test_a_certificate_near_its_end_is_warned_of_though_all_went_well(lab: Lab, days: float, *, warned: bool) -> None:
    trial = tried(lab.url("https", days=days))
    assert isinstance(trial.outcome, Sent)
    warning = f"the receiver's certificate expires in {int(days)} days: have it renewed"
    assert trial.advice == ((warning,) if warned else ())


@pytest.mark.usefixtures("trusting")
def test_an_expired_one_says_since_when_though_it_is_refused(lab: Lab) -> None:
    trial = tried(lab.url("expired"))
    (step,) = [step for step in trial.steps if step.name == "tls"]
    day = datetime.now(UTC) - timedelta(days=12, hours=1)
    assert f"EXPIRED 12 days ago, on {day:%Y-%m-%d}" in step.notes[0]
    assert trial.shown is not None
    assert trial.shown.chain[0].days_left(datetime.now(UTC)) == -12


def test_no_request_goes_over_the_handshake_that_looks(lab: Lab) -> None:
    url = lab.url("untrusted")
    before = len(lab.requests)
    assert tried(url).shown is not None
    assert len(lab.requests) == before


def test_a_receiver_without_tls_is_not_looked_at(lab: Lab) -> None:
    assert tried(lab.url("ok")).shown is None


def test_the_egress_policy_refuses_and_nothing_is_connected_to(lab: Lab) -> None:
    url = lab.url("https")
    trial = tried(url, settings=Settings(egress="public"))
    verdicts = {step.name: step.verdict for step in trial.steps}
    assert verdicts == {
        "resolve": "skipped",
        "policy": "failed",
        "connect": "skipped",
        "tls": "skipped",
        "send": "skipped",
        "answer": "skipped",
        "meaning": "skipped",
    }
    assert "127.0.0.1 is a loopback address" in trial.steps[1].detail
    assert trial.shown is None
