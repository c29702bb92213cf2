"""``status``, ``deliveries``, ``show``, ``explain`` and ``replay``: what became of what."""

from __future__ import annotations

import re

import pytest

from bellwire.core.cli.deliveries import STATE_STYLES
from bellwire.core.cli.deliveries import STATES as SHOWN_STATES
from bellwire.core.cli.status import STYLES
from bellwire.core.insight.status import ChannelState
from bellwire.core.outbox import STATES

from .conftest import CONFIGURATION, Bellwire

UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


def test_the_states_are_those_of_the_outbox_and_each_has_its_style() -> None:
    assert SHOWN_STATES == STATES
    assert set(STATE_STYLES) == set(STATES)
    assert set(STYLES) == set(ChannelState.__args__)  # type: ignore[attr-defined]  # a Literal has them at run time


def test_before_anything_was_published_the_log_is_empty_and_no_database_is_made(configured: Bellwire) -> None:
    assert configured.json("deliveries") == []
    assert "nothing was published yet" in configured("deliveries").stderr
    assert "no dispatcher is running" in configured.ok("status")
    assert configured.json("channels")[0]["state"] == "enabled"
    for command in ("show", "explain", "replay"):
        result = configured(command, "x")
        assert result.exit_code == 1
        assert "nothing was published yet, there is no database" in result.stderr
    assert not (configured.folder / "bellwire.db").exists()


def test_a_delivery_is_followed_from_waiting_to_delivered(configured: Bellwire) -> None:
    event_id = configured.publish(workflow="77")
    (waiting,) = configured.json("deliveries")
    assert waiting["state"] == "waiting"
    assert re.fullmatch(UTC, waiting["due_at"])
    assert configured.json("status")["channels"][0]["due"] == 1
    assert "nobody dispatches; run `bellwire worker`" in configured.ok("explain", event_id)
    configured.ok("worker", "--once")
    (delivered,) = configured.json("deliveries", "--state", "delivered")
    assert delivered | {"state": 0, "settled_at": 0, "due_at": 0, "attempt_count": 0} == waiting | {
        "state": 0,
        "settled_at": 0,
        "due_at": 0,
        "attempt_count": 0,
    }
    assert (delivered["attempt_count"], delivered["due_at"]) == (1, None)
    assert re.fullmatch(UTC, delivered["settled_at"])
    for known in (event_id, "77", delivered["id"]):
        assert "sent at" in configured.ok("explain", known)


def test_the_table_has_the_whole_id_and_what_one_looks_for(configured: Bellwire) -> None:
    configured.publish("approve", "1658637666259832832")
    (delivery,) = configured.json("deliveries")
    head, row = configured.ok("deliveries").splitlines()
    assert head.split() == ["ID", "STATE", "CHANNEL", "ACTION", "WORKFLOW", "SENT", "PUBLISHED"]
    assert row.split()[:6] == [delivery["id"], "waiting", "ops", "approve", "1658637666259832832", "0x"]


def test_the_list_can_be_narrowed_and_says_when_there_is_more(configured: Bellwire) -> None:
    for number in range(3):
        configured.publish("create", str(number))
    result = configured("deliveries", "--limit", "2")
    assert [line.split()[4] for line in result.stdout.splitlines()[1:]] == ["2", "1"]
    assert result.stderr.startswith("the newest 2 are shown; --limit shows more\n")
    assert [each["ordering_key"] for each in configured.json("deliveries", "--workflow", "0")] == ["0"]
    assert len(configured.json("deliveries", "--since", "1h", "--channel", "ops")) == 3
    assert configured.json("deliveries", "--state", "failed") == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--state", "failed"), "no deliveries that fit"),
        (("--channel", "opsx"), "no deliveries, and no channel 'opsx' is configured, did you mean 'ops'?"),
        (("--channel", "x\x1b[0m"), "no channel 'x\\x1b[0m' is configured"),
    ],
)
def test_an_empty_list_says_why(configured: Bellwire, arguments: tuple[str, ...], sentence: str) -> None:
    result = configured("deliveries", *arguments)
    assert (result.exit_code, result.stdout) == (0, "")
    assert sentence in result.stderr


