"""Headers of the administrator's own, and who vouches for the sender: what may stand beside the headers of the wire."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from bellwire.hookspecs import Problem, Secret, SettingInfo, value_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .config import WebhookConfig

_token: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch  # RFC 9110, 5.6.2
_LONGEST_NAME: Final = 100
_VALUE: Final = SettingInfo(format="line", max_length=4096)

_FRAMING: Final = "says where the request ends, which the transport itself must do"
_HOP: Final = "is about the connection, which the transport keeps"
_SIGNED: Final = "is the signature's: set signature and signing_secret"
_REFUSED: Final[Mapping[str, str]] = {
    "accept-encoding": "is the transport's: answers are read as they come, without decompression",
    "connection": _HOP,
    "content-encoding": "would say that the body is compressed, and it is not",
    "content-length": _FRAMING,
    "expect": "would have the transport wait for an answer before the body, which it does not",
    "host": "names the host of url",
    "http2-settings": _HOP,
    "keep-alive": _HOP,
    "proxy-authorization": "is for a proxy, and this goes to the receiver",
    "proxy-connection": _HOP,
    "te": _HOP,
    "trailer": _FRAMING,
    "transfer-encoding": _FRAMING,
    "upgrade": _HOP,
    "user-agent": "has a setting of its own: user_agent",
    "x-hub-signature-256": _SIGNED,
    "x-hub-signature-256-also": _SIGNED,
}


def header_problems(config: WebhookConfig) -> Iterator[Problem]:
    """What is wrong with the headers of *config*, each under its own path; never a value."""
    names: dict[str, str] = {}
    for name, value in config.headers.items():
        path = f"headers.{name if _token(name) else ascii(name[:_LONGEST_NAME])}"
        problem = _name_problem(name, config)
        if problem is None and (other := names.setdefault(name.lower(), name)) != name:
            problem = f"is there twice, as {other} too: to HTTP, capitals make no difference"
        if problem:
            yield Problem(path, problem)
        elif not value:
            yield Problem(path, "is empty: leave the header out, or give it a value")
        else:
            yield from (Problem(path, message) for message in value_problems(_VALUE, value))
            if (plain := value.reveal()) != plain.strip():
                yield Problem(path, "begins or ends with blanks, which receivers cut off (RFC 9110, 5.5)", "warning")


def _name_problem(name: str, config: WebhookConfig) -> str | None:
    plain = name.lower()
    if not _token(name) or len(name) > _LONGEST_NAME:
        return (
            f"is no header's name: letters, digits and !#$%&'*+-.^_`|~ make one (RFC 9110, 5.6.2), {_LONGEST_NAME} at "
            "most"
        )
    if plain.startswith("webhook-"):
        return "begins with webhook-, which is kept for the id and the signature of Standard Webhooks"
    if plain == "authorization" and (setter := authorized_by(config)):
        return f"is made of {setter} already: keep one of the two"
    return _REFUSED.get(plain)


def authorization_problems(config: WebhookConfig) -> Iterator[Problem]:
    """What is wrong with user name and password, by themselves and beside the token and the URL."""
    basic = bool(config.username or config.password)
    if basic and config.token:
        yield Problem(
            "username" if config.username else "password", "cannot be sent beside a token: keep one of the two"
        )
    if ":" in config.username:
        yield Problem("username", "must not hold a colon, which ends it on the wire (RFC 7617, 2)")
    parts = urlsplit(config.url)
    if (parts.username or parts.password) and (config.token or basic):
        setter = "a token is set" if config.token else "username and password are set"
        yield Problem("url", f"its user name and password are not sent, because {setter}", "warning")


def authorized_by(config: WebhookConfig) -> str:
    """Which settings make the header ``Authorization``; empty where none does."""
    parts = urlsplit(config.url)
    if config.token:
        return "token"
    if config.username or config.password:
        return "username and password"
    return "user name in url" if parts.username or parts.password else ""


def authorization_value(config: WebhookConfig) -> bytes | None:
    """The value of ``Authorization``: the token as RFC 6750 has it, in UTF-8.

    Without a token, user name and password as RFC 7617 has them, in UTF-8; without these, those of the URL, as every
    HTTP client sends them, the reference's included. Without any, ``None``: there is no such header, unless it is
    among ``headers``.
    """
    if config.token:
        return b"Bearer " + config.token.reveal().encode()
    pair = basic_pair(config)
    return None if pair is None else b"Basic " + b64encode(pair.encode())


def basic_pair(config: WebhookConfig) -> str | None:
    """User name, colon, password, from the settings or else from the URL; ``None`` where neither has them."""
    if config.username or config.password:
        return f"{config.username}:{(config.password or Secret('')).reveal()}"
    parts = urlsplit(config.url)
    if parts.username or parts.password:
        return f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return None


def own_fields(config: WebhookConfig, defaults: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of *defaults*, each with the value that ``headers`` gives it if they do; then the other headers."""
    given = {name.lower(): value.reveal() for name, value in config.headers.items()}
    fields = [(name, given.get(name.lower(), value)) for name, value in defaults.items()]
    known = {name.lower() for name in defaults}
    fields += [(name, value.reveal()) for name, value in config.headers.items() if name.lower() not in known]
    # UTF-8, as the token goes out: to HTTP it is opaque (RFC 9110, 5.5)
    return tuple((name.encode("ascii"), value.encode()) for name, value in fields)
