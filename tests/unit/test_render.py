"""Bellwire's own texts for people."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Self

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bellwire.core.render import default_message
from bellwire.hookspecs import (
    WORKFLOW_ACTIONS,
    ChannelEvent,
    Event,
    JSONValue,
    Message,
    TestMessage,
    Workflow,
    WorkflowEvent,
)

MOMENT = datetime(2023, 5, 18, 15, 45, 25, tzinfo=timezone(timedelta(hours=8)))


def event(action: str = "approve", **changes: Any) -> WorkflowEvent:
    fields = {
        "project_name": "payments",
        "workflow_id": "1734",
        "workflow_subject": "Add an index",
        "workflow_status": "wait_for_execution",
    }
    return WorkflowEvent(action=action, timestamp=MOMENT, workflow=Workflow(**(fields | changes)))


def message(of: Event, locale: str = "en") -> Message:
    return default_message(of, locale, "SQLE")


def test_a_workflow_event_in_english() -> None:
    assert message(event()) == Message(
        title="[SQLE] Workflow approved: Add an index",
        body="Project: payments\nWorkflow: 1734\nSubject: Add an index\nStatus: wait_for_execution\n"
        "Time: 2023-05-18T15:45:25+08:00",
        markdown="**\\[SQLE\\] Workflow approved: Add an index**\n\n- Project: payments\n- Workflow: 1734\n"
        "- Subject: Add an index\n- Status: wait\\_for\\_execution\n- Time: 2023-05-18T15:45:25+08:00",
    )


def test_a_workflow_event_in_chinese() -> None:
    found = message(event(workflow_subject="增加索引", workflow_status="wait_for_execution"), "zh")
    assert found.title == "【SQLE】工单审核通过：增加索引"
    assert found.body.splitlines() == [
        "项目：payments",
        "工单号：1734",
        "工单名称：增加索引",
        "状态：待上线",
        "时间：2023-05-18T15:45:25+08:00",
    ]


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_each_action_has_words_of_its_own(locale: str) -> None:
    titles = {message(event(action), locale).title for action in (*WORKFLOW_ACTIONS, "cancel")}
    assert len(titles) == 6


@pytest.mark.parametrize(("action", "title"), [("cancel", "[SQLE] Workflow: cancel: Add an index")])
def test_an_action_that_the_host_added_is_named(action: str, title: str) -> None:
    assert message(event(action)).title == title


@pytest.mark.parametrize("locale", ["zh", "zh-CN", "zh_TW", "ZH-Hans"])
def test_all_chinese_locales_are_chinese(locale: str) -> None:
    assert message(event(), locale).title.startswith("【SQLE】")


@pytest.mark.parametrize("locale", ["en", "en-GB", "fr", "", "zhx"])
def test_all_other_locales_are_english(locale: str) -> None:
    assert message(event(), locale).title.startswith("[SQLE] ")


def test_a_status_that_is_not_known_is_shown_as_it_is() -> None:
    assert "状态：on_hold" in message(event(workflow_status="on_hold"), "zh").body


def test_what_is_empty_is_left_out_and_the_id_stands_in_for_the_subject() -> None:
    found = message(event(workflow_subject="", project_name="", workflow_status=""))
    assert found.title == "[SQLE] Workflow approved: 1734"
    assert found.body == "Workflow: 1734\nTime: 2023-05-18T15:45:25+08:00"


@pytest.mark.parametrize(("locale", "title"), [("en", "[SQLE] Test notification"), ("zh", "【SQLE】测试通知")])
def test_the_test_message_keeps_the_specifications_text(locale: str, title: str) -> None:
    test = TestMessage.for_platform("SQLE")
    assert message(test, locale).title == title
    assert message(test, locale).body == test.message


def test_news_of_a_channel() -> None:
    failing = ChannelEvent(
        action="failing", channel="ops", failures=3, detail="10.0.0.1:80 refused the connection", timestamp=MOMENT
    )
    assert message(failing) == Message(
        title="[SQLE] Channel failing: ops",
        body="Channel: ops\nFailed attempts in a row: 3\nReason: 10.0.0.1:80 refused the connection\n"
        "Time: 2023-05-18T15:45:25+08:00",
        markdown="**\\[SQLE\\] Channel failing: ops**\n\n- Channel: ops\n- Failed attempts in a row: 3\n"
        "- Reason: 10.0.0.1:80 refused the connection\n- Time: 2023-05-18T15:45:25+08:00",
    )
    recovered = message(ChannelEvent(action="recovered", channel="ops", timestamp=MOMENT), "zh")
    assert recovered.title == "【SQLE】推送通道已恢复：ops"
    assert "连续失败次数" not in recovered.body


def test_an_event_of_another_kind_is_told_by_what_it_holds() -> None:
    @attrs.frozen(kw_only=True)
    class InvoiceEvent(Event):
        kind = "invoice"
        number: str

        @property
        def ordering_key(self) -> str:
            return self.number

        def payload(self) -> Mapping[str, JSONValue]:
            return {"invoice": {"number": self.number, "lines": [1, "二"], "paid": True}, "note": "n"}

        @classmethod
        def from_payload(cls, payload: Mapping[str, Any], **envelope: Any) -> Self:
            raise NotImplementedError

    found = message(InvoiceEvent(action="paid", number="7", timestamp=MOMENT))
    assert found.title == "[SQLE] invoice: paid"
    assert found.body == 'number: 7\nlines: [1, "二"]\npaid: true\nnote: n\ntime: 2023-05-18T15:45:25+08:00'


def test_a_title_is_one_line_and_not_endless() -> None:
    assert message(event(workflow_subject="a\nb\r\n\x1b[31mc\u202ed\u2028e")).title == (
        "[SQLE] Workflow approved: a b [31mc d e"
    )
    long = message(event(workflow_subject="x" * 1000)).title
    assert len(long) == 200
    assert long.endswith("…")
    assert len(message(event(workflow_subject="x" * 100_000)).body) < 3000


@pytest.mark.parametrize(
    "subject",
    ["<script>alert(1)</script>", "[click](http://evil)", "![x](http://evil)", "`code`", "**bold**", "a_b_c", "~~x~~",
     "&amp;", "| a | b |", "\\*", "# head\n## head", "- item\n+ item\n1. one\n2) two", "> quote", "x\n===", "x\n---",
     "<http://evil>", "![][a]\n[a]: http://evil"],
)  # fmt: skip
def test_what_a_stranger_wrote_stays_text_in_markdown(subject: str) -> None:
    markdown = message(event(workflow_subject=subject)).markdown
    assert markdown is not None
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)

    tags = {part.split(">")[0].strip("/ ") for part in html.split("<")[1:]}
    assert tags <= {"p", "strong", "ul", "li", "br"}


@given(st.text(), st.text(min_size=1), st.sampled_from(["en", "zh"]))
def test_no_text_of_a_strangers_breaks_a_title_or_the_markdown(subject: str, workflow_id: str, locale: str) -> None:
    found = message(event(workflow_subject=subject, workflow_id=workflow_id), locale)

    assert len(found.title.splitlines()) == 1
    for character in (*found.title, *found.body.replace("\n", "")):
        assert character in "\u200c\u200d" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), (
            repr(character)
        )
    assert found.markdown is not None
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(found.markdown)
    tags = {part.split(">")[0].strip("/ ") for part in html.split("<")[1:]}
    assert tags <= {"p", "strong", "ul", "li", "br"}
    found.title.encode()
