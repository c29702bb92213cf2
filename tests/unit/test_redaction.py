"""What is taken out of a payload, as a pure function of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core import ConfigError, Settings
from bellwire.core.config import load_settings
from bellwire.core.redaction import fields_problem, fields_warnings, masked, redaction_of
from bellwire.hookspecs import MASK

FOUR = {"project_name": "p", "workflow_id": "7", "workflow_subject": "s", "workflow_status": "finished"}


def settings(**values: Any) -> Settings:
    return Settings(**values)


def redacted(workflow: dict[str, Any], *, drop: tuple[str, ...] = (), mask: tuple[str, ...] = ()) -> Any:
    below = "payload.workflow."
    rules = redaction_of(tuple(below + path for path in drop), tuple(below + path for path in mask))
    return rules.apply({"workflow": workflow})["workflow"]


def test_a_dropped_field_is_absent_with_all_that_lies_below_it() -> None:
    assert redacted({**FOUR, "user": {"name": "Li"}, "n": 1}, drop=("user",)) == {**FOUR, "n": 1}
    assert redacted({**FOUR, "user": {"name": "Li", "id": 1}}, drop=("user.name",)) == {**FOUR, "user": {"id": 1}}


@pytest.mark.parametrize("field", ["project_name", "workflow_subject", "workflow_status"])
def test_of_the_four_fields_that_the_wire_always_has_a_dropped_one_is_empty(field: str) -> None:
    assert redacted(FOUR, drop=(field,)) == {**FOUR, field: ""}
    assert list(redacted(FOUR, drop=(field,))) == list(FOUR)


def test_a_masked_text_is_the_mask_and_a_number_or_truth_value_null() -> None:
    extra = {"phone": "123", "empty": "", "amount": 5, "share": 0.5, "vip": True, "none": None}
    assert redacted({**FOUR, **extra}, mask=tuple(extra)) == {
        **FOUR,
        "phone": MASK,
        "empty": MASK,
        "amount": None,
        "share": None,
        "vip": None,
        "none": None,
    }


def test_what_is_masked_as_a_whole_keeps_its_names_and_its_length() -> None:
    user = {"name": "Li", "phones": ["1", "2"], "at": {"city": "X", "no": 3}}
    assert redacted({**FOUR, "user": user}, mask=("user",))["user"] == {
        "name": MASK,
        "phones": [MASK, MASK],
        "at": {"city": MASK, "no": None},
    }


def test_items_are_named_by_number_and_a_star_is_each_of_them() -> None:
    steps = [{"name": "a", "no": 1}, {"name": "b", "no": 2}]
    assert redacted({"steps": steps}, drop=("steps.1.name",))["steps"] == [{"name": "a", "no": 1}, {"no": 2}]
    assert redacted({"steps": steps}, mask=("steps.*.name",))["steps"] == [
        {"name": MASK, "no": 1},
        {"name": MASK, "no": 2},
    ]
    assert redacted({"steps": steps}, drop=("steps.0",))["steps"] == steps[1:]
    assert redacted({"steps": {"x": {"name": "a"}}}, drop=("steps.*.name",))["steps"] == {"x": {}}


def test_what_is_both_dropped_and_masked_is_dropped() -> None:
    assert "n" not in redacted({"n": "1"}, drop=("n",), mask=("n",))


def test_a_path_that_leads_nowhere_takes_nothing() -> None:
    assert redacted({**FOUR, "n": [1]}, drop=("gone", "n.7", "n.x", "n.0.y"), mask=("gone.too",)) == {**FOUR, "n": [1]}


names = st.sampled_from(["a", "b", "0", "1"])
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)
paths = st.lists(names | st.just("*"), min_size=1, max_size=4).map(tuple)


def at(value: Any, path: tuple[str, ...]) -> list[Any]:
    """All that *path* leads to, found in another way than the code goes."""
    found = [value]
    for name in path:
        below = []
        for one in found:
            items = {str(i): x for i, x in enumerate(one)} if isinstance(one, list) else one
            below += [item for key, item in items.items() if name in ("*", key)] if isinstance(items, dict) else []
        found = below
    return found


@given(st.dictionaries(names, trees, max_size=3), st.lists(paths, max_size=3))
def test_no_text_and_no_number_is_left_where_a_mask_was_asked_for(tree: dict[str, Any], masks: list[Any]) -> None:
    before = json.dumps(tree)
    result = redaction_of((), tuple(".".join(("payload", *path)) for path in masks)).apply(tree)

    for path in masks:
        for old, new in zip(at(tree, path), at(result, path), strict=True):
            assert new == masked(old)
    assert json.dumps(tree) == before


@given(st.dictionaries(names, trees, max_size=3), st.lists(paths, max_size=3))
def test_nothing_is_left_where_a_drop_was_asked_for_below_names(tree: dict[str, Any], drops: list[Any]) -> None:
    result = redaction_of(tuple(".".join(("payload", *path)) for path in drops), ()).apply(tree)

    def dropped(value: Any, rules: list[tuple[str, ...]]) -> Any:
        if isinstance(value, dict):
            items = {key: (item, [r[1:] for r in rules if r[0] in ("*", key)]) for key, item in value.items()}
            return {key: dropped(item, ahead) for key, (item, ahead) in items.items() if () not in ahead}
        if isinstance(value, list):
            listed = [(item, [r[1:] for r in rules if r[0] in ("*", str(i))]) for i, item in enumerate(value)]
            return [dropped(item, ahead) for item, ahead in listed if () not in ahead]
        return value

    assert result == dropped(tree, drops)


# -- the settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("workflow.workflow_desc", "only what lies below payload can be left out"),
        ("payload", "only what lies below payload can be left out"),
        ("action", "only what lies below payload can be left out"),
        ("payload..x", "'payload..x' is no path"),
        ("", "'' is no path"),
        ("payload.workflow.a\n", "is no path"),
        ("payload.workflow", "would take payload.workflow.workflow_id with it, which must stay: its workflow's events"),
        ("payload.workflow.workflow_id", "would take payload.workflow.workflow_id"),
        ("payload.*", "would take payload.workflow.workflow_id"),
        ("payload.*.workflow_id", "would take payload.workflow.workflow_id"),
        ("payload.workflow.*", "would take payload.workflow.workflow_id"),
        ("payload.channel.name", "would take payload.channel.name"),
        ("payload.channel.failures", "would take payload.channel.failures"),
        ("payload.channel.reason", "there are detail, failures, name below payload.channel"),
        ("payload.workflow.workflow_subject.x", "nothing lies below payload.workflow.workflow_subject"),
    ],
)
def test_a_path_that_cannot_be_is_refused_in_a_sentence(path: str, said: str) -> None:
    for name in ("drop_fields", "mask_fields"):
        with pytest.raises(ConfigError) as caught:
            settings(**{name: (path,)})
        assert f"{name}: " in str(caught.value)
        assert said in str(caught.value)


def test_all_bad_paths_are_told_at_once() -> None:
    problem = fields_problem(("payload", "action", "payload.workflow.ok"))
    assert problem is not None
    assert problem.count("only what lies below payload") == 2


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("payload.workflow.workflow_subjet", "payload.workflow.workflow_subject"),
        ("payload.workflows.workflow_subject", "payload.workflow.workflow_subject"),
    ],
)
def test_a_path_that_looks_like_a_slip_is_warned_of_since_it_would_hide_nothing(path: str, meant: str) -> None:
    assert list(fields_warnings([path])) == [f"{path}: did you mean {meant}?"]


@pytest.mark.parametrize("path", ["payload.workflow.third_party_user_info", "payload.invoice.number", "payload.x"])
def test_fields_of_a_hosts_own_are_taken_without_a_word(path: str) -> None:
    assert fields_problem([path]) is None
    assert list(fields_warnings([path])) == []


def test_file_and_environment_set_them_and_warnings_name_the_setting(tmp_path: Any) -> None:
    file = tmp_path / "bellwire.toml"
    file.write_text('drop_fields = ["payload.workflow.workflow_subjet"]\n')
    loaded = load_settings(file, environ={"BELLWIRE_MASK_FIELDS": "payload.workflow.a, payload.workflow.b.*"})

    assert loaded.mask_fields == ("payload.workflow.a", "payload.workflow.b.*")
    assert [(warning.path, warning.severity) for warning in loaded.warnings] == [("drop_fields", "warning")]
