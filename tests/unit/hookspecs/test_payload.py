"""What JSON, or one of the databases, cannot carry is refused by its place."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.hookspecs import InvalidPayload, Workflow, WorkflowEvent, format_timestamp


def text_of(**extra: Any) -> str:
    workflow = Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="x", extra=extra)
    return WorkflowEvent(action="create", workflow=workflow).to_json()


def refusal(**extra: Any) -> str:
    with pytest.raises(InvalidPayload) as caught:
        text_of(**extra)
    return str(caught.value).removeprefix("payload.workflow.")


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def circle() -> list[Any]:
    inner: list[Any] = []
    inner.append({"again": inner})
    return inner


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (math.nan, "x: nan is not JSON; send null or a text instead"),
        (-math.inf, "x: -inf is not JSON; send null or a text instead"),
        ([1, {"y": math.nan}], "x[1].y: nan is not JSON; send null or a text instead"),
        ("a\0b", "x: holds the character U+0000, which databases and receivers cannot carry"),
        ({"a\0b": 1}, "the key 'payload.workflow.x.a\\x00b': holds the character U+0000"),
        ("a\ud800", "x: holds the lone surrogate U+D800, which is not UTF-8"),
        ({"k\udfff": 1}, "the key 'payload.workflow.x.k\\udfff': holds the lone surrogate U+DFFF"),
        ({1: 2}, "x: the key 1 is a int; JSON keys are text"),
        ({None: 2}, "x: the key None is a NoneType; JSON keys are text"),
        ({"a": {True: 2}}, "x.a: the key True is a bool; JSON keys are text"),
        (Decimal(1), "x: a Decimal is not JSON; use str, int, float, bool, None, a list or a dict with text keys"),
        ({1, 2}, "x: a set is not JSON"),
        (b"x", "x: a bytes is not JSON"),
        (datetime(2023, 5, 18, tzinfo=UTC), "x: a datetime is not JSON"),
        pytest.param(1 << 20000, "x: a number of 20001 bits is larger than JSON's readers take", id="a huge number"),
        (circle(), "x[0].again: refers to itself"),
        (nested(50_000), "nested deeper than 200 levels"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_its_place(value: Any, sentence: str) -> None:
    assert sentence in refusal(x=value)


def test_a_field_of_the_workflow_itself_is_named_too() -> None:
    with pytest.raises(InvalidPayload, match=r"payload\.workflow\.workflow_subject: holds the character U\+0000"):
        WorkflowEvent(
            action="create",
            workflow=Workflow(project_name="p", workflow_id="1", workflow_subject="\0", workflow_status="x"),
        ).to_json()
    with pytest.raises(InvalidPayload, match=r"^action: holds the lone surrogate"):
        WorkflowEvent(
            action="\ud800",
            workflow=Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="x"),
        ).to_json()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("工单 <b>&amp;</b> 😀", '"工单 <b>&amp;</b> 😀"'),
        ("\u2028\x7f", '"\u2028\x7f"'),
        ("\\u0000", '"\\\\u0000"'),  # six characters, none of them NUL
        ((1, 2), "[1,2]"),
        (MappingProxyType({"a": MappingProxyType({})}), '{"a":{}}'),
        (nested(150), "[" * 150 + '"x"' + "]" * 150),
        (1e300, "1e+300"),
        (-0.0, "-0.0"),
    ],
)
def test_what_can_be_carried_is_written_compactly_and_as_it_stands(value: Any, written: str) -> None:
    assert text_of(x=value).endswith(f'"x":{written}}}}}}}')


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2023, 5, 18, 15, 45, 25, tzinfo=timezone(timedelta(hours=8))), "2023-05-18T15:45:25+08:00"),
        (datetime(2023, 5, 18, 7, 45, 25, 999999, tzinfo=UTC), "2023-05-18T07:45:25Z"),
        (datetime(2023, 5, 18, 7, 45, 25, tzinfo=timezone(timedelta(0))), "2023-05-18T07:45:25Z"),
        (
            datetime(2023, 5, 18, 4, 15, 25, tzinfo=timezone(-timedelta(hours=3, minutes=30))),
            "2023-05-18T04:15:25-03:30",
        ),
        (datetime(1900, 1, 1, 0, 5, 43, tzinfo=timezone(timedelta(minutes=5, seconds=43))), "1900-01-01T00:00:00Z"),
    ],
)
def test_times_are_rfc_3339_with_their_own_offset(moment: datetime, text: str) -> None:
    assert format_timestamp(moment) == text


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        format_timestamp(datetime(2023, 5, 18))  # noqa: DTZ001 - the misuse


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.none(), inner, max_size=3)
        | st.tuples(inner)
    ),
    max_leaves=10,
)


@given(trees)
def test_anything_is_either_carried_faithfully_or_refused_in_a_sentence(value: Any) -> None:
    try:
        text = text_of(x=value)
    except InvalidPayload as error:
        assert str(error).startswith(("payload.workflow.x", "the key 'payload.workflow.x"))  # noqa: PT017 - either is fine
        return
    text.encode()
    assert "\\u0000" not in text.replace("\\\\", "")
    written = json.loads(text)["payload"]["workflow"]["x"]
    assert written == json.loads(json.dumps(value))
