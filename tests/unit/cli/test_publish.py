"""``bellwire publish``: what is stored, what is printed, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .conftest import CONFIGURATION, Bellwire

WORKFLOW = {"project_name": "p", "workflow_id": "1", "workflow_subject": "s", "workflow_status": "finished"}
DOCUMENT = {"action": "create", "workflow": WORKFLOW}
OPTIONS = ("--project-name", "p", "--workflow-id", "1", "--workflow-subject", "s", "--workflow-status", "finished")
ID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


def test_it_prints_the_events_id_and_says_beside_it_that_nobody_dispatches(configured: Bellwire) -> None:
    result = configured("publish", "create", *OPTIONS)
    assert result.exit_code == 0
    assert re.fullmatch(f"{ID}\n", result.stdout)
    assert result.stderr == "stored; 1 delivery waits, no dispatcher is running; run `bellwire worker`\n"


def test_what_is_published_is_what_was_given(configured: Bellwire) -> None:
    event_id = configured.publish(
        "approve", "77", "清理 <b>", extra='desc="x"', **{"workflow-status": "wait_for_execution"}
    )
    (delivery,) = configured.json("deliveries")
    assert delivery["event_id"] == event_id
    assert configured.json("show", delivery["id"])["event"]["payload"]["payload"] == {
        "workflow": {
            "project_name": "p",
            "workflow_id": "77",
            "workflow_subject": "清理 <b>",
            "workflow_status": "wait_for_execution",
            "desc": "x",
        }
    }


def test_further_fields_are_json_and_keep_their_order(configured: Bellwire) -> None:
    configured.ok("publish", "create", *OPTIONS, "--extra", "b=[1, null]", "--extra", 'a={"x": "="}')
    (delivery,) = configured.json("deliveries")
    workflow = configured.json("show", delivery["id"])["event"]["payload"]["payload"]["workflow"]
    assert list(workflow.items())[4:] == [("b", [1, None]), ("a", {"x": "="})]


def test_an_id_that_was_published_before_changes_nothing_and_is_told(configured: Bellwire) -> None:
    assert configured.ok("publish", "create", *OPTIONS, "--event-id", "e1") == "e1\n"
    result = configured("publish", "create", *OPTIONS, "--event-id", "e1")
    assert (result.exit_code, result.stdout) == (0, "e1\n")
    assert result.stderr == "event e1 was published before; nothing was changed\n"
    assert len(configured.json("deliveries")) == 1


def test_all_that_is_missing_is_told_at_once(configured: Bellwire) -> None:
    result = configured("publish", "--workflow-id", "1")
    assert result.exit_code == 2
    assert "missing: ACTION, --project-name, --workflow-subject, --workflow-status" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("aprove", *OPTIONS), 1, "no workflow action 'aprove', did you mean 'approve'?"),
        (("create", *OPTIONS[:3], "", *OPTIONS[4:]), 2, "workflow_id: must not be empty"),
        (("create", *OPTIONS, "--event-id", ""), 2, "id: must not be empty"),
        (("create", *OPTIONS, "--event-id", "x" * 300), 1, "is 300 characters long; at most 200 are allowed"),
        (("create", *OPTIONS, "--extra", "desc"), 2, "'desc' must be written KEY=JSON"),
        (("create", *OPTIONS, "--extra", "desc=urgent"), 2, "a text stands in quotes: desc='\"urgent\"'"),
        (("create", *OPTIONS, "--extra", "desc={"), 2, "'{' is not JSON"),
        (("create", *OPTIONS, "--extra", "workflow_id=1"), 2, "workflow_id stands among the workflow's own fields"),
        (("create", *OPTIONS, "--extra", "n=NaN"), 1, "is not JSON; send null or a text instead"),
        (("create", *OPTIONS, "--extra", 'n="\\ud800"'), 1, "holds the lone surrogate U+D800"),
        (("create", *OPTIONS, "--extra", 'n="\\u0000"'), 1, "holds the character U+0000"),
        (("create", *OPTIONS[:-1], "x" * 300_000), 1, "max_event_bytes allows 262144"),
        (("create", "--json", "-"), 2, "--json reads whole events; leave ACTION to its documents"),
        (("--project-name", "p", "--json", "-"), 2, "leave --project-name to its documents"),
    ],
)
def test_what_cannot_be_published_is_refused_in_a_sentence(
    configured: Bellwire, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    result = configured("publish", *arguments, stdin="")
    assert sentence in " ".join(result.stderr.split())
    assert result.exit_code == code
    assert result.stdout == ""


def test_standard_input_is_read_as_documents_that_are_published_together(configured: Bellwire) -> None:
    text = "\n".join(json.dumps({**DOCUMENT, "id": f"e{number}"}) for number in range(3))
    assert configured.ok("publish", "--json", "-", stdin=text) == "e0\ne1\ne2\n"
    assert [delivery["event_id"] for delivery in configured.json("deliveries")] == ["e2", "e1", "e0"]


def test_a_file_is_read_as_well_also_with_a_byte_order_mark(configured: Bellwire, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(json.dumps({**DOCUMENT, "id": "e1"}), "utf-8-sig")
    assert configured.ok("publish", "--json", "event.json") == "e1\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            b'{"action": "create",\n oops',
            "Error: standard input: line 2, column 2: is not JSON: expecting property name",
        ),
        (b"\xff", "Error: standard input: is not UTF-8 (byte 1)"),
        (b"", "Error: standard input: there is nothing in it"),
        (json.dumps([DOCUMENT]).encode(), "line 1, column 1: an event is an object"),
    ],
)
def test_input_that_is_no_event_is_told_with_its_place(configured: Bellwire, text: bytes, sentence: str) -> None:
    result = configured("publish", "--json", "-", stdin=text)
    assert result.exit_code == 1
    assert result.stderr.startswith(sentence) or sentence in result.stderr
    assert not (configured.folder / "bellwire.db").exists()


def test_of_several_events_none_is_stored_when_one_is_wrong(configured: Bellwire) -> None:
    text = json.dumps(DOCUMENT) + json.dumps({**DOCUMENT, "action": "creat"})
    result = configured("publish", "--json", "-", stdin=text)
    assert result.exit_code == 1
    assert "did you mean 'create'?" in result.stderr
    assert configured.json("deliveries") == []


def test_a_file_that_is_not_there_is_a_usage_error(configured: Bellwire) -> None:
    result = configured("publish", "--json", "nowhere.json")
    assert result.exit_code == 2
    assert "'nowhere.json' does not exist" in result.stderr


def test_an_event_that_no_channel_wants_is_stored_and_that_is_told(bellwire: Bellwire) -> None:
    bellwire.configure(CONFIGURATION + 'actions = ["reject"]\n')
    result = bellwire("publish", "create", *OPTIONS, "--event-id", "e1")
    assert result.exit_code == 0
    assert result.stderr == "stored, but no channel wants it: see `bellwire explain e1`\n"


def test_the_hosts_own_actions_can_be_published(bellwire: Bellwire) -> None:
    bellwire.configure('workflow_actions = ["cancel"]\n' + CONFIGURATION)
    assert bellwire.publish("cancel")


def test_publishing_starts_no_dispatcher_although_the_file_says_embedded(configured: Bellwire) -> None:
    configured.publish()
    (delivery,) = configured.json("deliveries")
    assert (delivery["state"], delivery["attempt_count"]) == ("waiting", 0)
    assert configured.json("status")["dispatchers"] == []
