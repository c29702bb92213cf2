"""Secrets by reference, and the secrets of a config in plain, for those who must take them out of texts."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs

from bellwire.hookspecs import MASK, ChannelConfig, Secret, declared_settings

_LARGEST: Final = 64 * 1024
_LEAST_SCRUBBED: Final = 4  # a secret of one letter, taken out everywhere, would leave nothing to read
_LEAST_QUERY_VALUE: Final = 8  # ?key=1 is no secret
_FORMS: Final = 'text, { env = "NAME" } or { file = "path" }'


class Unresolved(Exception):
    """A reference to a secret that leads nowhere; the message never holds what was found there."""


class BadReference(Unresolved):
    """It is no reference, or must not be one where it stands: wrong whether or not the channel is enabled."""


@attrs.frozen
class SecretReader:
    """Follows ``{ env = "NAME" }`` and ``{ file = "path" }``, as files may have them in place of a secret."""

    folder: Path
    """Where relative paths start."""
    environ: Mapping[str, str] = attrs.field(repr=False)

    def resolve(self, reference: Mapping[Any, Any]) -> tuple[Secret, str | None]:
        """The secret, and a warning about where it is kept, if there is one. Raises :class:`Unresolved`."""
        match dict(reference):
            case {"env": str(name), **rest} if name and not rest:
                return self._variable(name), None
            case {"file": str(name), **rest} if name and not rest:
                return self._file(name)
        msg = f"must be {_FORMS}"
        raise BadReference(msg)

    def _variable(self, name: str) -> Secret:
        value = self.environ.get(name)
        if not value:
            msg = f"the environment variable {name[:200]!r} {'is not set' if value is None else 'is empty'}"
            raise Unresolved(msg)
        return Secret(value)

    def _file(self, name: str) -> tuple[Secret, str | None]:
        path = self.folder / Path(name).expanduser()
        try:
            content, warning = _read(path)
            text = content.decode()
        except UnicodeDecodeError:
            msg = f"the file {path} is not UTF-8 text"
            raise Unresolved(msg) from None
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or "its name is not one that a file can have"
            msg = f"the file {str(path)!r} cannot be read: {reason}"
            raise Unresolved(msg) from None
        text = text.removesuffix("\n").removesuffix("\r")  # editors end a file with a line break
        if not text:
            msg = f"the file {path} is empty"
            raise Unresolved(msg)
        return Secret(text), warning


def _read(path: Path) -> tuple[bytes, str | None]:
    # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            msg = f"the file {path} is no regular file"
            raise Unresolved(msg)
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            msg = f"the file {path} is larger than {_LARGEST >> 10} KiB, so it hardly holds one secret"
            raise Unresolved(msg)
        # a read-only mount is how containers are given secrets, and nobody can change its modes
        exposed = status.st_mode & stat.S_IROTH and not os.fstatvfs(descriptor).f_flag & os.ST_RDONLY
    finally:
        os.close(descriptor)
    return content, f"the file {path} can be read by every user of this machine; chmod 600 it" if exposed else None


def referenced_variables(raw: object) -> Iterator[str]:
    """The environment variables that ``{ env = "…" }`` names anywhere in *raw*."""
    match raw:
        case Mapping():
            if set(raw) == {"env"} and isinstance(raw["env"], str):
                yield raw["env"]
            for value in raw.values():
                yield from referenced_variables(value)
        case list():
            for value in raw:
                yield from referenced_variables(value)


def known_secrets(config: ChannelConfig | None) -> tuple[str, ...]:
    """All that *config* keeps secret, in plain: its :class:`Secret` values, and passwords and keys in its URLs.

    For taking them out of texts that others wrote; the longest stands first, so that one within another leaves no rest.
    """
    if config is None:
        return ()
    values = (getattr(config, setting.name) for setting in declared_settings(type(config)))
    found = {text for value in values for text in _secrets_in(value)}
    return tuple(sorted(found - {""}, key=lambda text: (-len(text), text)))


def _secrets_in(value: object) -> Iterator[str]:
    match value:
        case Secret():
            yield value.reveal()
            yield from _url_secrets(value.reveal())
        case str():
            yield from _url_secrets(value)
        case tuple() | list():
            for item in value:
                yield from _secrets_in(item)
        case Mapping():  # of headers, such as X-Version: 2, where not every value is a secret in truth
            for item in value.values():
                yield from (text for text in _secrets_in(item) if len(text) >= _LEAST_SCRUBBED)


def _url_secrets(url: str) -> Iterator[str]:
    if "://" not in url:
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    # a user name alone is how tokens are given: https://TOKEN@example.org
    userinfo = parts.password or (parts.username if parts.password is None else "") or ""
    yield from (userinfo, unquote(userinfo))
    for _, value in parse_qsl(parts.query):
        if len(value) >= _LEAST_QUERY_VALUE:
            yield value


def scrub(text: str, secrets: Iterable[str]) -> str:
    """*text* with every one of *secrets* masked; for messages that a stranger's code wrote.

    >>> scrub("token s3cret is wrong", ["s3cret"])
    'token ******** is wrong'
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST_SCRUBBED:
            text = text.replace(secret, MASK)
    return text
