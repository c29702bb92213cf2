"""Chat robots: they answer 200 whatever happens, and say in the body whether it did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROBOTS: Final[Mapping[str, str]] = {
    "oapi.dingtalk.com": "DingTalk",
    "api.dingtalk.com": "DingTalk",
    "open.feishu.cn": "Feishu",
    "open.larksuite.com": "Lark",
    "qyapi.weixin.qq.com": "WeCom",
}
# DingTalk and WeCom: errcode, errmsg. Feishu and Lark: code, msg, and before 2021 StatusCode, StatusMessage.
_CODES: Final = ("errcode", "code", "StatusCode")
_MESSAGES: Final = ("errmsg", "msg", "message", "StatusMessage")
_FINE: Final = frozenset(("", "0", "ok", "success"))


def robot_at(host: str | None) -> str | None:
    """Whose chat robots live at *host*, if any do.

    >>> robot_at("Open.Feishu.cn."), robot_at("example.org")
    ('Feishu', None)
    """
    return _ROBOTS.get((host or "").lower().rstrip("."))


def robot_refusal(body: bytes) -> str | None:
    """What a robot's answer says went wrong, or ``None`` when it took the message, or says nothing that can be read.

    >>> robot_refusal(b'{"errcode":310000,"errmsg":"keywords not in content"}')
    'errcode 310000: keywords not in content'
    >>> robot_refusal(b'{"code":0,"msg":"success"}')
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    for name in _CODES:
        match document.get(name):
            case None | bool():
                continue
            case int() | float() as code if code:
                return _refusal(name, str(code), document)
            case str() as code if code.strip().lower() not in _FINE:
                return _refusal(name, code, document)
    return None


def _refusal(name: str, code: str, document: Mapping[str, object]) -> str:
    message = next((text for key in _MESSAGES if isinstance(text := document.get(key), str) and text), "")
    return f"{name} {code}: {message}" if message else f"{name} {code}"
