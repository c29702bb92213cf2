"""Bellwire's own texts for people, in English and Chinese: what is said where no plugin's ``notify_render`` has words.

Pure: the same event gives the same text. What stands in an event comes from strangers, so in the title it is put on one
line, and in Markdown it is escaped.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import attrs

from bellwire.hookspecs import ChannelEvent, Event, Message, TestMessage, WorkflowEvent, format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_TITLE: Final = 200
_LONGEST_VALUE: Final = 2000
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_inline: Final = re.compile(r"([\\`*_{}\[\]<>&~|])")
_at_line_start: Final = re.compile(r"^([#+=-]|[0-9]+(?=[.)]))")


@attrs.frozen(kw_only=True)
class _Words:
    title: str
    actions: Mapping[str, str]
    statuses: Mapping[str, str]
    other_action: str
    labels: tuple[str, str, str, str, str]
    """Project, workflow, subject, status, time."""
    channel_actions: Mapping[str, str]
    channel_labels: tuple[str, str, str, str]
    """Channel, failures, reason, time."""
    colon: str


_ENGLISH: Final = _Words(
    title="[{platform}] {what}: {subject}",
    actions={
        "create": "Workflow created",
        "approve": "Workflow approved",
        "reject": "Workflow rejected",
        "exec_success": "Workflow executed",
        "exec_failed": "Workflow failed",
    },
    statuses={},
    other_action="Workflow: {action}",
    labels=("Project", "Workflow", "Subject", "Status", "Time"),
    channel_actions={"failing": "Channel failing", "recovered": "Channel recovered"},
    channel_labels=("Channel", "Failed attempts in a row", "Reason", "Time"),
    colon=": ",
)
# the words of the product's own pages
_CHINESE: Final = _Words(
    title="【{platform}】{what}：{subject}",  # noqa: RUF001 - Chinese has its own colon
    actions={
        "create": "工单创建",
        "approve": "工单审核通过",
        "reject": "工单审核驳回",
        "exec_success": "工单上线成功",
        "exec_failed": "工单上线失败",
    },
    statuses={
        "wait_for_audit": "待审核",
        "wait_for_execution": "待上线",
        "rejected": "已驳回",
        "canceled": "已关闭",
        "executing": "正在上线",
        "exec_failed": "上线失败",
        "finished": "上线成功",
    },
    other_action="工单 {action}",
    labels=("项目", "工单号", "工单名称", "状态", "时间"),
    channel_actions={"failing": "推送通道异常", "recovered": "推送通道已恢复"},
    channel_labels=("通道", "连续失败次数", "原因", "时间"),
    colon="：",  # noqa: RUF001 - Chinese has its own colon
)


def default_message(event: Event, locale: str, platform_name: str) -> Message:
    """*event* as a text for people in *locale*: Chinese for ``zh`` and its kin, English for all others.

    >>> from bellwire.hookspecs import TestMessage
    >>> default_message(TestMessage.for_platform("SQLE"), "en", "SQLE").title
    '[SQLE] Test notification'
    """
    is_chinese = re.split(r"[-_]", locale.lower())[0] == "zh"
    words = _CHINESE if is_chinese else _ENGLISH
    match event:
        case TestMessage():
            title = f"【{platform_name}】测试通知" if is_chinese else f"[{platform_name}] Test notification"
            return Message(title=_one_line(title), body=event.message, markdown=_escaped(event.message))
        case WorkflowEvent():
            return _workflow(event, words, platform_name)
        case ChannelEvent():
            return _channel(event, words, platform_name)
        case _:
            title = words.title.format(platform=platform_name, what=event.kind, subject=event.action)
            return _message(title, list(_facts(event)), words)


def _workflow(event: WorkflowEvent, words: _Words, platform_name: str) -> Message:
    workflow = event.workflow
    what = words.actions.get(event.action) or words.other_action.format(action=event.action)
    title = words.title.format(
        platform=platform_name, what=what, subject=workflow.workflow_subject or workflow.workflow_id
    )
    values = (
        workflow.project_name,
        workflow.workflow_id,
        workflow.workflow_subject,
        words.statuses.get(workflow.workflow_status, workflow.workflow_status),
        format_timestamp(event.timestamp),
    )
    return _message(title, list(zip(words.labels, values, strict=True)), words)


def _channel(event: ChannelEvent, words: _Words, platform_name: str) -> Message:
    what = words.channel_actions.get(event.action, event.action)
    title = words.title.format(platform=platform_name, what=what, subject=event.channel)
    values = (event.channel, str(event.failures or ""), event.detail, format_timestamp(event.timestamp))
    return _message(title, list(zip(words.channel_labels, values, strict=True)), words)


def _facts(event: Event) -> Iterable[tuple[str, str]]:
    """What an event of a kind that Bellwire has no words for holds: its payload, one table deep."""
    for key, value in event.payload().items():
        items = value.items() if isinstance(value, Mapping) else ((key, value),)
        for name, item in items:
            yield name, item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, default=str)
    yield "time", format_timestamp(event.timestamp)


def _message(title: str, facts: list[tuple[str, str]], words: _Words) -> Message:
    shown = [(_one_line(label), _short(value)) for label, value in facts if value]
    title = _one_line(title)
    return Message(
        title=title,
        body="\n".join(f"{label}{words.colon}{value}" for label, value in shown),
        markdown="\n".join(
            [
                f"**{_escaped(title)}**",
                "",
                *(f"- {_escaped(label)}{words.colon}{_escaped(value, begins_line=False)}" for label, value in shown),
            ]
        ),
    )


def _one_line(text: str) -> str:
    line = " ".join(_seen(text).split())
    return line if len(line) <= _LONGEST_TITLE else f"{line[: _LONGEST_TITLE - 1]}…"


def _short(text: str) -> str:
    plain = "\n".join(map(_seen, text.splitlines()))
    return plain if len(plain) <= _LONGEST_VALUE else f"{plain[: _LONGEST_VALUE - 1]}…"


def _seen(text: str) -> str:
    """*text* with a blank for whatever breaks lines, rings, or turns the writing direction around."""
    return "".join(" " if _is_unseen(character) else character for character in text)


def _is_unseen(character: str) -> bool:
    # the two joiners hold emoji and some scripts together
    return unicodedata.category(character) in _UNSEEN and character not in "\u200c\u200d"


def _escaped(text: str, *, begins_line: bool = True) -> str:
    r"""*text* so that CommonMark shows it as it stands, line by line.

    >>> _escaped("a_b [x](http://y)"), _escaped("- no list")
    ('a\\_b \\[x\\](http://y)', '\\- no list')
    """
    lines = [_inline.sub(r"\\\1", line.strip()) for line in text.splitlines()]
    first = 0 if begins_line else 1
    lines[first:] = [_at_line_start.sub(_escaped_start, line) for line in lines[first:]]
    return "  \n".join(lines)


def _escaped_start(found: re.Match[str]) -> str:
    # a number is a list's when a dot or a parenthesis follows, and only that can be escaped
    return f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}"
