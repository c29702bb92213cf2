from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.channels.webhook.listen import Noise, Received
from bellwire.channels.webhook.listen.checks import Verdict
from bellwire.channels.webhook.listen.server import Request
from bellwire.channels.webhook.listen.show import as_json, as_text
from bellwire.channels.webhook.listen.signature import Signature

NOON = datetime(2023, 5, 18, 12, 0, 0, tzinfo=UTC)


def received(
    body: bytes = b"{}",
    *,
    headers: tuple[tuple[str, str], ...] = (("webhook-id", "a"),),
    verdict: Verdict = Verdict(),  # noqa: B008  # a frozen value, shared safely
    status: int = 200,
    **more: Any,
) -> Received:
    request = Request(method="POST", target="/hook", version="HTTP/1.1", headers=headers, body=body)
    return Received(number=2, at=NOON, request=request, verdict=verdict, status=status, webhook_id="a", **more)


def test_a_request_is_shown_as_it_came(sample_json: str) -> None:
    headers = (("Host", "127.0.0.1:8000"), ("webhook-id", "a"))

    assert as_text(received(sample_json.encode(), headers=headers)) == (
        f"12:00:00  request 2\nPOST /hook HTTP/1.1\nHost: 127.0.0.1:8000\nwebhook-id: a\n\n{sample_json}\n-> 200\n"
    )


def test_remarks_failures_on_purpose_and_repetitions_are_told() -> None:
    arrival = received(verdict=Verdict(remarks=("odd",)), status=500, failing=True, duplicate_of=1)

    assert as_text(arrival).splitlines()[-3:] == [
        "-> 500, failing on purpose",
        "   ! odd",
        "   ! the same webhook-id as request 1: it is to be taken once",
    ]


def test_a_signature_that_is_right_is_told_too() -> None:
    arrival = received(verdict=Verdict(signature=Signature("verified", "the signature is right")))

    assert as_text(arrival).splitlines()[-2:] == ["-> 200", "   + the signature is right"]
    assert json.loads(as_json(arrival))["signature"] == "verified"


def test_a_signature_that_is_wrong_is_told_once() -> None:
    verdict = Verdict(status=401, remarks=("does not fit",), signature=Signature("wrong_signature", "does not fit"))

    assert as_text(received(verdict=verdict, status=401)).splitlines()[-2:] == ["-> 401", "   ! does not fit"]
    assert json.loads(as_json(received(verdict=verdict)))["signature"] == "wrong_signature"


def test_a_pretty_body_has_a_line_for_each_field() -> None:
    assert as_text(received('{"a":{"b":"失败\\n"}}'.encode()), pretty=True).splitlines()[4:-1] == [
        "{",
        '  "a": {',
        '    "b": "失败\\n"',
        "  }",
        "}",
    ]


@pytest.mark.parametrize("body", [b"\xff\x00", b"boom", b"[" * 9999])
def test_a_body_that_is_no_json_is_shown_as_it_is_also_where_it_should_be_pretty(body: bytes) -> None:
    assert as_text(received(body), pretty=True) == as_text(received(body))


def test_a_long_body_is_shown_in_part_and_given_whole_as_json() -> None:
    body = b"x" * 100_000

    assert len(as_text(received(body))) < 21_000
    assert json.loads(as_json(received(body)))["body"] == body.decode()


@given(st.binary(), st.text(st.characters(max_codepoint=255)), st.booleans())
def test_nothing_that_arrives_can_drive_a_terminal(
    body: bytes, value: str, pretty: bool
) -> None:  # hypothesis passes it by name
    arrival = received(body, headers=(("X", value), (value, "x")), verdict=Verdict(remarks=(value,)))

    for shown in (as_text(arrival, pretty=pretty), as_text(Noise(at=NOON, text=value)), as_json(arrival)):
        assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in shown.replace("\n", ""))
        assert shown.count("\n") == len(shown.splitlines()) - (not shown.endswith("\n"))
    assert as_json(arrival).isascii()
    assert "\n" not in as_json(arrival)


def test_as_json_it_has_everything(sample_json: str) -> None:
    arrival = received(
        sample_json.encode(), verdict=Verdict(remarks=("odd",)), failing=True, status=503, duplicate_of=1
    )

    assert json.loads(as_json(arrival)) == {
        "number": 2,
        "received_at": "2023-05-18T12:00:00.000+00:00",
        "method": "POST",
        "target": "/hook",
        "version": "HTTP/1.1",
        "headers": [["webhook-id", "a"]],
        "body": sample_json,
        "webhook_id": "a",
        "duplicate_of": 1,
        "authorized": None,
        "signature": None,
        "status": 503,
        "failing": True,
        "remarks": ["odd", "the same webhook-id as request 1: it is to be taken once"],
    }


def test_as_json_a_body_that_is_not_utf_8_is_in_base64() -> None:
    document = json.loads(as_json(received(b"\xff\x00")))

    assert document["body"] is None
    assert b64decode(document["body_base64"]) == b"\xff\x00"


def test_as_json_noise_is_told_apart() -> None:
    assert json.loads(as_json(Noise(at=NOON, text="junk"))) == {
        "noise": "junk",
        "received_at": "2023-05-18T12:00:00.000+00:00",
    }


@pytest.mark.parametrize(
    ("name", "value", "authorized", "shown"),
    [
        ("Authorization", "Bearer test123", None, "Bearer ********"),
        ("authorization", "Bearer test123", False, "Bearer ********"),
        ("Authorization", "Bearer test123", True, "Bearer test123"),
        ("Authorization", "Bearer å¯\x86".encode("latin-1").decode("latin-1"), True, "Bearer 密"),
        ("Authorization", "test123", None, "********"),
        ("Cookie", "session=test123; b=c", None, "********"),
        ("X-Other", "Bearer test123", None, "Bearer test123"),
    ],
)
def test_credentials_are_masked_unless_whoever_looks_gave_them(
    name: str,
    value: str,
    authorized: bool | None,  # a parameter of the table
    shown: str,
) -> None:
    arrival = received(headers=((name, value),), verdict=Verdict(authorized=authorized))

    assert json.loads(as_json(arrival))["headers"] == [[name, shown]]
