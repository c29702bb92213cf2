from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.channels.webhook.listen.checks import Verdict, examine

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


@given(
    st.binary(), st.dictionaries(st.text(), st.text()), st.none() | st.text(st.characters(exclude_categories=["Cs"]))
)
def test_nothing_that_arrives_upsets_it(body: bytes, headers: dict[str, str], token: str | None) -> None:
    assert examine("POST", headers, body, token=token).status in {200, 400, 401}
