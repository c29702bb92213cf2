"""That deliveries wait and nobody dispatches is told wherever a person looks."""

from __future__ import annotations

import re

import pytest

from bellwire.core.outbox import Database, DispatcherRow, Outbox

from .conftest import Bellwire

NEVER = "{} deliveries wait, no dispatcher is running; run `bellwire worker`\n"
ROW = DispatcherRow(id="d", host="h", pid=1, process="{}", version="1", config_digest="x", lanes={"ops": "open"})
SEEN = r"warning: {} deliveries wait, no dispatcher seen since \d\d:\d\d:\d\d; run `bellwire worker`\n"


@pytest.fixture
def three(configured: Bellwire) -> Bellwire:
    """The command, where three deliveries wait and one was delivered by a worker that stopped since."""
    configured.publish(workflow="0")
    configured.ok("worker", "--once")
    for workflow in "123":
        configured.publish(workflow=workflow)
    return configured


def test_before_any_dispatcher_ran_nobody_was_seen(configured: Bellwire) -> None:
    configured.publish(workflow="1")
    result = configured("publish", "create", *OPTIONS)
    assert result.stderr == "stored; " + NEVER.format(2)
    for arguments in (("status",), ("check",), ("deliveries",), ("explain", "1")):
        assert "warning: " + NEVER.format(2) in configured(*arguments).stderr, arguments


OPTIONS = ("--project-name", "p", "--workflow-id", "9", "--workflow-subject", "s", "--workflow-status", "x")


@pytest.mark.parametrize(
    ("arguments", "waiting"),
    [
        (("status",), 3),
        (("check",), 3),
        (("deliveries",), 3),
        (("deliveries", "--json"), 3),
        (("deliveries", "--state", "failed"), 3),
        (("show", "{waiting}"), 3),
        (("show", "{waiting}", "--json"), 3),
        (("show", "{delivered}"), 3),
        (("explain", "1"), 3),
        (("explain", "{delivered}"), 3),
        (("replay", "{delivered}"), 4),
        (("replay", "{waiting}"), 3),
        (("resume", "ops"), 3),
    ],
    ids=str,
)
def test_it_is_told_how_many_wait_and_since_when_nobody_was_seen(
    three: Bellwire, arguments: tuple[str, ...], waiting: int
) -> None:
    ids = {one["state"]: one["id"] for one in three.json("deliveries")}
    result = three(*(argument.format(**ids) for argument in arguments))
    assert len(re.findall(SEEN.format(waiting), result.stderr)) == 1


def test_it_is_among_the_notices_in_json(three: Bellwire) -> None:
    for arguments in (("status",), ("explain", "1")):
        (notice,) = three.json(*arguments)["notices"]
        assert re.fullmatch(SEEN.format(3).removeprefix("warning: "), notice + "\n")


def test_publishing_says_it_too(three: Bellwire) -> None:
    result = three("publish", "create", *OPTIONS)
    assert re.fullmatch(SEEN.format(4).replace("warning", "stored"), result.stderr.replace("stored;", "stored:"))


def test_where_nothing_waits_or_somebody_dispatches_nothing_is_said(three: Bellwire) -> None:
    outbox = Outbox(Database(f"sqlite:///{three.folder}/bellwire.db"))
    looks = (("status",), ("check",), ("deliveries",), ("explain", "1"), ("publish", "create", *OPTIONS))
    outbox.beat(ROW, [])
    for arguments in looks:
        assert "dispatcher" not in three(*arguments).stderr, arguments
    outbox.leave("d")
    outbox.close()
    three.ok("cancel", "--channel", "ops", "--yes")
    for arguments in looks[:4]:
        assert "dispatcher" not in three(*arguments).stderr, arguments


def test_looking_counts_no_deliveries_while_somebody_dispatches(
    three: Bellwire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a million of them that would take a second."""
    outbox = Outbox(Database(f"sqlite:///{three.folder}/bellwire.db"))
    outbox.beat(ROW, [])
    outbox.close()
    monkeypatch.setattr(Outbox, "count_open", lambda _: pytest.fail("counted"))
    assert three("deliveries").exit_code == 0
