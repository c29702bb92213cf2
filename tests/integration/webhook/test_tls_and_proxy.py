"""A webhook's own TLS and proxy settings, through a whole bus: its test, its deliveries, the check and the status."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner
from tests.integration.http.proxies import ForwardProxy

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.core.cli import root
from bellwire.core.insight import Trial
from bellwire.hookspecs import Failed, Sent, Workflow

Receive = Callable[..., Any]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
WORKFLOW = Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="finished")
UNVERIFIED = "verify_tls: is off: whoever stands between can read and change what is sent"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def pem(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pem")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    client = authority.issue_cert("bell@bellwire.test")
    client.cert_chain_pems[0].write_to_path(str(folder / "client.pem"))
    client.private_key_pem.write_to_path(str(folder / "client.key"))
    return folder


@pytest.fixture
def proxy() -> Iterator[ForwardProxy]:
    proxy = ForwardProxy(user="bell:hush-hush")
    yield proxy
    proxy.close()


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def try_out(url: str, **configured: Any) -> Trial:
    with Bus(Settings(dispatch="off", channels={"ops": WebhookConfig(enable=True, url=url, **configured)})) as bus:
        return bus.test("ops")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_receiver_of_the_own_authority_is_trusted_by_ca_file_alone(
    raw_receiver: Receive, authority: trustme.CA, pem: Path
) -> None:
    receiver = raw_receiver(OK, tls=serving(authority.issue_cert("127.0.0.1")))
    assert isinstance(try_out(receiver.url, ca_file=str(pem / "ca.pem")).outcome, Sent)
    outcome = try_out(receiver.url).outcome
    assert isinstance(outcome, Failed)
    assert (outcome.stage, len(receiver.requests)) == ("tls", 1)
    assert "x509: certificate signed by unknown authority" in outcome.detail


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda ca: ca.issue_cert("other.test"), "certificate is valid for other addresses, not 127.0.0.1"),
        (
            lambda ca: ca.issue_cert("127.0.0.1", not_after=dt.datetime(2020, 2, 3, tzinfo=dt.UTC)),
            "certificate has expired or is not yet valid",
        ),
        (lambda ca: trustme.CA().issue_cert("127.0.0.1"), "certificate signed by unknown authority"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said_and_ignored_only_without_verify_tls(
    raw_receiver: Receive, authority: trustme.CA, pem: Path, make: Callable[[trustme.CA], trustme.LeafCert], said: str
) -> None:
    receiver = raw_receiver(OK, tls=serving(make(authority)))
    outcome = try_out(receiver.url, ca_file=str(pem / "ca.pem")).outcome
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.retryable) == ("tls", True)
    assert said in outcome.detail
    assert receiver.requests == []
    trial = try_out(receiver.url, verify_tls=False)
    assert isinstance(trial.outcome, Sent)
    (warning,) = trial.warnings
    assert warning.startswith(UNVERIFIED)


def test_a_receiver_that_wants_a_client_certificate(raw_receiver: Receive, authority: trustme.CA, pem: Path) -> None:
    context = serving(authority.issue_cert("127.0.0.1"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    receiver = raw_receiver(OK, tls=context)
    ca, client = str(pem / "ca.pem"), str(pem / "client.pem")
    shown = try_out(
        receiver.url, ca_file=ca, client_certificate_file=client, client_key_file=str(pem / "client.key")
    ).outcome
    assert isinstance(shown, Sent)
    unshown = try_out(receiver.url, ca_file=ca).outcome
    assert isinstance(unshown, Failed)
    assert len(receiver.requests) == 1


def test_a_file_that_cannot_be_used_keeps_deliveries_waiting(
    raw_receiver: Receive, pem: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    channel = WebhookConfig(enable=True, url=raw_receiver(OK).url, ca_file=str(pem / "gone.pem"))
    with Bus(Settings(database=f"sqlite:///{tmp_path}/b.db", dispatch="off", channels={"ops": channel})) as bus:
        event = bus.notify_workflow("create", WORKFLOW)
        asyncio.run(bus.make_dispatcher(once=True).run())
        (delivery,) = bus.outbox.deliveries_of(event.id)
        trial = bus.test("ops")
    assert delivery.state == "waiting"
    reason = f"ca_file: the file '{pem}/gone.pem' cannot be read: No such file or directory"
    assert f"channel ops cannot be opened; its deliveries wait: {reason}" in caplog.text
    assert isinstance(trial.outcome, Failed)
    assert (trial.outcome.stage, trial.outcome.detail) == ("config", reason)


def test_verify_tls_off_is_told_wherever_the_channel_is(
    raw_receiver: Receive, authority: trustme.CA, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = raw_receiver(OK, tls=serving(authority.issue_cert("127.0.0.1")))
    (tmp_path / "bellwire.toml").write_text(
        f'[channels.ops]\ntype = "webhook"\nenable = true\nurl = "{receiver.url}"\nverify_tls = false\n'
    )
    for command in ("check", "status", "channels"):
        result = CliRunner().invoke(root, [command])
        assert result.exit_code == 0, result.output
        assert result.output.count(f"channels.ops.{UNVERIFIED}") == 1, command
    with Bus.from_file(tmp_path / "bellwire.toml") as bus:
        bus.notify_workflow("create", WORKFLOW)
        with caplog.at_level(logging.WARNING):
            asyncio.run(bus.make_dispatcher(once=True).run())
    assert {record.name for record in caplog.records if UNVERIFIED in record.message} == {"bellwire.channels.ops"}


def test_check_tells_of_files_and_proxies_by_their_settings_and_starts_paths_at_the_file(
    tmp_path: Path, pem: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes((pem / "ca.pem").read_bytes())
    (tmp_path / "bellwire.toml").write_text(
        'egress = "public"\n'
        '[channels.ops]\ntype = "webhook"\nenable = true\nurl = "https://receiver.test"\n'
        'ca_file = "ca.pem"\nclient_certificate_file = "gone.pem"\nproxy = "http://bell:hush-hush@proxy.test"\n'
        '[channels.off]\ntype = "webhook"\nurl = "https://receiver.test"\nca_file = "gone.pem"\n'
    )
    result = CliRunner().invoke(root, ["check", "--json", "--config", str(tmp_path / "bellwire.toml")])
    problems = json.loads(result.stdout)["problems"]
    told = {problem["path"]: (problem["severity"], problem["message"]) for problem in problems}
    gone = f"the file '{tmp_path}/gone.pem' cannot be read: No such file or directory"
    assert result.exit_code == 1
    assert told["channels.ops.client_certificate_file"] == ("error", gone)
    assert told["channels.off.ca_file"] == ("warning", gone)
    severity, message = told["channels.ops.proxy"]
    assert severity == "error"
    assert message.startswith('egress "public" allows a proxy only where egress_allow has host names')
    assert "channels.ops.ca_file" not in told
    assert "hush" not in result.output


def test_through_a_proxy_and_whose_fault_it_is(
    raw_receiver: Receive, proxy: ForwardProxy, authority: trustme.CA, pem: Path
) -> None:
    receiver = raw_receiver(OK, tls=serving(authority.issue_cert("127.0.0.1")))
    url = proxy.url.replace("//", "//bell:hush-hush@")
    trial = try_out(receiver.url, ca_file=str(pem / "ca.pem"), proxy=url)
    assert isinstance(trial.outcome, Sent)
    assert [stage.name for stage in trial.outcome.stages] == ["proxy", "tls", "send", "response"]
    assert proxy.asked == [f"CONNECT {receiver.address} HTTP/1.1"]
    refused = try_out(receiver.url, proxy=proxy.url).outcome
    assert isinstance(refused, Failed)
    assert refused.stage == "proxy"
    assert refused.detail.endswith(
        f"proxyconnect tcp: the proxy 127.0.0.1:{proxy.port} wants a user name and a password (status 407)"
    )


def test_a_proxy_that_refuses_a_request_by_its_whole_url(raw_receiver: Receive, proxy: ForwardProxy) -> None:
    outcome = try_out(raw_receiver(OK).url, proxy=proxy.url).outcome
    assert isinstance(outcome, Failed)
    assert outcome.stage == "proxy"
    assert outcome.detail.endswith("wants a user name and a password (status 407)")


def test_a_proxys_password_is_taken_out_of_what_comes_back(raw_receiver: Receive, proxy: ForwardProxy) -> None:
    echo = b"you are YmVsbDpodXNoLWh1c2g= with hush-hush"
    receiver = raw_receiver(b"HTTP/1.1 500 No\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(echo), echo))
    url = proxy.url.replace("//", "//bell:hush-hush@")
    config = WebhookConfig(enable=True, url=receiver.url, proxy=url)
    outcome = try_out(receiver.url, proxy=url).outcome
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.status_code) == ("status", 500)
    assert "hush" not in f"{outcome} {config!r}"
    assert "YmVs" not in str(outcome)


def test_a_proxy_beside_the_environments_is_told_to_win() -> None:
    config = WebhookConfig(url="http://receiver.test", proxy="http://proxy.test", proxy_from_environment=True)
    assert [str(problem) for problem in config.problems()] == [
        "proxy_from_environment: is not looked at, because proxy is set"
    ]
