from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.template import PayloadTemplate, template_problems
from bellwire.hookspecs import ChannelEvent, Event, InvalidConfig, JSONValue, TestMessage, Workflow, WorkflowEvent

EVENT = WorkflowEvent(
    action="create",
    workflow=Workflow(
        project_name="p",
        workflow_id="7",
        workflow_subject='工单 "1"\n{{action}} \\',
        workflow_status="finished",
        extra={"step": {"no": 3, "share": 0.5, "vip": True, "none": None}, "users": [{"name": "Li"}, {"name": "Wu"}]},
    ),
)
FURTHER = {"event_id": "e", "delivery_id": "d", "channel_name": "ops", "platform_name": "SQLE"}


def filled(template: Any, event: Event = EVENT) -> Any:
    text = template if isinstance(template, str) else json.dumps(template)
    return json.loads(PayloadTemplate.parse(text).fill(event.to_json(), **FURTHER))


def problems(template: Any) -> list[str]:
    text = template if isinstance(template, str) else json.dumps(template)
    return [str(problem) for problem in template_problems(text) if problem.severity == "error"]


def warnings(template: Any) -> list[str]:
    text = template if isinstance(template, str) else json.dumps(template)
    return [str(problem) for problem in template_problems(text) if problem.severity == "warning"]


# -- what becomes of a string ------------------------------------------------------------------------------------------

STEP = "payload.workflow.step"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event", "workflow"),
        ("action", "create"),
        ("payload.workflow.workflow_subject", EVENT.workflow.workflow_subject),
        (f"{STEP}.no", 3),
        (f"{STEP}.share", 0.5),
        (f"{STEP}.vip", True),
        (f"{STEP}.none", None),
        (STEP, {"no": 3, "share": 0.5, "vip": True, "none": None}),
        ("payload.workflow.users.1.name", "Wu"),
        ("payload.workflow.users", [{"name": "Li"}, {"name": "Wu"}]),
        ("event_id", "e"),
        ("delivery_id", "d"),
        ("channel_name", "ops"),
        ("platform_name", "SQLE"),
    ],
)
def test_a_string_that_is_one_path_becomes_the_value_with_its_type(path: str, value: Any) -> None:
    assert filled({"a": f"{{{{{path}}}}}"}) == {"a": value}
    assert filled({"a": f"{{{{ {path} }}}}"}) == {"a": value}


