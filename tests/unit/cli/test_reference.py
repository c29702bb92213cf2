"""The page on the command line says all that the commands take and print."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest

from bellwire.core.cli.commands import BUILT_IN, load
from bellwire.core.cli.documents import dispatcher_document
from bellwire.core.outbox import DispatcherRow

from .conftest import Bellwire

DISPATCHER = DispatcherRow(id="d", host="h", pid=1, process="{}", version="0.1.0", config_digest="c")


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs/reference/cli.md").read_text("utf-8")


def section(page: str, title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", page, re.DOTALL | re.MULTILINE)
    assert found is not None, f"there is no section {title!r}"
    return found[1]


def names(text: str) -> set[str]:
    """The names in the first column of a section's table."""
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


@pytest.mark.parametrize("command", BUILT_IN)
def test_every_command_has_its_section_with_every_option(page: str, command: str) -> None:
    text = section(page, f"bellwire {command}")
    for parameter in load(command).params:
        if isinstance(parameter, click.Option):
            assert re.search(rf"`{parameter.opts[0]}[ `]", text), parameter.opts[0]


@pytest.mark.parametrize("command", BUILT_IN)
def test_no_section_has_an_option_that_is_not_there(page: str, command: str) -> None:
    known = {name for parameter in load(command).params for name in parameter.opts}
    assert set(re.findall(r"`(--[a-z-]+)", section(page, f"bellwire {command}"))) <= known


def test_every_document_is_described_by_its_very_names(page: str, failing: Bellwire) -> None:
    failing.publish()
    failing.ok("worker", "--once")
    (delivery,) = failing.json("deliveries")
    shown = failing.json("show", delivery["id"])
    (channel,) = failing.json("channels")
    assert names(section(page, "A delivery")) == set(delivery)
    assert set(shown) == set(delivery) | {"event", "attempts", "advice"}
    assert names(section(page, "An event")) == set(shown["event"])
    assert names(section(page, "An attempt")) == set(shown["attempts"][0])
    assert names(section(page, "A channel")) == set(channel)
    assert names(section(page, "A dispatcher")) == set(dispatcher_document(DISPATCHER))
    described = section(page, "JSON")
    event = failing.json("explain", delivery["id"])
    documents: dict[str, Any] = {
        "test": json.loads(failing("test", "ops", "--json").stdout),
        "status": failing.json("status"),
        "explain": event | event["events"][0] | event["events"][0]["channels"][0],
        "replay": failing.json("replay", delivery["id"]),
        "cancel": failing.json("cancel", delivery["id"]),
        "purge": failing.json("purge", delivery["event_id"], "--dry-run"),
        "check": failing.json("check"),
        "types": failing.json("types")[0],
        "plugins": failing.json("plugins")[0],
    }
    for command, document in documents.items():
        found = re.search(rf"^`{command}`\n:(.*?)(?=\n\n`|\Z)", described, re.DOTALL | re.MULTILINE)
        assert found is not None, command
        assert set(document) <= set(re.findall(r"`(\w+)`", found[1])), command