@pytest.mark.parametrize("arguments", [("--since", "soon"), ("--since", "-1h"), ("--state", "lost"), ("--limit", "0")])
def test_a_wrong_option_is_a_usage_error(configured: Bellwire, arguments: tuple[str, ...]) -> None:
    result = configured("deliveries", *arguments)
    assert result.exit_code == 2
    assert "Error: Invalid value for" in result.stderr


def test_a_failed_delivery_is_shown_with_its_attempt_and_nothing_in_it_is_obeyed(failing: Bellwire) -> None:
    failing.publish(subject="evil\x1b[31m\nstate  delivered\u202e")
    failing.ok("worker", "--once")
    (failed,) = failing.json("deliveries", "--state", "failed")
    shown = failing.ok("show", failed["id"])
    assert "state      failed\n" in shown
    assert "attempt 1: failed, " in shown
    assert "  stages  connect 1.2 ms (192.0.2.7:80) · response 250 ms\n" in shown
    assert r"  answer  boom\x1b[2J\nError: forged" in shown
    assert r'"workflow_subject": "evil\u001b[31m\nstate  delivered\u202e"' in shown
    for text in (shown, failing.ok("deliveries"), failing.ok("explain", failed["id"])):
        assert not set(text) & {"\x1b", "\u202e", "\r"}


def test_the_document_of_a_delivery_has_its_event_and_attempts(failing: Bellwire) -> None:
    event_id = failing.publish(subject="evil\u202e")
    failing.ok("worker", "--once")
    (failed,) = failing.json("deliveries")
    document = failing.json("show", failed["id"])
    assert document["event"]["id"] == event_id
    assert document["event"]["payload"]["payload"]["workflow"]["workflow_subject"] == "evil\u202e"
    assert document["event"]["unwanted_by"] == {}
    (attempt,) = document["attempts"]
    assert attempt | {"started_at": "", "duration": 0, "dispatcher": ""} == {
        "number": 1,
        "outcome": "failed",
        "started_at": "",
        "duration": 0,
        "stage": "status",
        "status_code": 500,
        "detail": "response status_code(500)",
        "response": "boom\x1b[2J\nError: forged",
        "stages": [
            {"name": "connect", "duration": 0.0012, "detail": "192.0.2.7:80"},
            {"name": "response", "duration": 0.25, "detail": ""},
        ],
        "dispatcher": "",
    }


def test_show_helps_whoever_gives_another_id(configured: Bellwire) -> None:
    event_id = configured.publish(workflow="77")
    (delivery,) = configured.json("deliveries")
    for wanted, sentence in {
        event_id: f"is an event; its deliveries are {delivery['id']}",
        "77": "is a workflow; `bellwire deliveries --workflow 77` lists its deliveries",
        "nope": "no delivery 'nope' in ",
        "a\nb": r"no delivery 'a\nb'",
    }.items():
        result = configured("show", wanted)
        assert result.exit_code == 1
        assert sentence in result.stderr


def test_explain_tells_of_every_channel_why_it_was_sent_nothing(bellwire: Bellwire) -> None:
    bellwire.configure(CONFIGURATION + 'actions = ["reject"]\n[channels.off]\ntype = "webhook"\n')
    event_id = bellwire.publish()
    shown = bellwire.ok("explain", event_id)
    assert "  off  not sent: disabled (enable = false)\n" in shown
    assert "  ops  not sent: action 'create' is not among its actions (reject)\n" in shown
    (event,) = bellwire.json("explain", event_id)["events"]
    assert [channel["verdict"] for channel in event["channels"]] == ["unwanted", "unwanted"]


def test_what_was_never_published_is_said_to_be_so(configured: Bellwire) -> None:
    configured.publish()
    result = configured("explain", "nope")
    assert result.exit_code == 1
    assert "nope: never published here" in result.stderr
    result = configured("explain", "nope", "--json")
    assert result.exit_code == 1
    assert '"subject": "nothing"' in result.stdout


def test_a_failed_delivery_is_replayed_with_its_id(failing: Bellwire) -> None:
    failing.publish()
    failing.ok("worker", "--once")
    (failed,) = failing.json("deliveries")
    result = failing("replay", failed["id"])
    assert result.exit_code == 0
    assert result.stdout == f"{failed['id']} is sent again\n"
    assert "run `bellwire worker`" in result.stderr
    (again,) = failing.json("deliveries")
    assert (again["id"], again["state"], again["attempt_count"]) == (failed["id"], "waiting", 1)


