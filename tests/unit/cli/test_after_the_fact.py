"""``replay``, ``cancel``, ``pause``, ``resume`` and ``purge``: what a person does after the fact."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import CONFIGURATION, Bellwire

if TYPE_CHECKING:
    from click.testing import Result

TWO = CONFIGURATION + '[channels.chat]\ntype = "scripted"\nenable = true\nactions = ["reject"]\n'


@pytest.fixture
def two(bellwire: Bellwire) -> Bellwire:
    """The command, with ``ops`` that takes everything and ``chat`` that takes rejections alone."""
    bellwire.configure(TWO)
    return bellwire


def deliveries(bellwire: Bellwire, **wanted: str) -> list[dict[str, Any]]:
    """The log, the newest first, of those that fit."""
    listed: list[dict[str, Any]] = bellwire.json("deliveries")
    return [one for one in listed if wanted.items() <= one.items()]


def only(bellwire: Bellwire, **wanted: str) -> str:
    """The id of the one delivery that fits."""
    (one,) = deliveries(bellwire, **wanted)
    return str(one["id"])


def on_a_terminal(bellwire: Bellwire, monkeypatch: pytest.MonkeyPatch, *arguments: str, answer: str) -> Result:
    with monkeypatch.context() as patch:
        patch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
        return bellwire(*arguments, stdin=answer)


def fail_once_then_send_later_ones(bellwire: Bellwire, *actions: str) -> str:
    """The first event of workflow 7 fails for good, later ones arrive; returns the first one's id."""
    bellwire.configure(TWO.replace("max_retry_times = 1", "max_retry_times = 1\nstatus = 500"))
    first = bellwire.publish(workflow="7")
    bellwire.ok("worker", "--once")
    bellwire.configure(TWO)
    for action in actions:
        bellwire.publish(action, workflow="7")
    bellwire.ok("worker", "--once")
    return first


# -- replay -----------------------------------------------------------------------------------------------------------


def test_a_replay_after_later_events_warns_and_asks(two: Bellwire, monkeypatch: pytest.MonkeyPatch) -> None:
    event = fail_once_then_send_later_ones(two, "approve", "exec_success")
    warning = (
        "warning: workflow 7: 2 later events were already delivered through ops, or will be before; "
        "the receiver gets older news after newer\n"
    )
    refused = two("replay", event)
    assert refused.exit_code == 2
    assert refused.stderr.startswith(warning)
    assert "add --yes to send it again, or --dry-run to see what would be done" in refused.stderr
    declined = on_a_terminal(two, monkeypatch, "replay", event, answer="n\n")
    assert declined.exit_code == 1
    assert f"{warning}Send it again? [y/N]: n\nAborted!" in declined.stderr
    assert len(deliveries(two, state="failed")) == 1
    assert on_a_terminal(two, monkeypatch, "replay", event, answer="y\n").exit_code == 0
    assert deliveries(two, state="failed") == []


def test_the_warning_names_ten_workflows_and_counts_the_others(failing: Bellwire) -> None:
    for number in range(12):
        failing.publish(workflow=f"w{number:02}")
    failing.ok("worker", "--once")
    for number in range(12):
        failing.publish(workflow=f"w{number:02}")
    result = failing("replay", "--failed", "--dry-run")
    assert result.exit_code == 0
    warned = re.findall(r"^warning: workflow (\S+): 1 later event was already delivered", result.stderr, re.MULTILINE)
    assert warned == [f"w{number:02}" for number in range(10)]
    assert "so it is with 2 more workflows; --json --dry-run names them" in result.stderr
    assert len(failing.json("replay", "--failed", "--dry-run")["overtaken"]) == 12


@pytest.mark.parametrize("arguments", [("replay", "--failed"), ("cancel",), ("deliveries",)])
def test_since_longer_ago_than_there_are_years_is_since_ever(two: Bellwire, arguments: tuple[str, ...]) -> None:
    two.publish("reject")
    dry = () if arguments == ("deliveries",) else ("--dry-run",)
    assert two(*arguments, "--since", "999999d", *dry).exit_code == 0


def test_a_preview_says_how_many_and_does_nothing(two: Bellwire) -> None:
    event = fail_once_then_send_later_ones(two, "reject")
    shown = two("replay", "--channel", "ops", "--since", "1h", "--dry-run")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert shown.stderr == "2 deliveries: ops 2 (1 delivered, 1 failed)\n"
    document = two.json("replay", event, "--dry-run")
    assert document == {
        "dry_run": True,
        "reopened": [only(two, state="failed")],
        "added": [],
        "still_open": [],
        "skipped": [],
        "unknown": [],
        "overtaken": [{"channel": "ops", "ordering_key": "7", "deliveries": 1, "later": 1}],
    }
    assert deliveries(two, state="waiting") == []


