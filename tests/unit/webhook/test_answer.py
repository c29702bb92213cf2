from __future__ import annotations

import codecs
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.answer import EXCERPT_CHARACTERS, Answer, Rules, excerpt, outcome_of, retry_after
from bellwire.hookspecs import MASK, Failed, Outcome, Secret, Sent, Stage

NOON = datetime(2023, 5, 18, 12, 0, 0, tzinfo=UTC)
ROBOT = "https://oapi.dingtalk.com/robot/send?access_token=robot-token"


def judged(
    status: int,
    body: bytes = b"",
    *,
    url: str = "http://example.org",
    token: str | None = None,
    headers: dict[str, str] | None = None,
    truncated: bool = False,
    **settings: Any,
) -> Outcome:
    config = WebhookConfig(url=url, token=None if token is None else Secret(token), **settings)
    answer = Answer(
        status=status,
        headers=httpx.Headers(headers),
        body=body,
        truncated=truncated,
        stages=(Stage("response", 0.5),),
    )
    return outcome_of(answer, Rules.of(config), lambda: NOON)


def failed(*args: Any, **settings: Any) -> Failed:
    outcome = judged(*args, **settings)
    assert isinstance(outcome, Failed)
    return outcome


def test_exactly_200_is_success() -> None:
    assert judged(200, b"ok") == Sent(status_code=200, response="ok", stages=(Stage("response", 0.5),))


@pytest.mark.parametrize(
    "status", [100, 199, 201, 202, 204, 206, 299, 300, 301, 304, 400, 404, 410, 429, 500, 503, 599]
)
def test_every_other_status_is_a_failure_that_may_be_sent_again(status: int) -> None:
    outcome = failed(status, b"boom")

    assert outcome.stage == "status"
    assert outcome.retryable
    assert (outcome.status_code, outcome.response) == (status, "boom")
    assert outcome.detail == f"response status_code({status}) body(boom)"


@pytest.mark.parametrize(("status", "success"), [(199, False), (200, True), (204, True), (299, True), (300, False)])
def test_any_2xx_is_success_where_that_is_set(status: int, success: bool) -> None:  # a parameter of the table
    assert isinstance(judged(status, accept_status="2xx"), Sent) is success


@pytest.mark.parametrize(
    ("status", "headers", "settings", "meaning"),
    [
        (204, {}, {}, 'only 200 counts here, set accept_status = "2xx" to take it for success'),
        (301, {}, {}, "redirects are not followed"),
        (302, {"Location": "/login?next=secret"}, {}, "redirects are not followed; Location /login?***"),
        (
            307,
            {"Location": "https://u:pw@other.example/x"},
            {"accept_status": "2xx"},
            "redirects are not followed; Location https://***@other.example/x",
        ),
        (302, {"Location": "/a/test123"}, {"token": "test123"}, f"redirects are not followed; Location /a/{MASK}"),
        (401, {}, {}, "the receiver wants a token, and none is set"),
        (403, {}, {"token": "t-0"}, "the receiver does not accept the token"),
        (404, {}, {}, "the receiver knows no such path; is the url complete?"),
        (410, {}, {}, "the receiver says that it is gone for good"),
        (418, {}, {}, "the receiver refuses the request"),
        (500, {}, {}, "the receiver failed"),
        (503, {}, {}, "the receiver is not available now"),
    ],
)
def test_the_last_stage_says_what_the_answer_means(
    status: int, headers: dict[str, str], settings: dict[str, Any], meaning: str
) -> None:
    assert failed(status, headers=headers, **settings).stages == (
        Stage("response", 0.5),
        Stage("answer", 0.0, f"{status}: {meaning}"),
    )


def test_a_location_cannot_drive_a_terminal() -> None:
    assert "\x1b" not in failed(302, headers={"Location": "/\x1b[2J" + "x" * 9000}).stages[-1].detail
    assert len(failed(302, headers={"Location": "/" + "x" * 9000}).stages[-1].detail) <= 512


def test_a_robot_that_answers_200_and_means_no_is_a_failure_with_its_message() -> None:
    outcome = failed(200, b'{"errcode":310000,"errmsg":"keywords not in content"}', url=ROBOT)

    assert outcome.stage == "status"
    assert outcome.status_code == 200
    assert outcome.detail == 'response status_code(200) body({"errcode":310000,"errmsg":"keywords not in content"})'
    assert outcome.stages[-1].detail == (
        "200: the robot of DingTalk refuses the message, errcode 310000: keywords not in content"
    )


@pytest.mark.parametrize("body", [b'{"errcode":0,"errmsg":"ok"}', b"", b"ok"])
def test_a_robot_that_does_not_say_no_has_it(body: bytes) -> None:
    assert isinstance(judged(200, body, url=ROBOT), Sent)


def test_elsewhere_a_code_in_the_body_means_nothing() -> None:
    assert isinstance(judged(200, b'{"errcode":1}'), Sent)


