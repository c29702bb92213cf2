"""What only a process of its own shows: how quick it starts, pipes, encodings, terminals."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .conftest import COMMAND, PATIENCE

if TYPE_CHECKING:
    from .conftest import Bellwire, Receiver

HEAVY = ("sqlalchemy", "alembic", "httpx", "httptools", "rich")

LOADED = f"""
import sys
from bellwire.core.cli import root
try:
    root(sys.argv[1:], prog_name="bellwire")
except SystemExit as end:
    print("loaded:", *[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
    sys.exit(end.code)
"""


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("publish", "--help"), ("deliveries", "--help"), ("worker", "--help")]
)
def test_help_and_version_load_nothing_heavy(bellwire: Bellwire, arguments: tuple[str, ...]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        cwd=bellwire.folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "loaded:\n")


def test_it_is_installed_as_a_command() -> None:
    from importlib.metadata import entry_points

    (point,) = entry_points(group="console_scripts", name="bellwire")
    assert point.value == "bellwire.core.cli:main"


@pytest.mark.parametrize("arguments", [("deliveries",), ("deliveries", "--json"), ("show", "ID"), ("--help",)])
def test_a_pipe_that_closes_early_brings_no_traceback(bellwire: Bellwire, arguments: tuple[str, ...]) -> None:
    bellwire.configure("http://127.0.0.1:9")
    workflow = {"project_name": "p", "workflow_id": "1", "workflow_subject": "s" * 999, "workflow_status": "x"}
    document = {"action": "create", "workflow": workflow}
    bellwire.ok("publish", "--json", "-", stdin="\n".join(json.dumps(document) for _ in range(300)))
    (delivery,) = bellwire.json("deliveries", "--limit", "1")
    wanted = [delivery["id"] if argument == "ID" else argument for argument in arguments]
    if wanted[0] == "deliveries":
        wanted += ["--limit", "1000"]
    read, write = os.pipe()
    os.close(read)  # nobody reads: the first write fails
    try:
        run = subprocess.run(
            [*COMMAND, *wanted],
            cwd=bellwire.folder,
            env=bellwire.environment(),
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(write)
    assert "Traceback" not in run.stderr
    assert "BrokenPipeError" not in run.stderr
    assert run.returncode in {0, 1}


def test_an_ascii_output_shows_escapes_and_json_that_is_json(bellwire: Bellwire) -> None:
    bellwire.configure("http://127.0.0.1:9")
    bellwire.publish(workflow="清理")
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    assert "\\u6e05\\u7406" in bellwire.ok("deliveries", env=ascii_only)
    (delivery,) = json.loads(bellwire.ok("deliveries", "--json", env=ascii_only))
    assert delivery["ordering_key"] == "清理"


def test_an_argument_that_is_no_text_is_refused_by_name(bellwire: Bellwire) -> None:
    bellwire.configure("http://127.0.0.1:9")
    run = bellwire(
        *("publish", "create", "--project-name", "p", "--workflow-id", "1", "--workflow-status", "x"),
        *("--workflow-subject", b"\xff".decode("utf-8", "surrogateescape")),
    )
    assert run.returncode == 1
    assert "payload.workflow.workflow_subject: holds the lone surrogate U+DCFF" in run.stderr


def on_terminal(bellwire: Bellwire, columns: int, *arguments: str, **environ: str) -> str:
    """What a terminal of so many columns would show."""
    master, slave = pty.openpty()
    environment = {**bellwire.environment(**environ), "TERM": "xterm", "COLUMNS": str(columns)}
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=bellwire.folder, env=environment, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    shown = b""
    try:
        while part := os.read(master, 65536):
            shown += part
    except OSError:  # Linux tells so that the other side has closed
        pass
    finally:
        os.close(master)
    assert process.wait(PATIENCE) == 0
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_on_any_terminal_ids_are_whole_and_nothing_from_outside_is_obeyed(
    bellwire: Bellwire, receiver: Receiver, columns: int
) -> None:
    receiver.status, receiver.answer = 500, b"\x1b[2J\x1b]0;owned\x07\r\nbye"
    bellwire.configure(receiver.url, max_retry_times=1)
    bellwire.publish(workflow="W-\x1b[31m1")
    bellwire.ok("worker", "--once")
    (delivery,) = bellwire.json("deliveries")
    for command in (("deliveries",), ("show", delivery["id"]), ("status",)):
        shown = on_terminal(bellwire, columns, *command)
        assert "\x1b[2J" not in shown
        assert "\x1b]0" not in shown
        assert "W-\x1b" not in shown
    shown = on_terminal(bellwire, columns, "deliveries")
    assert delivery["id"] in shown
    assert "\x1b[31mfailed" in shown
    assert "\x1b[" not in on_terminal(bellwire, columns, "deliveries", NO_COLOR="1").replace("\x1b[1m", "").replace(
        "\x1b[2m", ""
    ).replace("\x1b[0m", "")


def test_replaying_on_a_terminal_asks_first(bellwire: Bellwire, receiver: Receiver) -> None:
    receiver.status = 500
    bellwire.configure(receiver.url, max_retry_times=1)
    bellwire.publish()
    bellwire.ok("worker", "--once")
    master, slave = pty.openpty()
    os.write(master, b"y\n")
    process = subprocess.Popen(
        [*COMMAND, "replay", "--failed"],
        cwd=bellwire.folder,
        env=bellwire.environment(),
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = process.communicate(timeout=PATIENCE)
    os.close(slave)
    os.close(master)
    assert process.returncode == 0
    assert "Send it again?" in err
    assert out.endswith(" is sent again\n")