def test_several_are_sent_again_once_somebody_agreed(two: Bellwire) -> None:
    events = [two.publish("reject", workflow=str(number)) for number in range(2)]
    two.ok("worker", "--once")
    refused = two("replay", *events)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("4 deliveries: chat 2 (delivered), ops 2 (delivered)\n")
    sent = two("replay", *events, "--yes")
    assert sent.exit_code == 0
    assert len(re.findall("^[-0-9a-f]{36} is sent again$", sent.stdout, re.MULTILINE)) == 4
    assert "4 deliveries will be sent\n" in sent.stderr


def test_one_that_was_delivered_to_a_receiver_that_lost_it_is_chosen_by_channel_and_time(two: Bellwire) -> None:
    two.publish("reject")
    two.ok("worker", "--once")
    sent = two.json("replay", "--channel", "chat", "--since", "1h", "--yes")
    assert sent["reopened"] == [only(two, channel="chat", state="waiting")]
    assert len(deliveries(two, state="delivered")) == 1
    none = two("replay", "--channel", "ops", "--since", "2h", "--until", "1h", "--yes")
    assert (none.exit_code, none.stderr) == (0, "no settled delivery fits\n")
    assert two.json("replay", "--failed", "--until", "2020-01-01T00:00Z", "--yes")["reopened"] == []


def test_an_event_is_sent_to_a_channel_that_had_not_wanted_it_and_explain_says_so(two: Bellwire) -> None:
    event = two.publish()
    two.ok("worker", "--once")
    shown = two("replay", event, "--channel", "chat")
    new = only(two, channel="chat")
    assert (shown.exit_code, shown.stdout) == (0, f"{new} is sent: event {event} to chat\n")
    assert shown.stderr.startswith("1 event for chat, which was not sent it before\n")
    two.ok("worker", "--once")
    explained = two.ok("explain", event)
    assert re.search(
        r"  chat  sent at \S+, after 1 attempt; sent to this channel by hand \(at \S+\); of itself it was not: "
        r"action 'create' is not among its actions \(reject\)\n",
        explained,
    )
    assert "by hand    " in two.ok("show", new)


def test_the_new_delivery_stands_beside_its_event_in_json(two: Bellwire) -> None:
    event = two.publish()
    would = two.json("replay", event, "--channel", "chat", "--dry-run")
    assert would["added"] == [{"event_id": event, "channel": "chat", "delivery_id": None}]
    did = two.json("replay", event, "--channel", "chat")
    assert did["added"] == [{"event_id": event, "channel": "chat", "delivery_id": only(two, channel="chat")}]


def test_what_was_named_and_is_not_sent_is_told_each_in_a_sentence(two: Bellwire) -> None:
    event = two.publish()
    waiting = only(two)
    result = two("replay", event)
    assert result.exit_code == 1
    assert f"Error: {waiting} is not settled yet (waiting), so there is nothing to repeat\n" in result.stderr
    result = two("replay", waiting, "--channel", "chat")
    assert result.exit_code == 1
    assert f"Error: {waiting} is a delivery of ops; name its event to send that through chat\n" in result.stderr
    result = two("replay", event, "--channel", "chta")
    assert result.exit_code == 1
    assert "Error: no channel 'chta' is configured; there are: chat, ops\n" in result.stderr
    two.configure(CONFIGURATION + 'actions = ["reject"]\n')
    lonely = two.publish(workflow="8")
    result = two("replay", lonely, "nope", "8")
    assert result.exit_code == 1
    assert f"Error: {lonely} is an event that no channel wanted; name one with --channel; no delivery" in result.stderr
    assert "no delivery 'nope'" in result.stderr
    assert "'8' is a workflow; `bellwire deliveries --workflow 8` lists its deliveries\n" in result.stderr


def test_where_it_would_only_wait_a_replay_says_so(two: Bellwire) -> None:
    event = two.publish()
    two.ok("worker", "--once")
    two.ok("pause", "ops", "--reason", "moving")
    assert re.search(
        r"warning: channel ops is paused \(by \S+ since [^)]+: moving\): what is sent there waits\n",
        two("replay", event).stderr,
    )
    two.configure(TWO.replace("channels.ops", "channels.other"))
    two.ok("worker", "--once")
    two.ok("cancel", only(two))
    assert "warning: channel ops is not configured here: what is sent there waits" in two("replay", event).stderr


