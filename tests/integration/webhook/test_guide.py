"""The guides' examples do what the guides say."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import attrs
import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.channels.webhook.channel import WebhookChannel
from bellwire.channels.webhook.signatures import SCHEMES, key_bytes, standard_problem
from bellwire.hookspecs import Delivery, Event, Failed, Outcome, Secret, Sent, TestMessage, WorkflowEvent

OpenChannel = Callable[..., AbstractAsyncContextManager[WebhookChannel]]


@pytest.fixture
def guide(repository: Path) -> Path:
    return repository / "docs" / "guide"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def example_receiver(guide: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    (code,) = (block for block in blocks(guide / "receivers.md", "python") if "HOOK_TOKEN" in block)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"PORT": str(port), "HOOK_TOKEN": "密钥"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env=environment,
    ) as process:
        end = time.monotonic() + 20
        while time.monotonic() < end and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                break
        yield process, f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGKILL)


def test_the_receivers_example_takes_each_event_once(
    example_receiver: tuple[subprocess.Popen[str], str],
    open_channel: OpenChannel,
    sample_event: WorkflowEvent,
    delivery: Delivery,
) -> None:
    process, url = example_receiver

    async def send(event: Event, token: str, delivery_id: str) -> Outcome:
        async with open_channel(WebhookConfig(url=url, token=Secret(token))) as channel:
            return await channel.notify_event(event, attrs.evolve(delivery, id=delivery_id))

    wrong = asyncio.run(send(sample_event, "other", "1"))
    assert isinstance(wrong, Failed)
    assert (wrong.status_code, wrong.response) == (401, "wrong token")
    for event, delivery_id in (
        (sample_event, "1"),
        (sample_event, "1"),
        (TestMessage.for_platform("SQLE"), "2"),
        (attrs.evolve(sample_event, action="auto_exec_success"), "3"),
        (attrs.evolve(sample_event, action="approve"), "4"),
    ):
        assert isinstance(asyncio.run(send(event, "密钥", delivery_id)), Sent)
    process.kill()
    assert process.stdout
    assert process.stdout.read().splitlines() == [
        "1658637666259832832 create test_workflow",
        "1658637666259832832 approve test_workflow",
    ]


def test_the_receivers_guide_shows_the_very_sample(guide: Path, sample_json: str) -> None:
    request, _ = blocks(guide / "receivers.md", "http")

    assert request.rstrip("\n").endswith("\n\n" + sample_json)
    assert "Content-Length: 239\n" in request


def test_the_webhook_guide_shows_the_very_test_message(guide: Path) -> None:
    (shown,) = blocks(guide / "webhook.md", "json")
    test = TestMessage.for_platform("SQLE")

    assert shown.rstrip("\n") == re.sub(
        r'"timestamp":"[^"]*"', '"timestamp":"2023-05-18T15:45:25+08:00"', test.to_json()
    )


@pytest.mark.parametrize(("prefix", "bytes_of_key"), [("whsec_", 32), ("whsk_", 32)])
def test_the_guides_commands_make_secrets_that_sign(guide: Path, prefix: str, bytes_of_key: int) -> None:
    found = re.search(rf'^ *\$ (echo "{prefix}.*")$', (guide / "webhook.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine")
    secrets = {
        subprocess.run(found[1], shell=True, capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    }

    assert len(secrets) == 2
    for secret in secrets:
        assert standard_problem(secret) is None
        assert len(key_bytes(secret)) == bytes_of_key
        assert SCHEMES["standard"].signer([secret])(b"1", 2, b"3")


def shown(value: object) -> str:
    """A default as the table has it."""
    match value:
        case None | () | {}:
            return "none"
        case "":
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"`{value:g}`"
        case _:
            return f'`"{value}"`'


def test_the_table_of_settings_has_every_setting_with_its_default(guide: Path) -> None:
    page = (guide / "webhook.md").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]*?) ?\|", page, re.MULTILINE))
    config = WebhookConfig()

    assert set(WebhookConfig.__annotations__) < set(defaults)
    assert defaults == {name: shown(getattr(config, name)) for name in defaults}
