"""By which way requests go out: directly, by the channel's proxy, or as the environment says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict, final
from urllib.parse import urlsplit

import httpx

from bellwire.hookspecs import InvalidConfig, Problem, ProxyOptions, SettingInfo, TLSOptions, value_problems

from .addresses import show_endpoint
from .proxy import ProxyTransport
from .transport import GuardedTransport
from .trust import context_for, default_context, proxy_context, tls_problems

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from .egress import EgressPolicy
    from .limits import Limits

_URL: Final = SettingInfo(format="http-url")


class Bounds(TypedDict):
    """What every way has in common."""

    policy: EgressPolicy
    connect_timeout: float
    total_timeout: float
    limits: Limits


def transport_for(tls: TLSOptions, proxy: ProxyOptions, bounds: Bounds) -> httpx.AsyncBaseTransport:
    """A guarded transport that goes as *tls* and *proxy* say.

    Reads the files and, if asked to, the environment, both once. Raises :class:`~bellwire.hookspecs.InvalidConfig`.
    """
    if problems := connecting_problems(tls, proxy, bounds["policy"]):
        raise InvalidConfig(problems)
    # the default trust costs 20 ms, and only https needs it
    context = None if tls == TLSOptions() else context_for(tls)

    def by(url: str) -> ProxyTransport:
        return ProxyTransport(url, ssl_context=context, proxy_ssl_context=_for_proxy(url, tls), **bounds)

    if proxy.proxy:
        return by(proxy.proxy)
    direct = GuardedTransport(ssl_context=context, **bounds)
    if not proxy.proxy_from_environment or not (urls := _urls_of(environment_proxies())):
        return direct
    transports = {url: by(url) for url in dict.fromkeys(urls.values())}
    return RoutedTransport(direct, {scheme: transports[url] for scheme, url in urls.items()})


def connecting_problems(tls: TLSOptions, proxy: ProxyOptions, policy: EgressPolicy) -> list[Problem]:
    """Everything for which a channel cannot go out as *tls* and *proxy* say, by the settings' names."""
    found = tls_problems(tls)
    if proxy.proxy:
        found += [Problem("proxy", reason) for reason in _url_problems(proxy.proxy, policy)]
    elif proxy.proxy_from_environment:
        for url in dict.fromkeys(_urls_of(environment_proxies()).values()):
            found += [Problem("proxy_from_environment", reason) for reason in _url_problems(url, policy)]
    return found


def environment_proxies() -> Mapping[str, str]:
    """What the environment says of proxies, by scheme, with ``all`` and ``no``; as :mod:`urllib` and httpx read it.

    Names in small letters count before those in capitals, and in a CGI script ``HTTP_PROXY`` does not count at all,
    for there it is a request's header ``Proxy``.
    """
    from urllib.request import getproxies_environment

    return getproxies_environment()


def is_excepted(url: httpx.URL, proxies: Mapping[str, str]) -> bool:
    """Whether ``NO_PROXY`` names the host of *url*: names and all below them, ``*``, each maybe with a port."""
    from urllib import request  # whose functions for it typeshed does not have

    port = url.port or (443 if url.scheme == "https" else 80)
    bypass: Callable[..., object] = vars(request)["proxy_bypass_environment"]
    return bool(bypass(show_endpoint(url.host, port), dict(proxies)))


@final
class RoutedTransport(httpx.AsyncBaseTransport):
    """Asks the environment's ``NO_PROXY`` of each request, and sends it by its scheme's proxy or directly."""

    def __init__(self, direct: GuardedTransport, proxied: Mapping[str, ProxyTransport]) -> None:
        self._direct: Final = direct
        self._proxied: Final = proxied
        self._proxies: Final = environment_proxies()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends *request* and returns the whole answer."""
        proxied = self._proxied.get(request.url.scheme)
        if proxied is None or is_excepted(request.url, self._proxies):
            return await self._direct.handle_async_request(request)
        return await proxied.handle_async_request(request)

    async def aclose(self) -> None:
        """Closes every way."""
        for transport in (self._direct, *dict.fromkeys(self._proxied.values())):
            await transport.aclose()


def _urls_of(proxies: Mapping[str, str]) -> dict[str, str]:
    found = {scheme: proxies.get(scheme) or proxies.get("all", "") for scheme in ("http", "https")}
    return {scheme: url if "://" in url else f"http://{url}" for scheme, url in found.items() if url}


def _url_problems(url: str, policy: EgressPolicy) -> list[str]:
    if problems := value_problems(_URL, url):
        return problems
    try:
        host = httpx.URL(url).host
    except (httpx.InvalidURL, ValueError):
        return ["is not a valid URL"]
    refusal = policy.refusal_of_proxying() or policy.refusal_of_host(host)
    return [refusal] if refusal else []


def _for_proxy(url: str, tls: TLSOptions) -> ssl.SSLContext | None:
    if urlsplit(url).scheme != "https":
        return None
    return proxy_context(tls) if tls.ca_file else default_context()