def test_a_channel_that_is_configured_no_longer_is_chosen_all_the_same(two: Bellwire) -> None:
    two.publish()
    two.ok("worker", "--once")
    two.configure(TWO.replace("channels.ops", "channels.other"))
    assert len(two.json("replay", "--channel", "ops", "--since", "1h", "--yes")["reopened"]) == 1


# -- cancel -----------------------------------------------------------------------------------------------------------


def test_one_that_waits_is_cancelled_and_explain_tells_the_way_back(configured: Bellwire) -> None:
    event = configured.publish()
    waiting = only(configured)
    assert configured.ok("cancel", event) == f"{waiting} is cancelled\n"
    told = configured.ok("explain", event)
    assert re.search(rf"cancelled by a person at \S+; send it with `bellwire replay {waiting}`\n", told)
    again = configured("cancel", waiting)
    assert again.exit_code == 1
    assert again.stderr == f"Error: {waiting} does not wait any more; see `bellwire explain {waiting}`\n"
    assert configured.ok("replay", waiting) == f"{waiting} is sent again\n"


def test_all_that_wait_and_fit_are_cancelled_once_somebody_agreed(
    two: Bellwire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for workflow in ("1", "2"):
        two.publish("reject", workflow=workflow)
    refused = two("cancel", "--workflow", "1")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("2 waiting deliveries: chat 1, ops 1\n")
    assert "nobody can be asked here; add --yes to cancel them, or --dry-run" in refused.stderr
    declined = on_a_terminal(two, monkeypatch, "cancel", "--channel", "ops", answer="n\n")
    assert (declined.exit_code, len(deliveries(two, state="waiting"))) == (1, 4)
    named = [str(one["id"]) for one in deliveries(two, channel="ops")]
    assert two("cancel", *named).exit_code == 2
    assert len(deliveries(two, state="waiting")) == 4
    document = two.json("cancel", "--workflow", "1", "--channel", "chat", "--yes")
    assert document == {
        "dry_run": False,
        "cancelled": [only(two, state="cancelled")],
        "in_flight": [],
        "settled": [],
        "skipped": [],
        "unknown": [],
    }
    assert only(two, state="cancelled", channel="chat", ordering_key="1")
    two.ok("cancel", "--since", "1h", "--yes")
    assert len(deliveries(two, state="cancelled")) == 4


def test_a_preview_of_cancelling_does_nothing(configured: Bellwire) -> None:
    configured.publish()
    result = configured("cancel", "--channel", "ops", "--dry-run")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "1 waiting delivery: ops 1\n")
    assert configured.json("cancel", "--until", "0s", "--dry-run")["cancelled"] == [only(configured, state="waiting")]


def test_nothing_that_waits_is_no_failure(configured: Bellwire) -> None:
    for _ in range(2):  # before anything was published, and after
        result = configured("cancel", "--channel", "opsx", "--yes")
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == "no waiting delivery fits; no channel 'opsx' is configured, did you mean 'ops'?\n"
        assert configured("cancel", "--until", "1h", "--yes").stderr == "no waiting delivery fits\n"
        configured.publish()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "give ids, or some of --channel, --workflow, --since and --until\n"),
        (("x", "--channel", "ops"), "give ids, or some of --channel, --workflow, --since and --until, not both\n"),
        (("--since", "1h", "--until", "2h"), "--since is later than --until: nothing is between the two\n"),
        (("--since", "yesterday"), "'yesterday' is neither a duration such as 90s, 5m, 2h or 7d, nor a time"),
    ],
)
def test_cancel_is_told_what_to_cancel(configured: Bellwire, arguments: tuple[str, ...], sentence: str) -> None:
    result = configured("cancel", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_what_was_named_and_cannot_be_cancelled_is_told_each_in_a_sentence(two: Bellwire) -> None:
    two.configure(CONFIGURATION + 'actions = ["reject"]\n')
    lonely = two.publish(workflow="8")
    result = two("cancel", lonely, "nope")
    assert result.exit_code == 1
    assert f"Error: {lonely} is an event that no channel wanted: nothing waits; no delivery 'nope'" in result.stderr


# -- pause and resume -------------------------------------------------------------------------------------------------


def test_a_paused_channel_says_by_whom_since_when_and_why_wherever_one_asks(configured: Bellwire) -> None:
    assert configured.ok("pause", "ops", "--reason", "moving") == "ops is paused; `bellwire resume ops` ends that\n"
    event = configured.publish()
    configured.ok("worker", "--once")
    why = r"by \S+@\S+ since \d\d:\d\d:\d\d: moving"
    assert re.search(rf"waits, because the channel is paused \({why}\)\n", configured.ok("explain", event))
    for command in ("status", "check"):
        assert re.search(
            rf"warning: channel ops: 1 delivery waits while it is paused \({why}\); `bellwire resume ops` ends that\n",
            configured(command).stderr,
        )
    assert re.search(rf"ops +scripted  paused  {why}\n", configured.ok("channels"))
    again = configured("pause", "ops", "--reason", "another")
    assert (again.exit_code, again.stdout) == (0, "")
    assert re.fullmatch(rf"ops is paused already \({why}\)\n", again.stderr)


def test_a_resumed_channel_sends_what_waited(configured: Bellwire) -> None:
    configured.ok("pause", "ops")
    configured.publish()
    resumed = configured("resume", "ops")
    assert (resumed.exit_code, resumed.stdout) == (0, "ops is resumed\n")
    assert resumed.stderr.startswith("1 delivery of it waits\nwarning: 1 delivery waits, no dispatcher")
    configured.ok("worker", "--once")
    assert only(configured, state="delivered")
    again = configured("resume", "ops")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "ops was not paused\n")


