"""The channel's own secrets, taken out of what a receiver sends back: some echo every header when they fail.

The engine scrubs the secrets that it knows as well. Here are the forms that only this channel knows: those that its
token, password and headers take on the wire, and what its URL holds.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from bellwire.hookspecs import MASK

from .headers import basic_pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .config import WebhookConfig

_LEAST_HEADER_VALUE = 4  # X-Version: 2 is no secret either
_LEAST_QUERY_VALUE = 8  # ?key=1 is no secret, and scrubbing every "1" would leave nothing to read


def secret_forms(config: WebhookConfig) -> tuple[str, ...]:
    """Every form in which a receiver may echo what *config* keeps secret.

    The longest stands first, so that a secret within another leaves no rest of it.
    """
    forms: set[str] = set()
    for secret in _secrets(config):
        # a server reads header bytes as Latin-1, and sends that back as UTF-8
        for form in (secret, secret.encode("utf-8", "surrogatepass").decode("latin-1")):
            forms |= {form, json.dumps(form)[1:-1], json.dumps(form, ensure_ascii=False)[1:-1]}
    return tuple(sorted(forms - {""}, key=lambda form: (-len(form), form)))


def _secrets(config: WebhookConfig) -> Iterator[str]:
    if config.token:
        yield config.token.reveal()
    for secret in config.signing_secret:
        yield secret.reveal()
        if config.signature == "standard":
            yield secret.reveal().partition("_")[2]  # the key alone, as some libraries take it
    yield from _of_headers(config)
    yield from _of_user(config.url)
    yield from _of_user(config.proxy)  # a proxy's page may echo it
    parts = urlsplit(config.url)
    for _, value in parse_qsl(parts.query):
        if len(value) >= _LEAST_QUERY_VALUE:
            yield value
    if parts.query and len(parts.query) >= _LEAST_QUERY_VALUE:
        yield parts.query


def _of_headers(config: WebhookConfig) -> Iterator[str]:
    if config.password:
        yield config.password.reveal()
    elif len(config.username) >= _LEAST_HEADER_VALUE:
        yield config.username  # alone, it is how some services take their keys
    if (pair := basic_pair(config)) is not None:
        yield b64encode(pair.encode()).decode("ascii")
    for header in config.headers.values():
        if len(value := header.reveal()) >= _LEAST_HEADER_VALUE:
            yield from {value, value.strip(), value.partition(" ")[2].strip()}  # the last: behind "ApiKey " or the like


def _of_user(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.password:
        yield from {parts.password, unquote(parts.password)}
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password)}"
        yield b64encode(pair.encode()).decode("ascii")


def scrub(text: str, secrets: Iterable[str], *, cut: bool = False) -> str:
    """*text* with every one of *secrets* masked; of a *cut* text also a secret's beginning at the very end.

    >>> scrub("you sent test123", ["test123"])
    'you sent ********'
    >>> scrub("you sent test", ["test123"], cut=True)
    'you sent '
    """
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, MASK)
    if cut:
        for secret in secrets:
            for length in range(min(len(secret) - 1, len(text)), 0, -1):
                if text.endswith(secret[:length]):
                    text = text[:-length]
                    break
    return text
