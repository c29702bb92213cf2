"""What is told of a certificate, and when nobody is asked for one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from bellwire.core.http import EgressPolicy, Shown, look_at
from bellwire.core.http.certificates import Certificate, read_certificate
from bellwire.core.testing.lab import Lab

INFO = {
    "subject": ((("organizationName", "Ops"),), (("commonName", "hooks.example.org"),)),
    "issuer": ((("countryName", "US"),), (("organizationName", "Let's Encrypt"),)),
    "notAfter": "Aug  2 10:00:00 2026 GMT",
    "subjectAltName": (("DNS", "hooks.example.org"), ("IP Address", "192.0.2.7")),
}


def look(url: str, policy: str = "internal", **how: Any) -> Shown | None:
    mode: Any = policy
    return asyncio.run(look_at(urlsplit(url).netloc, "127.0.0.1", EgressPolicy(mode), **how))


def test_a_certificate_is_read_from_pythons_form() -> None:
    assert read_certificate(INFO) == Certificate(
        subject="hooks.example.org",
        issuer="Let's Encrypt",
        names=("hooks.example.org", "192.0.2.7"),
        not_after=datetime(2026, 8, 2, 10, tzinfo=UTC),
    )


def test_one_without_a_common_name_is_named_by_its_first_host() -> None:
    assert read_certificate({**INFO, "subject": ()}).subject == "hooks.example.org"
    nameless = read_certificate({"notAfter": INFO["notAfter"]})
    assert (nameless.subject, nameless.self_signed) == ("somebody without a name", True)


@pytest.mark.parametrize(("hours", "days"), [(25, 1), (23, 0), (0, 0), (-23, 0), (-25, -1)])
def test_days_are_whole_ones_towards_now(hours: int, days: int) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    certificate = Certificate(subject="a", issuer="b", not_after=now + timedelta(hours=hours))
    assert certificate.days_left(now) == days
    assert certificate.has_expired(now) == (hours <= 0)


def test_the_whole_chain_is_seen_though_nobody_trusts_it() -> None:
    with Lab() as lab:
        shown = look(lab.url("wrong-host"))
    assert shown is not None
    assert [one.subject for one in shown.chain] == ["other.example", shown.chain[0].issuer]
    assert shown.chain[1].issuer == "The failure lab"


def test_the_policy_holds_for_the_look_too() -> None:
    with Lab() as lab:
        assert look(lab.url("https"), policy="public") is None


def test_what_speaks_no_tls_or_does_not_answer_shows_nothing() -> None:
    with Lab() as lab:
        assert look(lab.url("no-tls")) is None
        assert look(lab.url("refused")) is None
    assert look("https://example.org:443") is None, "no name is looked up"


def test_the_look_is_over_when_its_patience_is() -> None:
    with Lab() as lab:
        assert look(lab.url("ok"), patience=0.2) is None