def test_a_resumed_channel_that_still_sends_nothing_says_why(configured: Bellwire) -> None:
    configured.configure(CONFIGURATION.replace("enable = true", "enable = false"))
    configured.ok("pause", "ops")
    assert "warning: channel ops is disabled: enable = false\n" in configured("resume", "ops").stderr


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_an_unknown_channel_is_told_and_makes_no_database(configured: Bellwire, command: str) -> None:
    for _ in range(2):
        result = configured(command, "opsx")
        assert result.exit_code == 1
        assert result.stderr == "Error: no channel 'opsx' is configured; there are: ops\n"
        if command == "resume":
            assert configured("resume", "ops").stderr == "ops was not paused\n"
        assert not (configured.folder / "bellwire.db").exists()
    configured.publish()
    assert configured(command, "opsx").exit_code == 1


# -- purge ------------------------------------------------------------------------------------------------------------


def test_a_purged_event_is_gone_from_everything_that_is_shown(two: Bellwire, monkeypatch: pytest.MonkeyPatch) -> None:
    event = two.publish("reject", workflow="7")
    two.ok("worker", "--once")
    known = [str(one["id"]) for one in deliveries(two)]
    refused = two("purge", event)
    assert refused.exit_code == 2
    summary = rf"event {event}: workflow reject of 7, published \S+; 2 deliveries \(chat delivered, ops delivered\)\n"
    assert re.match(summary, refused.stderr)
    assert "add --yes to remove it" in refused.stderr
    assert on_a_terminal(two, monkeypatch, "purge", event, answer="n\n").exit_code == 1
    assert len(deliveries(two)) == 2
    purged = on_a_terminal(two, monkeypatch, "purge", event, answer="y\n")
    assert purged.exit_code == 0
    assert "Remove it for good? [y/N]:" in purged.stderr
    assert purged.stdout == f"{event} is removed\n"
    assert deliveries(two) == []
    for gone in (event, "7", *known):
        result = two("explain", gone)
        assert result.exit_code == 1
        assert f"Error: {gone}: never published here, or purged. " in result.stderr


def test_a_preview_of_purging_does_nothing(configured: Bellwire) -> None:
    event = configured.publish()
    document = configured.json("purge", event, "--dry-run")
    assert document == {
        "dry_run": True,
        "purged": [{"event_id": event, "deliveries": 1, "in_flight": 0}],
        "unknown": [],
    }
    assert len(deliveries(configured)) == 1
    assert configured.json("purge", event, "--yes") == document | {"dry_run": False}
    assert deliveries(configured) == []


def test_what_is_no_event_is_told_and_the_others_are_purged(configured: Bellwire) -> None:
    event, kept = configured.publish(workflow="7"), configured.publish(workflow="8")
    other = only(configured, ordering_key="8")
    result = configured("purge", event, other, "8", "nope", event, "--yes", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["unknown"] == [other, "8", "nope"]
    assert (
        f"Error: '{other}' is a delivery; its event is {kept}; '8' is a workflow; `bellwire explain 8` lists its ev"
        in (result.stderr)
    )
    assert "no event 'nope' in " in result.stderr
    assert [one["event_id"] for one in deliveries(configured)] == [kept]


@pytest.mark.parametrize("command", ["cancel", "purge", "replay"])
def test_before_anything_was_published_nothing_can_be_acted_on(configured: Bellwire, command: str) -> None:
    result = configured(command, "x", "--yes")
    assert result.exit_code == 1
    assert ": nothing was published yet, there is no database" in result.stderr
    assert not (configured.folder / "bellwire.db").exists()