def test_what_the_robot_echoes_of_its_key_is_masked() -> None:
    outcome = failed(200, b'{"errcode":1,"errmsg":"robot-token is unknown"}', url=ROBOT)

    assert "robot-token" not in str(outcome)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"", "", ""),
        (b"boom", "text/plain", "boom"),
        ("失败".encode(), "", "失败"),
        (b"\xff\xfe\x00", "", "\ufffd\ufffd\ufffd"),
        (b"a\0b", "", "a\ufffdb"),
        (b"line\r\n\x1b[2J", "", "line\r\n\x1b[2J"),
        ("失败".encode("gbk"), "text/html; charset=GBK", "失败"),
        ("失败".encode("gb18030"), 'text/html; charset="gb18030"; x=y', "失败"),
        ("é".encode("latin-1"), "text/html; charset=iso-8859-1", "é"),
        ("失败".encode("gbk"), "text/html", "ʧ\ufffd\ufffd"),
        (b"\xff", "text/plain; charset=rot13", "\ufffd"),
        (b"\xff", "text/plain; charset=no-such", "\ufffd"),
        ("失败".encode(), "text/html; charset=gbk", "失败"),
    ],
)
def test_the_response_is_kept_as_text_whatever_it_is(body: bytes, content_type: str, text: str) -> None:
    answer = Answer(status=500, headers={"content-type": content_type}, body=body)

    assert excerpt(answer) == text


def test_a_long_response_is_cut_and_says_so() -> None:
    outcome = failed(500, b"x" * 65536)

    assert outcome.response == "x" * (EXCERPT_CHARACTERS - 1) + "…"
    assert outcome.detail == "response status_code(500) body(" + "x" * 511 + "…)"


@pytest.mark.parametrize("before", range(4))
def test_the_cut_never_goes_through_a_character(before: int) -> None:
    answer = Answer(status=500, headers={}, body=(b"x" * before + "🔔".encode() * 5000))

    assert "\ufffd" not in excerpt(answer)
    assert len(excerpt(answer)) == EXCERPT_CHARACTERS


def test_a_body_that_the_transport_cut_says_so_however_short() -> None:
    assert excerpt(Answer(status=500, headers={}, body=b"abc\xe5\xa4", truncated=True)) == "abc…"


def test_the_detail_is_one_line_and_keeps_other_scripts() -> None:
    assert failed(500, "失败\r\n\x1b[31m\u202e".encode()).detail == (
        r"response status_code(500) body(失败\r\n\x1b[31m\u202e)"
    )


def test_an_echoed_token_is_masked_in_response_and_detail() -> None:
    outcome = failed(500, b"Authorization: Bearer test123", token="test123")

    assert outcome.response == f"Authorization: Bearer {MASK}"
    assert outcome.detail == f"response status_code(500) body(Authorization: Bearer {MASK})"
    assert judged(200, b"test123", token="test123") == Sent(
        status_code=200, response=MASK, stages=(Stage("response", 0.5),)
    )


def test_a_token_that_the_cap_goes_through_leaves_no_beginning() -> None:
    token = "0123456789abcdef" * 3

    # many long echoes shrink to masks, and bring into view what stood far behind
    outcome = failed(500, token.encode() * 999, token=token)
    assert set(outcome.response or "") == {"*", "…"}
    outcome = failed(500, b"you sent 01234567", token=token, truncated=True)
    assert outcome.response == "you sent …"


@given(
    status=st.integers(100, 999),
    body=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    truncated=st.booleans(),
)
def test_whatever_is_answered_has_an_outcome_that_can_be_stored_and_shown(
    status: int,
    body: bytes,
    truncated: bool,  # hypothesis passes it by name
) -> None:
    outcome = judged(status, body, url=ROBOT, truncated=truncated)

    assert "\0" not in (outcome.response or "")
    (outcome.response or "").encode()
    match outcome:
        case Sent():
            assert status == 200
        case Failed(detail=detail, stages=stages):
            assert len(detail.splitlines()) == 1
            assert all(not codecs.encode(stage.detail, "utf-8").count(b"\n") for stage in stages)


@given(st.binary(max_size=200), st.text("abcdef0123456789", min_size=4, max_size=40), st.binary(max_size=200))
def test_no_token_is_ever_kept(before: bytes, token: str, after: bytes) -> None:
    outcome = failed(500, before + token.encode() + after, token=token)

    assert token not in (outcome.response or "")
    assert token not in outcome.detail


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("9" * 400, 365 * 86400),
        ("Thu, 18 May 2023 12:00:30 GMT", 30),
        ("Thursday, 18-May-23 12:00:30 GMT", 30),
        ("Thu May 18 12:00:30 2023", 30),
        ("Thu, 18 May 2023 20:00:30 +0800", 30),
        ("Thu, 18 May 2023 11:00:00 GMT", 0),
        ("Fri, 01 Jan 9999 00:00:00 GMT", 365 * 86400),
        ("Thu, 99 May 2023 12:00:30 GMT", None),
        ("tomorrow", None),
        ("1, 2", None),
    ],
)
def test_retry_after_is_read_in_every_form(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, lambda: NOON) == seconds


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(-14, 14))  # noqa: DTZ001  # hypothesis wants naive bounds
def test_retry_after_as_a_date_is_the_time_until_then(moment: datetime, offset: int) -> None:
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(hours=offset)))

    assert retry_after(format_datetime(aware), lambda: aware - timedelta(seconds=90)) == 90


@given(st.text())
def test_no_retry_after_upsets_it(value: str) -> None:
    seconds = retry_after(value, lambda: NOON)

    assert seconds is None or 0 <= seconds <= 365 * 86400


@pytest.mark.parametrize("status", [429, 503, 500, 302, 204])
def test_every_failure_carries_retry_after(status: int) -> None:
    assert failed(status, headers={"Retry-After": "9"}).retry_after == 9