def test_what_is_not_settled_is_not_replayed_and_what_is_unknown_is_told(failing: Bellwire) -> None:
    event_id = failing.publish()
    (waiting,) = failing.json("deliveries")
    result = failing("replay", waiting["id"], event_id, "nope")
    assert result.exit_code == 1
    assert result.stdout == ""
    once = f"Error: {waiting['id']} is not settled yet (waiting), so there is nothing to repeat; no delivery 'nope' in "
    assert once in result.stderr, "the event names the same delivery"


def test_all_that_failed_is_replayed_once_someone_agreed(failing: Bellwire) -> None:
    for workflow in ("1", "2"):
        failing.publish(workflow=workflow)
    failing.ok("worker", "--once")
    refused = failing("replay", "--failed")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("2 failed deliveries: ops 2\n")
    assert "add --yes" in refused.stderr
    assert len(failing.json("deliveries", "--state", "failed")) == 2
    document = failing.json("replay", "--failed", "--yes", "--since", "1h", "--channel", "ops")
    assert (len(document["reopened"]), document["still_open"], document["unknown"]) == (2, [], [])
    assert len(failing.json("deliveries", "--state", "waiting")) == 2


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("n\n", 1, 1), ("", 1, 1)])
def test_on_a_terminal_one_is_asked(
    failing: Bellwire, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: int
) -> None:
    failing.publish()
    failing.ok("worker", "--once")
    with monkeypatch.context() as patch:
        patch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
        result = failing("replay", "--failed", stdin=answer)
    assert result.exit_code == code
    assert "1 failed delivery: ops 1\n" in result.stderr
    assert "Send it again? [y/N]:" in result.stderr
    assert len(failing.json("deliveries", "--state", "failed")) == left


def test_nothing_that_failed_is_no_failure(configured: Bellwire) -> None:
    configured.publish()
    result = configured("replay", "--failed", "--yes", "--channel", "opsx")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no failed delivery fits; no channel 'opsx' is configured, did you mean 'ops'?\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "give ids, or --failed, or --channel with --since"),
        (("--channel", "ops"), "give ids, or --failed, or --channel with --since"),
        (("--since", "1h"), "give ids, or --failed, or --channel with --since"),
        (("x", "--failed"), "give ids or --failed, not both"),
        (("x", "--since", "1h"), "leave them out where ids are given"),
        (("x", "--until", "1h"), "leave them out where ids are given"),
        (("--failed", "--since", "1h", "--until", "2h"), "--since is later than --until"),
        (("--failed", "--since", "soon"), "'soon' is neither a duration such as 90s, 5m, 2h or 7d, nor a time"),
    ],
)
def test_replay_is_told_what_to_replay(configured: Bellwire, arguments: tuple[str, ...], sentence: str) -> None:
    result = configured("replay", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_status_shows_what_waits_what_fails_and_what_to_do(failing: Bellwire) -> None:
    failing.publish()
    failing.ok("worker", "--once")
    failing.publish()
    result = failing("status")
    head, row = result.stdout.splitlines()[:2]
    assert head.split()[:7] == ["CHANNEL", "STATE", "DUE", "LATER", "BEHIND", "SENDING", "FAILED"]
    assert row.split()[:7] == ["ops", "failing", "1", "0", "0", "0", "1"]
    assert "warning: 1 delivery waits, no dispatcher seen since " in result.stderr
    assert "warning: channel ops is failing: 1 failure in a row since" in result.stderr
    document = failing.json("status")
    assert re.fullmatch(UTC, document["at"])
    (channel,) = document["channels"]
    assert channel | {"oldest_waiting_at": 0, "reason": 0} == {
        "name": "ops",
        "type": "scripted",
        "state": "failing",
        "reason": 0,
        "due": 1,
        "scheduled": 0,
        "parked": 0,
        "in_flight": 0,
        "failed": 1,
        "interrupted": 0,
        "oldest_waiting_at": 0,
        "last_success_at": None,
    }


def test_a_channel_that_is_configured_no_longer_is_still_shown_while_something_waits_in_it(
    configured: Bellwire,
) -> None:
    configured.publish()
    configured.configure(CONFIGURATION.replace("channels.ops", "channels.new"))
    states = {channel["name"]: channel["state"] for channel in configured.json("channels")}
    assert states == {"new": "enabled", "ops": "orphaned"}
