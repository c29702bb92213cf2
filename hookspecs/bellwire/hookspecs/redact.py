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
    >>> redact_url("sqlite:////srv/bellwire.db")
    'sqlite:////srv/bellwire.db'

    It also serves for texts that failed to be URLs; what cannot be told apart from a password is hidden:

    >>> redact_url("https://ops:p/w@example.org"), redact_url("ops:pw@example.org")
    ('https://***', '***@example.org')
    """
    parts = _split(url)
    if parts is None:
        scheme, separator, _ = url.partition("://")
        return f"{scheme}://{_HIDDEN}" if separator and scheme.isalnum() else _HIDDEN
    shown = parts.scheme and f"{parts.scheme}:"
    if "://" in url[: len(shown) + 2]:
        shown += f"//{_host(parts)}"
    path = parts.path
    if not parts.netloc and "@" in path:
        shown, path = "", f"{_HIDDEN}@{path.rpartition('@')[2]}"
    shown += path
    return f"{shown}?{_HIDDEN}" if parts.query or parts.fragment else shown


def url_origin(url: str) -> str:
    """Scheme, host and port of *url*: what logs and metrics may show.

    >>> url_origin("https://ops:pw@example.org:8443/hook?key=1")
    'https://example.org:8443'
    """
    parts = _split(url)
    return _HIDDEN if parts is None else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _split(url: str) -> SplitResult | None:
    """The parts, or ``None`` where the host cannot be told from a user name and a password with a slash in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    looks_like_password = port is not None and "@" not in parts.netloc and "@" in url
    return None if looks_like_password else parts


def _host(parts: SplitResult) -> str:
    userinfo, at, host = parts.netloc.rpartition("@")
    return f"{_HIDDEN}@{host}" if userinfo or at else host
