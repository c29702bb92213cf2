"""What a receiver's answer asks of the administrator."""

from __future__ import annotations

from typing import Any

import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.meaning import advice_of
from bellwire.hookspecs import Failed, Secret, Sent

LOGIN = '\n<!-- sso -->\n<!DOCTYPE html><html lang="en"><head><title>Sign in</title></head></html>'
TOKEN: dict[str, Any] = {"token": Secret("t")}


def told(status: int | None, *, response: str = "", is_test: bool = True, stage: Any = "status", **config: Any) -> str:
    outcome = Failed(stage=stage, detail="no", status_code=status, response=response)
    channel = WebhookConfig(**{"url": "http://192.168.21.34:8000/hooks/workflow", **config})
    return "; ".join(advice_of(outcome, channel, is_test=is_test))


@pytest.mark.parametrize(
    ("status", "config", "words"),
    [
        (204, {}, 'have the receiver answer 200, or set accept_status = "2xx" to take 204 for success as well'),
        (302, {}, "set url to the address that it points to"),
        (401, {}, "set token to the one that the receiver expects; or it wants a signature"),
        (401, TOKEN, "compare token with the receiver's"),
        (401, {"url": "http://ops:pw@192.168.21.34:8000/"}, "compare what user name in url says with the receiver's"),
        (401, {"username": "ops", "password": Secret("pw")}, "compare what username and password says"),
        (401, {"headers": {"X-Api-Key": Secret("k")}}, "compare the values of headers (X-Api-Key) with"),
        (403, {}, "set token, if the receiver wants one; or a firewall"),
        (403, TOKEN, "token may be right and not allowed to post here"),
        (403, {"headers": {"X-Api-Key": Secret("k")}}, "headers may be right and not allowed"),
        (404, {}, "is the path /hooks/workflow right"),
        (404, {"url": "http://192.168.21.34:8000"}, "the url has no path"),
        (405, {}, "must take POST there"),
        (413, {}, "client_max_body_size"),
        (415, {}, "read JSON at this path"),
        (429, {}, "try again later; max_per_second keeps a pace"),
        (400, {}, 'the receiver refuses test events: try test_payload = "workflow"'),
        (422, {}, 'the receiver refuses test events: try test_payload = "workflow"'),
        (422, {"test_payload": "workflow"}, "cannot read the event: its answer says what it misses"),
        (418, {}, "refuses the request"),
        (500, {}, "the receiver failed by itself"),
        (502, {}, "does the receiver run behind it?"),
        (503, {}, "being deployed"),
        (504, {}, "does the receiver run behind it?"),
        (200, {"url": "https://oapi.dingtalk.com/robot/send"}, "a chat robot cannot read this payload"),
    ],
)
def test_each_answer_asks_for_something(status: int, config: dict[str, Any], words: str) -> None:
    assert words in told(status, **config)


def test_a_refused_real_event_is_not_blamed_on_the_test() -> None:
    assert "test_payload" not in told(400, is_test=False)
    assert "try again later" not in told(429, is_test=False)


def test_a_signed_channel_that_is_not_authorized_does_not_hear_of_signatures() -> None:
    assert "signature" not in told(401, signature="github", signing_secret=(Secret("s"),), **TOKEN)


@pytest.mark.parametrize("status", [403, 404, 502])
def test_a_page_of_html_in_a_refusal_is_noticed(status: int) -> None:
    assert told(status, response=LOGIN).endswith("is the url the one that takes POST requests of programs?")


def test_a_login_page_that_answers_200_makes_the_success_doubtful() -> None:
    config = WebhookConfig(url="http://192.168.21.34:8000/")
    (sentence,) = config.advise(Sent(status_code=200, response=LOGIN), is_test=True)
    assert "login page" in sentence
    assert list(config.advise(Sent(status_code=200, response='{"html": "<html>"}'), is_test=True)) == []


def test_where_no_answer_came_the_engines_own_advice_will_do() -> None:
    assert told(None, stage="connect") == ""
    assert told(None, stage="status") == ""
