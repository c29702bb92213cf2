"""Which way a request takes, by the channel's settings and by the environment."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from bellwire.core.http import (
    EgressPolicy,
    GuardedTransport,
    Limits,
    ProxyTransport,
    connecting_problems,
    transport_for,
)
from bellwire.core.http.routes import Bounds, RoutedTransport, environment_proxies, is_excepted
from bellwire.hookspecs import InvalidConfig, ProxyOptions, TLSOptions

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "request_method")
FROM_ENVIRONMENT = ProxyOptions(proxy_from_environment=True)


@pytest.fixture(autouse=True)
def _no_proxy_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def route(proxy: ProxyOptions, policy: EgressPolicy = EgressPolicy()) -> httpx.AsyncBaseTransport:  # noqa: B008  # a frozen value
    bounds = Bounds(policy=policy, connect_timeout=1.0, total_timeout=2.0, limits=Limits())
    return transport_for(TLSOptions(), proxy, bounds)


def test_the_environment_is_asked_only_where_the_channel_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:3128")
    assert isinstance(route(ProxyOptions()), GuardedTransport)
    assert isinstance(route(FROM_ENVIRONMENT), RoutedTransport)


def test_an_environment_that_says_nothing_means_directly() -> None:
    assert isinstance(route(FROM_ENVIRONMENT), GuardedTransport)


def test_the_channels_own_proxy_counts_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://other.test:3128")
    found = route(ProxyOptions(proxy="http://bell:hush@proxy.test:3128", proxy_from_environment=True))
    assert isinstance(found, ProxyTransport)
    assert repr(found) == "ProxyTransport('http://proxy.test:3128/')"


@pytest.mark.parametrize(
    ("no_proxy", "url", "excepted"),
    [
        ("corp.test", "http://a.corp.test/", True),
        (".corp.test", "http://a.corp.test/", True),
        ("corp.test", "http://notcorp.test/", False),
        ("corp.test:8443", "https://corp.test:8443/", True),
        ("corp.test:8443", "https://corp.test/", False),
        ("127.0.0.1", "http://127.0.0.1:8000/", True),
        ("*", "http://anything.test/", True),
        ("", "http://anything.test/", False),
    ],
)
def test_no_proxy_names_hosts_and_all_below_them(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, *, excepted: bool
) -> None:
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert is_excepted(httpx.URL(url), environment_proxies()) is excepted


def test_in_a_cgi_script_the_callers_header_chooses_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    monkeypatch.setenv("HTTP_PROXY", "http://attacker.test")
    assert isinstance(route(FROM_ENVIRONMENT), GuardedTransport)


def test_each_request_goes_as_the_environment_says_of_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "127.0.0.1:1")  # without a scheme, as curl takes it
    monkeypatch.setenv("NO_PROXY", "127.0.0.2")

    async def ask(url: str) -> str:
        transport = route(FROM_ENVIRONMENT)
        try:
            await transport.handle_async_request(httpx.Request("POST", url))
        except httpx.TransportError as error:
            return str(error)
        finally:
            await transport.aclose()
        return "answered"

    assert asyncio.run(ask("https://127.0.0.3:1/")).startswith("the proxy 127.0.0.1:1 cannot be reached")
    assert asyncio.run(ask("http://127.0.0.2:1/")) == "127.0.0.2:1 refused the connection"


@pytest.mark.parametrize(
    ("proxy", "policy", "told"),
    [
        ("socks5://proxy.test", EgressPolicy(), "must start with http:// or https://"),
        ("http://proxy.test:99999", EgressPolicy(), "is not a valid URL"),
        ("http://proxy.test", EgressPolicy("public"), 'egress "public" allows a proxy only where egress_allow'),
        ("http://169.254.169.254", EgressPolicy(), "the address of cloud metadata"),
        ("http://proxy.test", EgressPolicy(deny=["proxy.test"]), "is denied by 'proxy.test' in egress_deny"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_at_opening(
    monkeypatch: pytest.MonkeyPatch, proxy: str, policy: EgressPolicy, told: str
) -> None:
    with pytest.raises(InvalidConfig) as caught:
        route(ProxyOptions(proxy=proxy), policy)
    (problem,) = caught.value.problems
    assert problem.path == "proxy"
    assert told in problem.message
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    (problem,) = connecting_problems(TLSOptions(), FROM_ENVIRONMENT, policy)
    assert problem.path == "proxy_from_environment"
    assert told in problem.message


def test_nothing_shows_a_proxys_password() -> None:
    assert "hush" not in repr(ProxyOptions(proxy="http://bell:hush@proxy.test"))
    (problem,) = connecting_problems(TLSOptions(), ProxyOptions(proxy="socks5://bell:hush@proxy.test"), EgressPolicy())
    assert "hush" not in str(problem)