def test_the_whole_document_and_its_time_are_within_reach() -> None:
    assert filled('["{{timestamp}}", "{{payload}}"]') == [
        json.loads(EVENT.to_json())["timestamp"],
        json.loads(EVENT.to_json())["payload"],
    ]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{{payload.workflow.project_name}}: {{action}}", "p: create"),
        (f"no {{{{{STEP}.no}}}}, {{{{{STEP}.share}}}}, {{{{{STEP}.vip}}}}", "no 3, 0.5, true"),
        (f"[{{{{{STEP}.none}}}}]", "[]"),
        ("[{{payload.workflow.absent}}]", "[]"),
        ("users: {{payload.workflow.users}}", 'users: [{"name":"Li"},{"name":"Wu"}]'),
        (">{{payload.workflow.workflow_subject}}<", f">{EVENT.workflow.workflow_subject}<"),
        ("{{action}}{{action}}", "createcreate"),
    ],
)
def test_within_a_longer_string_a_value_stands_as_text(text: str, result: str) -> None:
    assert filled({"a": text}) == {"a": result}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{{{{", "{{"),
        ("{{{{action}}", "{{action}}"),
        ("{{{action}}}", "{create}"),
        ("{{{{{action}}", "{{{action}}"),
        ("{{{{{{action}}", "{{create"),
        ("{ {x} } }}", "{ {x} } }}"),
        ("", ""),
    ],
)
def test_four_braces_are_two_and_of_three_the_first_is_the_texts_own(text: str, result: str) -> None:
    assert filled({"a": text, "b": "{{action}}"})["a"] == result


@pytest.mark.parametrize(
    "path",
    [
        "payload.workflow.absent",
        "payload.workflow.users.2.name",
        "payload.workflow.users.x",
        "payload.workflow.users.٠",
        "payload.workflow.users.-1",
        f"payload.workflow.users.{'9' * 30}",
        f"{STEP}.no.deeper",
        "payload.channel.detail",
        "payload.message",
        "payload.invoice.number",
    ],
)
def test_what_the_event_does_not_have_is_null(path: str) -> None:
    assert filled({"a": f"{{{{{path}}}}}"}) == {"a": None}


def test_a_value_is_put_in_once_and_its_own_braces_stay() -> None:
    assert filled({"a": "{{payload.workflow.workflow_subject}}!"})["a"].endswith("{{action}} \\!")


def test_numbers_names_and_order_of_the_template_stay_as_they_are() -> None:
    text = '{"z":1,"a":[true,null,1.5,"x"],"{b}":{"c":"{{action}}"}}'
    body = PayloadTemplate.parse(text).fill(EVENT.to_json())
    assert body == text.replace("{{action}}", "create")


def test_a_test_message_and_news_of_a_channel_go_through_it_as_well() -> None:
    template = {"kind": "{{event}}", "text": "{{payload.message}}", "detail": "{{payload.channel.detail}}"}
    news = ChannelEvent(action="failing", channel="chat", failures=1, detail="no")

    assert filled(template, TestMessage(message="hello")) == {"kind": "test", "text": "hello", "detail": None}
    assert filled(template, news) == {"kind": "channel", "text": None, "detail": "no"}


# -- the law -----------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class AnyEvent(Event):
    kind = "any"
    content: Mapping[str, JSONValue] = attrs.field(factory=dict)

    def payload(self) -> Mapping[str, JSONValue]:
        return self.content


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6) | st.sampled_from(
    ['"', "\\", '","x":"', "}}", "{{action}}", "{{{{", "\u2028", "</script>", "\n"]
)
scalars = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
field_names = st.sampled_from(["workflow", "a", "b", "0"])
payloads = st.dictionaries(
    field_names,
    st.recursive(
        scalars | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(field_names | texts, inner, max_size=3),
        max_leaves=10,
    ),
    max_size=3,
)
holes = st.lists(field_names, max_size=3).map(lambda names: "{{" + ".".join(["payload", *names]) + "}}")
strings = st.lists(holes | texts.map(lambda text: text.replace("{", "")) | st.just("{{{{"), max_size=4).map("".join)
template_names = texts.map(lambda text: text.replace("{", "("))
templates = st.recursive(
    scalars | strings,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(template_names, inner, max_size=3),
    max_leaves=10,
)


def assert_only_strings_changed(before: Any, after: Any) -> None:
    if isinstance(before, dict):
        assert isinstance(after, dict)
        assert list(before) == list(after)
        for name, item in before.items():
            assert_only_strings_changed(item, after[name])
    elif isinstance(before, list):
        assert isinstance(after, list)
        assert len(before) == len(after)
        for old, new in zip(before, after, strict=True):
            assert_only_strings_changed(old, new)
    elif not isinstance(before, str) or "{{" not in before:
        assert (type(after), after) == (type(before), before)


@given(payloads, templates)
@example({"a": '","x":"'}, {"t": "{{payload.a}}", "u": "-{{payload.a}}-"})
def test_for_any_event_and_any_template_the_body_is_json_and_only_strings_change(
    payload: dict[str, Any], template: Any
) -> None:
    event = AnyEvent(action="x", content=payload)
    body = PayloadTemplate.parse(json.dumps(template)).fill(event.to_json(), **FURTHER)
    body.encode()

    assert_only_strings_changed(template, json.loads(body, parse_constant=pytest.fail))


@given(payloads, st.lists(field_names, max_size=3))
def test_one_path_alone_brings_exactly_what_stands_there(payload: dict[str, Any], names: list[str]) -> None:
    expected: Any = payload
    for name in names:
        if isinstance(expected, list):
            expected = dict(enumerate(expected)).get(int(name)) if name == "0" else None
        else:
            expected = expected.get(name) if isinstance(expected, dict) else None
    template = {"a": "{{" + ".".join(["payload", *names]) + "}}"}

    assert filled(template, AnyEvent(action="x", content=payload)) == {"a": expected}


@given(st.text(max_size=30) | strings.map(json.dumps) | st.text('{}[]":,ap. \\u1', max_size=20))
@example('{"a":1,"a":2}')
@example('["\\ud800"]')
@example("[" * 100_000)
@example("1" * 5000)
def test_any_text_is_a_template_or_is_said_not_to_be_one(text: str) -> None:
    if errors := problems(text):
        with pytest.raises(ValueError, match="is no JSON document|holds|path|braces|nested"):
            PayloadTemplate.parse(text)
        assert all(error.startswith("payload_template: ") and len(error) < 1000 for error in errors)
    else:
        json.loads(PayloadTemplate.parse(text).fill(EVENT.to_json()), parse_constant=pytest.fail)


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (
            '{"a": {{action}}}',
            "is no JSON document: Expecting property name enclosed in double quotes, at line 1, column 8",
        ),
        ('{"a": {{action}}}', "each {{path}} stands in quotes"),
        ('{"a": 1,}', "is no JSON document: "),
        ('{"a": 1, "a": 2}', "the name 'a' is there twice in one object"),
        ("[NaN]", "NaN is not JSON"),
        ("[1e999]", "holds a number that is too large"),
        ('["\\ud800"]', "holds a lone surrogate"),
        ({"{{action}}": 1}, "holds {{path}} in the name '{{action}}'; it may stand in values only"),
        ({"a": "{{action"}, "holds a {{ that no }} ends; write {{{{ for two braces themselves"),
        ({"a": "{{}}"}, "{{}}: '' is no path"),
        ({"a": "{{payload..x}}"}, "{{payload..x}}: 'payload..x' is no path"),
        ({"a": "{{payload.*}}"}, "{{payload.*}}: a template takes one value"),
        ({"a": "{{workflow.workflow_id}}"}, "workflow.workflow_id does not begin with one of action, event, payload,"),
        ({"a": "{{workflow.workflow_id}}"}, "there are event, action, timestamp, payload.workflow.project_name, "),
        ({"a": "{{action.x}}"}, "action.x: nothing lies below action"),
        ({"a": "{{event_id.x}}"}, "event_id.x: nothing lies below event_id"),
        ({"a": "{{payload.workflow.workflow_id.0}}"}, "nothing lies below payload.workflow.workflow_id"),
        ({"a": "{{payload.channel.reason}}"}, "there are detail, failures, name below payload.channel"),
        ({"a": ["{{action}}"] * 201}, "holds 201 times {{path}}; 200 at most are allowed"),
        ("[" * 200 + '"{{action}}"' + "]" * 200, "is nested deeper than 100 levels"),
    ],
)
def test_what_cannot_be_a_template_is_refused_in_a_sentence(template: Any, said: str) -> None:
    assert said in "\n".join(problems(template))
    with pytest.raises(InvalidConfig, match="payload_template: "):
        WebhookConfig(payload_template=template if isinstance(template, str) else json.dumps(template))


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert len(problems({"a": "{{actoin}}", "b": "{{x", "{{c}}": 1})) == 3


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ({"a": "{{payload.workflow.workflow_subjet}}"}, "did you mean payload.workflow.workflow_subject?"),
        ({"a": "{{payload.workflo.workflow_id}}"}, "did you mean payload.workflow.workflow_id?"),
        ({"a": "action"}, "holds no {{path}}, so every event is sent as the same text"),
    ],
)
def test_what_may_be_a_slip_is_warned_of(template: Any, said: str) -> None:
    assert problems(template) == []
    (warning,) = warnings(template)
    assert said in warning


@pytest.mark.parametrize("path", ["payload.workflow.project_uid", "payload.invoice.number", "payload"])
def test_fields_of_a_hosts_own_are_taken_without_a_word(path: str) -> None:
    assert problems({"a": f"{{{{{path}}}}}"}) == warnings({"a": f"{{{{{path}}}}}"}) == []


def test_a_robot_is_not_warned_of_where_a_template_may_speak_its_language() -> None:
    url = "https://oapi.dingtalk.com/robot/send"
    assert [problem.path for problem in WebhookConfig(url=url).problems()] == ["url"]
    assert WebhookConfig(url=url, payload_template='{"text": "{{action}}"}').problems() == []
