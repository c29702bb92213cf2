"""The httpx client that channels get."""

from __future__ import annotations

import functools
import logging
from contextvars import ContextVar
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib import metadata
from typing import Any, final

import httpx

from bellwire.hookspecs import redact_url

_sending: ContextVar[bool] = ContextVar("bellwire_http_sending", default=False)


def guarded_client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    """A client on *transport*: no redirects, no environment, no cookies; asks for ``identity``, and says who it is.

    Its time-outs are the transport's, unless a request asks for less. Closing it closes the transport.
    """
    _redact_httpx_log()
    return _GuardedClient(
        transport=transport,
        follow_redirects=False,
        trust_env=False,
        timeout=None,
        headers={"Accept-Encoding": "identity", "User-Agent": user_agent()},
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
    )


@functools.cache
def user_agent() -> str:
    """``bellwire/<version>``."""
    return f"bellwire/{metadata.version('bellwire')}"


@final
class _GuardedClient(httpx.AsyncClient):
    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        if options.get("follow_redirects") is True:
            msg = "Bellwire's HTTP client never follows redirects: read response.headers['location'] and decide"
            raise TypeError(msg)
        options["follow_redirects"] = False
        token = _sending.set(True)
        try:
            return await super().send(request, **options)
        finally:
            _sending.reset(token)


@functools.cache
def _redact_httpx_log() -> None:
    """Keeps httpx from logging whole URLs of our requests, query and password included; the host's are left alone."""
    logging.getLogger("httpx").addFilter(_redacted)


def _redacted(record: logging.LogRecord) -> bool:
    if _sending.get() and isinstance(record.args, tuple):
        record.args = tuple(redact_url(str(each)) if isinstance(each, httpx.URL) else each for each in record.args)
    return True
