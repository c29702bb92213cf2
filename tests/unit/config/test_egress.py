"""The egress policy as settings, and what it refuses of a channel's addresses when that is checked or saved."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bellwire.channels.webhook import WebhookConfig
from bellwire.core.config import Settings, egress_policy, egress_problems, load_settings
from bellwire.core.errors import ConfigError
from bellwire.core.http import EgressPolicy
from bellwire.hookspecs import ChannelConfig, Problem, Secret, channel_config, setting


@channel_config
class Robots(ChannelConfig):
    """A channel with URLs in every shape that a setting can have."""

    url: str = setting(default="", format="http-url")
    mirrors: tuple[str, ...] = setting(default=(), format="http-url")
    robots: dict[str, Secret] = setting(factory=dict, format="http-url")
    broker: str = setting(default="", format="uri")


def test_the_settings_make_the_policy() -> None:
    settings = Settings(egress="public", egress_allow=("10.0.0.0/8", "*.corp.example"), egress_deny=("10.0.0.5",))
    assert egress_policy(settings) == EgressPolicy("public", ["10.0.0.0/8", "*.corp.example"], ["10.0.0.5"])
    assert egress_policy(Settings()) == EgressPolicy("internal")


def test_the_lists_come_from_the_environment_too() -> None:
    environ = {"BELLWIRE_EGRESS_ALLOW": "10.0.0.0/8,*.corp.example", "BELLWIRE_EGRESS_DENY": "10.0.0.5"}
    settings = load_settings(environ=environ)
    assert settings.egress_allow == ("10.0.0.0/8", "*.corp.example")
    assert settings.egress_deny == ("10.0.0.5",)


def test_all_bad_entries_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings(egress_allow=("10.1.2.3/8", "ok.example", "*"), egress_deny=("0x7f.1",))
    allow, deny = caught.value.problems
    assert allow == Problem(
        "egress_allow",
        "'10.1.2.3/8' is one address of a network: write '10.1.2.3' or '10.0.0.0/8'; "
        "'*': a star stands only for whole labels at the beginning, as in '*.corp.example'",
    )
    assert deny == Problem("egress_deny", "'0x7f.1' must be written as '127.0.0.1'")


@pytest.mark.parametrize(
    "entry", ["169.254.169.254", "169.254.0.0/16", "fe80::/10", "224.0.0.0/8", "::", "fec0::/10", "metadata.goog"]
)
def test_what_is_always_refused_cannot_be_allowed_and_may_be_denied(entry: str) -> None:
    with pytest.raises(ConfigError, match="is always refused, and cannot be allowed"):
        Settings(egress_allow=(entry,))
    Settings(egress_deny=(entry,))


@pytest.mark.parametrize("entry", ["0.0.0.0/0", "::/0", "100.64.0.0/10", "fd00::/8", "64:ff9b::/96", "*.internal"])
def test_a_network_with_such_addresses_in_it_can_be_allowed(entry: str) -> None:
    Settings(egress_allow=(entry,))


def test_a_settings_page_learns_what_is_refused_of_every_url() -> None:
    config = Robots(
        url="http://0x7f.1:8000/hook?key=secret",
        mirrors=("http://8.8.8.8/", "http://10.0.0.1/", "https://user:pass@evil.example/"),
        robots={"a": Secret("https://[::1]/token"), "b": Secret("https://fine.example/token")},
        broker="amqp://127.0.0.1/",  # no HTTP, so not the policy's
    )
    problems = egress_problems(config, EgressPolicy("public", deny=["*.example", "*.test"]))
    assert {problem.path: problem.message.partition(",")[0] for problem in problems} == {
        "url": "127.0.0.1 is a loopback address",
        "mirrors[1]": "10.0.0.1 is a private address",
        "mirrors[2]": "the host name evil.example is denied by '*.example' in egress_deny",
        "robots.a": "::1 is a loopback address",
        "robots.b": "the host name fine.example is denied by '*.example' in egress_deny",
    }
    assert not any("secret" in str(problem) or "token" in str(problem) for problem in problems)


def test_by_default_internal_receivers_are_fine() -> None:
    policy = egress_policy(Settings())
    assert egress_problems(Robots(url="http://192.168.21.34:8000"), policy) == []
    assert egress_problems(Robots(), policy) == []
    (problem,) = egress_problems(Robots(url="http://169.254.169.254/latest/meta-data"), policy)
    assert str(problem) == "url: 169.254.169.254 is the address of cloud metadata, which is always refused"


def test_what_is_asked_of_a_proxy_is_judged_as_the_proxy_will_read_it() -> None:
    direct = WebhookConfig(url="http://receiver.example:8000")
    proxied = WebhookConfig(url="http://receiver.example:8000", proxy="http://10.0.0.9:3128")
    policy = EgressPolicy("internal", allow=["10.0.0.0/8"])
    assert egress_problems(direct, policy) == []  # it may lead into that network
    (problem,) = egress_problems(proxied, policy)
    assert problem.path == "url"
    assert "a proxy resolves it, so networks do not count" in problem.message


def test_settings_with_empty_lists_do_not_bring_httpx() -> None:
    code = "import sys; from bellwire.core import Settings; Settings(); assert 'httpx' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
