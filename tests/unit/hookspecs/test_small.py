"""The small parts of the contract: ids, durations, URLs for people, outcomes, vetoes."""

from __future__ import annotations

import re
import time
import uuid
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.hookspecs import (
    Delivery,
    DeliveryError,
    Failed,
    Message,
    Sent,
    Stage,
    Veto,
    new_id,
    parse_duration,
    redact_url,
    url_origin,
)

# --- ids ------------------------------------------------------------------------------------------------------------


def test_an_id_is_a_uuid_of_version_7() -> None:
    before = time.time_ns() // 1_000_000
    ids = [new_id() for _ in range(2000)]
    after = time.time_ns() // 1_000_000

    for text in ids:
        found = uuid.UUID(text)
        assert str(found) == text
        assert (found.version, found.variant) == (7, uuid.RFC_4122)
        assert before <= found.int >> 80 <= after
    assert len(set(ids)) == len(ids)


def test_every_bit_that_may_be_random_is() -> None:
    ones = zeros = 0
    for _ in range(300):
        value = uuid.UUID(new_id()).int
        ones |= value
        zeros |= ~value
    random = (0xFFF << 64) | ((1 << 62) - 1)
    assert ones & random == random
    assert zeros & random == random


def test_ids_of_different_milliseconds_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [1, 1_000_000, 1_684_395_925_000_000_000, 4_000_000_000_000_000_000]
    ids = []
    for moment in moments:
        monkeypatch.setattr(time, "time_ns", lambda moment=moment: moment)
        ids.append(new_id())
    assert ids == sorted(ids)


# --- durations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("5s", 5), ("1.5m", 90), ("2h", 7200), ("7d", 604800), ("0s", 0), ("007s", 7)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "s", "5 s", " 5s", "5s\n", "-5s", "5S", "5sec", ".5s", "5.s", "1h30m", "\u0665s", "1e3s"]
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(
        ValueError, match=re.escape(f"must be a duration such as '30s', '5m', '2h' or '7d', got {text!r}")
    ):
        parse_duration(text)


@given(st.text())
def test_no_text_does_worse_than_a_value_error(text: str) -> None:
    try:
        assert parse_duration(text) >= 0
    except ValueError as error:
        assert "must be a duration" in str(error)  # noqa: PT017 - either is fine


# --- URLs for people ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://192.168.21.34:8000", "http://192.168.21.34:8000"),
        ("https://example.org/hook/path", "https://example.org/hook/path"),
        ("https://ops:pw@example.org/hook", "https://***@example.org/hook"),
        ("https://token@example.org", "https://***@example.org"),
        ("https://:pw@example.org", "https://***@example.org"),
        ("https://@example.org", "https://***@example.org"),
        ("https://example.org/?key=1", "https://example.org/?***"),
        ("https://example.org#key", "https://example.org?***"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("HTTP://Example.org", "HTTP://Example.org"),
        ("sqlite:////srv/bellwire.db", "sqlite:////srv/bellwire.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://u:p@h/d?sslmode=x", "postgresql+psycopg://***@h/d?***"),
        ("example.org/x?key=1", "example.org/x?***"),
        ("ops:pw@example.org", "***@example.org"),
        ("https://ops:p/w@example.org", "https://***"),
        ("https://ops:p?w@example.org", "https://***"),
        ("https://ops:p#w@example.org", "https://***"),
        ("https://ops:12/34@example.org", "https://***"),
        ("https://ops:pw@x/y@example.org", "https://***"),
        ("http://[broken", "http://***"),
        ("http://example.org:99999", "http://***"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_what_it_may_keep_secret(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://ops:pw@example.org:8443/hook?key=1", "https://example.org:8443"),
        ("http://example.org/@user", "http://example.org"),
        ("http://[::1]:80/x", "http://[::1]:80"),
        ("http://ops:p/w@example.org", "***"),
        ("http://[broken", "***"),
    ],
)
def test_logs_and_metrics_show_the_origin_alone(url: str, origin: str) -> None:
    assert url_origin(url) == origin


# --- outcomes -------------------------------------------------------------------------------------------------------


def test_a_failure_names_one_of_the_known_stages() -> None:
    with pytest.raises(ValueError, match="'stage' must be in"):
        Failed(stage="nowhere", detail="x")  # type: ignore[arg-type]  # the misuse
    assert Failed(stage="dns", detail="no such host").retryable


def test_an_error_carries_the_failure_that_the_attempt_becomes() -> None:
    failed = Failed(stage="connect", detail="10.0.0.1:80 refused the connection")
    error = DeliveryError(failed, address="10.0.0.1:80", errno=111)

    assert str(error) == failed.detail
    assert (error.failed, error.address, error.errno) == (failed, "10.0.0.1:80", 111)
    assert (DeliveryError(failed).address, DeliveryError(failed).errno) == (None, None)


def test_outcomes_deliveries_and_messages_are_values() -> None:
    delivery = Delivery(id="1", channel="ops", deadline=datetime.now(UTC))
    for value in (Sent(stages=(Stage("dns", 0.1),)), Failed(stage="tls", detail="x"), delivery, Veto("no")):
        assert attrs.evolve(value) == value
        assert hash(value) == hash(attrs.evolve(value))
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            value.id = "2"  # type: ignore[union-attr,misc]  # that is the point
    assert (delivery.attempt, delivery.max_attempts, delivery.is_test) == (1, 1, False)
    assert Message(title="t", body="b").markdown is None


@pytest.mark.parametrize("reason", ["", None, 5])
def test_a_veto_has_a_reason(reason: object) -> None:
    with pytest.raises((TypeError, ValueError), match="reason"):
        Veto(reason)  # type: ignore[arg-type]  # the misuse
