from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.channels.webhook.listen.checks import Verdict, examine
from bellwire.channels.webhook.listen.signature import Signature, SignatureCheck
from bellwire.channels.webhook.signatures import SCHEMES

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HEADERS = {"content-type": "application/json", "webhook-id": "1"}
EVENT = {"event": "workflow", "action": "create", "timestamp": "2023-05-18T15:45:25+08:00", "payload": {}}


def examined(document: Any = EVENT, *, token: str | None = None, **headers: str) -> Verdict:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return examine("POST", HEADERS | headers, body, token=token)


def test_the_sample_leaves_nothing_to_remark(sample_json: str) -> None:
    assert examine("POST", HEADERS, sample_json.encode()) == Verdict()


@pytest.mark.parametrize("method", ["GET", "PUT", "post", ""])
def test_events_come_by_post(method: str) -> None:
    assert examine(method, HEADERS, b"").status == 405


@pytest.mark.parametrize(
    "body",
    [b"", b"boom", b"\xff\xfe", b"[]", b"null", b'"event"', b"{}", b'{"event":1}', b"NaN", b"[" * 100_000, b"9" * 5000],
)
def test_what_is_no_event_is_answered_400(body: bytes) -> None:
    verdict = examined(body)

    assert verdict.status == 400
    assert len(verdict.remarks) == 1


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        ({"action": "cancel"}, "the action 'cancel' is none of create, approve, reject, exec_success, exec_failed"),
        ({"action": ["x"]}, "the action ['x'] is none of"),
        ({"event": "invoice"}, "the event 'invoice' is none of workflow, channel, test: receivers must ignore"),
        ({"event": ["x"]}, "the event ['x'] is none of"),
        ({"event": "channel"}, "the action 'create' is none of failing, recovered"),
        ({"timestamp": "2023-05-18T15:45:25"}, "the timestamp '2023-05-18T15:45:25' has no offset"),
        ({"timestamp": "noon"}, "the timestamp 'noon' is not RFC 3339"),
        ({"timestamp": 7}, "the timestamp 7 has no offset"),
    ],
)
def test_what_is_new_or_odd_is_taken_with_a_remark(change: dict[str, Any], remark: str) -> None:
    verdict = examined(EVENT | change)

    assert verdict.status == 200
    assert len(verdict.remarks) == 1
    assert verdict.remarks[0].startswith(remark)


@pytest.mark.parametrize(("event", "action"), [("test", "test"), ("channel", "failing"), ("channel", "recovered")])
def test_the_other_kinds_of_event_are_fine(event: str, action: str) -> None:
    assert examined(EVENT | {"event": event, "action": action}) == Verdict()


@pytest.mark.parametrize(
    ("headers", "remark"),
    [
        ({"webhook-id": "1"}, "Content-Type is missing; application/json is expected"),
        ({"webhook-id": "1", "content-type": "text/plain"}, "Content-Type is text/plain; application/json is expected"),
        ({"content-type": "application/json"}, "webhook-id is missing: nothing to de-duplicate by"),
    ],
)
def test_missing_headers_are_remarked_on(headers: dict[str, str], remark: str) -> None:
    assert examine("POST", headers, json.dumps(EVENT).encode()) == Verdict(remarks=(remark,))


def test_a_charset_beside_the_content_type_is_fine() -> None:
    assert examined(**{"content-type": "Application/JSON; charset=utf-8"}) == Verdict()


@pytest.mark.parametrize("token", ["test123", "密钥", "Å…", "a b", " outer blanks ", "\x85".encode().decode("latin-1")])
def test_the_right_token_is_accepted(token: str) -> None:
    header = f"Bearer {token.strip(' ')}".encode().decode("latin-1")

    assert examined(token=token, authorization=header) == Verdict(authorized=True)
    assert examined(token=token, authorization=header.replace("Bearer", "bearer")).authorized


@pytest.mark.parametrize(
    ("authorization", "remark"),
    [
        (None, "Authorization is missing; a bearer token is expected"),
        ("Bearer test1234", "the bearer token does not match (it came with 8 bytes)"),
        ("Bearer ", "the bearer token does not match (it came with 0 bytes)"),
        ("Bearer \u20ac", "the bearer token does not match (it came with 1 bytes)"),
        ("Basic test123", "Authorization is not of the scheme Bearer"),
        ("test123", "Authorization is not of the scheme Bearer"),
    ],
)
def test_a_wrong_token_is_answered_401_without_showing_it(authorization: str | None, remark: str) -> None:
    headers = {} if authorization is None else {"authorization": authorization}

    assert examined(token="test123", **headers) == Verdict(status=401, remarks=(remark,), authorized=False)


