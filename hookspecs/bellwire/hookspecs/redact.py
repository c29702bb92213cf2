"""URLs as they may be shown to people: without what they might keep secret."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_HIDDEN: Final = "***"
_scheme: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://").match


def redact_url(url: str) -> str:
    """*url* with user name, password, query and fragment hidden; for error messages and pages that need the path.

    >>> redact_url("https://ops:pw@example.org/hook?key=1")
    'https://***@example.org/hook?***'
    >>> redact_url("http://192.168.21.34:8000")
    'http://192.168.21.34:8000'
    >>> redact_url("sqlite:////srv/bellwire.db")
    'sqlite:////srv/bellwire.db'

    It also serves for texts that failed to be URLs. What cannot be told apart from a password is hidden, so an ``@``
    in a path or a query costs the rest of it:

    >>> redact_url("https://ops:p/w@example.org"), redact_url("ops:p?w@example.org/hook")
    ('https://***', '***@example.org/hook')
    """
    found = _scheme(url)
    scheme, rest = (found[0], url[found.end() :]) if found else ("", url)
    if not found:
        _, at, tail = rest.rpartition("@")
        return f"{_HIDDEN}@{_without_query(tail)}" if at else _without_query(rest)
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    beyond = rest[len(authority) :]
    if "@" in beyond or not _is_valid(url):
        return f"{scheme}{_HIDDEN}"
    _, at, host = authority.rpartition("@")
    return f"{scheme}{_HIDDEN + '@' if at else ''}{host}{_without_query(beyond)}"


def url_origin(url: str) -> str:
    """Scheme, host and port of *url*: what logs and metrics may show.

    >>> url_origin("https://ops:pw@example.org:8443/hook?key=1")
    'https://example.org:8443'
    """
    if not _is_valid(url):
        return _HIDDEN
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _without_query(text: str) -> str:
    found = re.search(r"[?#]", text)
    return f"{text[: found.start()]}?{_HIDDEN}" if found else text


def _is_valid(url: str) -> bool:
    """Whether host and port can be told; where they cannot, a part of a password may stand in their place."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        return False
    return True
