"""The tour."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conftest import Bellwire

CHANNELS = ("steady", "shaky", "down")
ACTIONS = ("create", "approve", "reject", "exec_success", "exec_failed")


def test_the_tour_shows_requests_a_recovery_a_failure_and_every_attempt(bellwire: Bellwire) -> None:
    # nobody's settings change it, and it leaves nothing behind
    nobodys = {"BELLWIRE_CONFIG": "/nowhere", "BELLWIRE_LOCALE": "tlh"}
    run = bellwire("demo", env={**nobodys, "TMPDIR": str(bellwire.folder)})
    shown = run.stdout
    assert (run.returncode, run.stderr) == (0, "")
    assert list(bellwire.folder.iterdir()) == []

    for action in ACTIONS:
        assert f"published {action} of 16586376662598328" in shown
    requests = re.findall(
        r"POST / HTTP/1\.1\n(?:[\w-]+: .*\n)*Authorization: Bearer test123\n(?:[\w-]+: .*\n)*webhook-id: (\S+)\n\n"
        r'\{"event":"workflow","action":"(\w+)".*\}\n--> answered (\d+)',
        shown,
    )
    assert len(requests) == 5 + 7
    assert [answer for _, action, answer in requests if action == "create"].count("503") == 2
    creates = [delivery for delivery, action, _ in requests if action == "create"]
    assert sorted(map(creates.count, set(creates))) == [1, 3]  # the same id at every attempt

    assert "warning   channel down fails: Post " in shown
    assert "delivered create to shaky, after 3 sends" in shown
    assert shown.count("given up  ") == 5
    assert "10 delivered, 5 given up." in shown
    table = [line.split() for line in shown.splitlines() if re.match(r"(steady|shaky|down) +\w+ +\d ", line)]
    assert len(table) == 5 + 7 + 15
    assert {(row[0], row[1]) for row in table} == {(name, action) for name in CHANNELS for action in ACTIONS}
    assert "bellwire init" in shown
    assert max(len(line) for line in shown.splitlines() if not line.startswith(("{", "down", " "))) <= 80


def test_the_tour_says_when_what_it_needs_is_switched_off(bellwire: Bellwire) -> None:
    run = bellwire("demo", env={"BELLWIRE_DISABLED_CHANNELS": "webhook"})
    assert run.returncode == 1
    assert run.stderr == (
        "Error: the tour needs the channel type webhook, which is disabled by BELLWIRE_DISABLED_CHANNELS\n"
    )