def test_a_token_is_checked_before_the_body() -> None:
    assert examined(b"boom", token="test123").status == 401


STANDARD = SignatureCheck(secrets=(SECRET,))
GITHUB = SignatureCheck(scheme="github", secrets=("new", "old"))


def signed(scheme: str, secret: str, body: bytes, *, at: float | None = None) -> dict[str, str]:
    headers = SCHEMES[scheme].signer([secret])(b"1", int(time.time() if at is None else at), body)
    return HEADERS | {name.decode().lower(): value.decode() for name, value in headers}


def test_the_right_signature_is_told_with_the_secret_that_it_is_of(sample_json: str) -> None:
    body = sample_json.encode()

    one = examine("POST", signed("standard", SECRET, body), body, signature=STANDARD)
    other = examine("POST", signed("github", "old", body), body, signature=GITHUB)

    assert one == Verdict(signature=Signature("verified", "the signature is right"))
    assert other == Verdict(signature=Signature("verified", "the signature is right, by secret 2 of 2"))


@pytest.mark.parametrize(
    ("change", "verdict", "sentence"),
    [
        ({"webhook-signature": ""}, "missing_header", "the header webhook-signature is missing"),
        ({"webhook-timestamp": "x"}, "malformed_header", "the header webhook-timestamp is no number of seconds"),
        ({"webhook-id": "2"}, "wrong_signature", "the signature does not fit: the secret is another one, or the body"),
    ],
)
def test_a_wrong_signature_is_answered_401_with_what_is_wrong(
    change: dict[str, str], verdict: str, sentence: str, sample_json: str
) -> None:
    body = sample_json.encode()
    found = examine("POST", signed("standard", SECRET, body) | change, body, signature=STANDARD)

    assert found.status == 401
    assert found.signature is not None
    assert found.signature.verdict == verdict
    assert found.remarks == (found.signature.sentence,)
    assert found.signature.sentence.startswith(sentence)


def test_a_clock_that_is_off_is_told_by_how_much(sample_json: str) -> None:
    body = sample_json.encode()
    found = examine("POST", signed("standard", SECRET, body, at=time.time() - 4000), body, signature=STANDARD)

    assert found.signature is not None
    assert found.signature.verdict == "clock_off"
    assert re.search(r"was made 400[01] seconds ago", found.remarks[0])


def test_a_token_is_checked_before_the_signature_and_the_signature_before_the_body() -> None:
    assert examine("POST", HEADERS, b"boom", token="t", signature=STANDARD).signature is None
    assert examine("POST", HEADERS, b"boom", signature=STANDARD).status == 401
    assert examine("POST", signed("standard", SECRET, b"boom"), b"boom", signature=STANDARD).status == 400


def test_a_signature_that_nobody_asked_to_check_is_remarked_on(sample_json: str) -> None:
    body = sample_json.encode()

    assert examine("POST", signed("standard", SECRET, body), body).remarks == (
        "webhook-signature came, and was not checked: --signing-secret asks for the secret",
    )
    assert examine("POST", signed("github", "s", body), body).remarks == (
        "x-hub-signature-256 came, and was not checked: --signing-secret asks for the secret",
    )


@pytest.mark.parametrize(
    ("scheme", "secrets"),
    [("standard", ("s3cret",)), ("standard", ("whsk_s3cret",)), ("github", ("",)), ("github", ())],
)
def test_what_is_no_secret_is_found_out_before_anything_arrives(scheme: Any, secrets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="secret") as caught:
        SignatureCheck(scheme=scheme, secrets=secrets)
    assert "s3cret" not in str(caught.value)


def test_a_check_does_not_show_its_secrets() -> None:
    assert SECRET not in repr(STANDARD)


@given(
    st.binary(), st.dictionaries(st.text(), st.text()), st.none() | st.text(st.characters(exclude_categories=["Cs"]))
)
def test_nothing_that_arrives_upsets_it(body: bytes, headers: dict[str, str], token: str | None) -> None:
    assert examine("POST", headers, body, token=token).status in {200, 400, 401}
    assert examine("POST", headers, body, signature=STANDARD).status == 401
