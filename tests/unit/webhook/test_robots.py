from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.channels.webhook.robots import robot_at, robot_refusal


@pytest.mark.parametrize(
    ("host", "robot"),
    [
        ("oapi.dingtalk.com", "DingTalk"),
        ("api.dingtalk.com", "DingTalk"),
        ("open.feishu.cn", "Feishu"),
        ("open.larksuite.com", "Lark"),
        ("qyapi.weixin.qq.com", "WeCom"),
        ("QYAPI.weixin.qq.com.", "WeCom"),
        ("example.org", None),
        ("oapi.dingtalk.com.evil.example", None),
        ("", None),
        (None, None),
    ],
)
def test_robots_are_known_by_their_host(host: str | None, robot: str | None) -> None:
    assert robot_at(host) == robot


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ('{"errcode":310000,"errmsg":"keywords not in content"}', "errcode 310000: keywords not in content"),
        ('{"errcode":93000,"errmsg":"invalid webhook url"}', "errcode 93000: invalid webhook url"),
        ('{"code":19001,"data":{},"msg":"param invalid"}', "code 19001: param invalid"),
        ('{"StatusCode":9499,"StatusMessage":"Bad Request"}', "StatusCode 9499: Bad Request"),
        ('{"errcode":"40035","errmsg":""}', "errcode 40035"),
        ('{"errcode":-1,"errmsg":"busy"}', "errcode -1: busy"),
        ('{"code":"Forbidden.AccessDenied","message":"no"}', "code Forbidden.AccessDenied: no"),
        ('{"errcode":0,"errmsg":"ok"}', None),
        ('{"code":0,"msg":"success","StatusCode":0}', None),
        ('{"code":"0"}', None),
        ('{"errcode":null,"code":true}', None),
        ("{}", None),
        ("[1]", None),
        ("ok", None),
        ("", None),
        ("\ufeff{}", None),
        ("[" * 100_000, None),
        ('{"errcode":' + "9" * 5000 + "}", None),
    ],
)
def test_a_robot_says_no_by_a_code_that_is_not_zero(body: str, refusal: str | None) -> None:
    assert robot_refusal(body.encode()) == refusal


def test_a_later_code_counts_where_an_earlier_one_is_zero() -> None:
    assert robot_refusal(json.dumps({"errcode": 0, "code": 7}).encode()) == "code 7"


@given(st.binary())
def test_no_body_upsets_it(body: bytes) -> None:
    robot_refusal(body)
