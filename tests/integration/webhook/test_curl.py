"""``bellwire test --curl``: pasted into a real bash, a real curl sends what Bellwire sends."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, ConfiguredChannel, Settings
from bellwire.core.errors import NotTestable
from bellwire.core.insight import CurlCommand
from bellwire.core.testing.lab import Lab, LabRequest
from bellwire.hookspecs import (
    ChannelConfig,
    ChannelContext,
    Delivery,
    Outcome,
    Secret,
    Sent,
    WorkflowEvent,
    channel_config,
    hookimpl,
    setting,
)

pytestmark = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="no curl or no bash here")

TRICKY = 'tök\'en "$(touch /tmp/never)" `id` \\ $HOME !!'


def bus_of(config: ChannelConfig, name: str = "ops") -> Bus:
    return Bus(Settings(channels={name: ConfiguredChannel(name=name, type="webhook", config=config)}, dispatch="off"))


def pasted(command: CurlCommand, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **variables}
    script = "\n".join(command.lines)
    return subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)


def seen(request: LabRequest) -> tuple[Any, ...]:
    """What must be the same, whatever the delivery's id and the moment."""
    changing = {"webhook-id", "webhook-timestamp", "webhook-signature", "x-hub-signature-256"}
    fields = sorted((name.lower(), value) for name, value in request.headers if name.lower() not in changing)
    names = sorted(name.lower() for name, _ in request.headers)
    body = request.body.partition(b'"timestamp":"')
    return request.method, request.target, fields, names, body[0], body[2][25:]


CASES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "plain": ({}, {}),
    "token": ({"token": Secret("test123")}, {"OPS_TOKEN": "test123"}),
    "tricky": ({"token": Secret(TRICKY)}, {"OPS_TOKEN": TRICKY}),
    "workflow": ({"test_payload": "workflow"}, {}),
    "query": ({"url": "?key=s3cret&b=%7B1%7D"}, {"OPS_QUERY": "key=s3cret&b=%7B1%7D"}),
    "basic": ({"url": "@"}, {"OPS_AUTHORIZATION": "b3BzOnMzY3JldA=="}),
    "standard": ({"signature": "standard", "signing_secret": (Secret("whsec_" + "QUJD" * 8),)}, {}),
    "github": ({"signature": "github", "signing_secret": (Secret("s3cret"),), "test_payload": "workflow"}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_pasted_arrives_as_what_was_sent(case: str) -> None:
    options, variables = CASES[case]
    with Lab() as lab:
        url = lab.url("ok")
        suffix = options.get("url", "")
        url = url.replace("://", "://ops:s3cret@") if suffix == "@" else url + suffix
        bus = bus_of(WebhookConfig(enable=True, **{**options, "url": url}))
        bus.test("ops")
        command = bus.test_as_curl("ops")
        assert [request.fault for request in lab.requests] == ["ok"], "showing it sends nothing"
        done = pasted(command, **variables)
        assert done.returncode == 0, done.stderr
        sent, again = lab.requests
    assert seen(again) == seen(sent)
    assert done.stdout.startswith("HTTP/1.1 200 OK")
    assert command.variables == tuple(sorted(variables))
    for secret in ("s3cret", "test123", TRICKY, "QUJD" * 8, "b3BzOn"):
        assert secret not in "\n".join(command.lines)


def test_a_variable_that_is_not_set_stops_it_before_anything_is_sent() -> None:
    with Lab() as lab:
        bus = bus_of(WebhookConfig(url=lab.url("ok"), token=Secret("test123")))
        done = pasted(bus.test_as_curl("ops"))
        assert done.returncode != 0
        assert "OPS_TOKEN" in done.stderr
        assert lab.requests == ()


def test_a_signature_is_noted_and_stays_with_its_body() -> None:
    with Lab() as lab:
        config = WebhookConfig(url=lab.url("ok"), signature="github", signing_secret=(Secret("s3cret"),))
        (note,) = bus_of(config).test_as_curl("ops").notes
    assert note.startswith("X-Hub-Signature-256: made for exactly this body")


# --- channels of others ----------------------------------------------------------------------------------------------


@channel_config
class PagerConfig(ChannelConfig):
    endpoint: str = setting(default="")
    key: Secret | None = setting(default=None)
    body: str = setting(default="")

    async def open(self, context: ChannelContext) -> Any:
        return Pager(self, context.client())


class Pager:
    def __init__(self, config: PagerConfig, http: Any) -> None:
        self._config, self._http = config, http

    @hookimpl
    async def notify_workflow(self, event: WorkflowEvent, delivery: Delivery) -> Outcome:
        key = self._config.key.reveal() if self._config.key else ""
        headers = {"X-Key": key, "Cookie": "session=abc", "X-Empty": ""}
        await self._http.post(self._config.endpoint, content=self._config.body.replace("KEY", key), headers=headers)
        return Sent()


def test_any_channel_on_bellwires_client_can_be_shown_and_its_body_keeps_its_secret() -> None:
    body = "@file\n'KEY' \x1b[2J \u202e é KEY\t$KEY"
    with Lab() as lab:
        config = PagerConfig(endpoint=lab.url("ok"), key=Secret("k-1"), body=body)
        bus = bus_of(config, "pager-1")
        bus.test("pager-1")
        command = bus.test_as_curl("pager-1")
        done = pasted(command, PAGER_1_KEY="k-1", PAGER_1_COOKIE="session=abc")
        assert done.returncode == 0, done.stderr
        sent, again = lab.requests
    assert again.body == sent.body
    assert sorted(again.headers) == sorted(sent.headers)
    assert "k-1" not in "\n".join(command.lines)
    assert "session=abc" not in "\n".join(command.lines)
    assert all(line.isprintable() for line in command.lines)


def test_a_body_that_no_command_line_can_hold_is_told() -> None:
    with pytest.raises(NotTestable, match="the byte 0"):
        bus_of(PagerConfig(endpoint="http://127.0.0.1:1/", body="a\0b")).test_as_curl("ops")


def test_a_channel_that_lacks_what_it_needs_says_so_instead() -> None:
    with pytest.raises(NotTestable, match="url: is required"):
        bus_of(WebhookConfig()).test_as_curl("ops")


@channel_config
class FileConfig(ChannelConfig):
    async def open(self, context: ChannelContext) -> Any:
        return File()


class File:
    @hookimpl
    def notify_workflow(self, event: WorkflowEvent, delivery: Delivery) -> Outcome:
        return Sent()


def test_a_channel_that_speaks_no_http_says_so() -> None:
    with pytest.raises(NotTestable, match="without Bellwire's HTTP client"):
        bus_of(FileConfig()).test_as_curl("ops")
