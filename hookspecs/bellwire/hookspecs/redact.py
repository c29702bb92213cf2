"""URLs as they may be shown to people: without what they might keep secret."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

_HIDDEN: Final = "***"


def redact_url(url: str) -> str:
    """*url* with user name, password, query and fragment hidden; for error messages and pages that need the path.

    >>> redact_url("https://ops:pw@example.org/hook?key=1")
    'https://***@example.org/hook?***'
    >>> redact_url("http://192.168.21.34:8000")
    'http://192.168.21.34:8000'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return _HIDDEN
    shown = f"{parts.scheme}://{_host(parts)}" if parts.netloc else parts.scheme and f"{parts.scheme}:"
    shown += parts.path
    return f"{shown}?{_HIDDEN}" if parts.query or parts.fragment else shown


def url_origin(url: str) -> str:
    """Scheme, host and port of *url*: what logs and metrics may show.

    >>> url_origin("https://ops:pw@example.org:8443/hook?key=1")
    'https://example.org:8443'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return _HIDDEN
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _host(parts: SplitResult) -> str:
    userinfo, at, host = parts.netloc.rpartition("@")
    return f"{_HIDDEN}@{host}" if userinfo or at else host
