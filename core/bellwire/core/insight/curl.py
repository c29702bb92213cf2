"""A request as a command for curl that can be pasted anywhere: what is secret stands there as a shell variable. Pure.

The command is for bash and what is like it. A variable that is not set stops it, by ``${NAME:?}``.
"""

from __future__ import annotations

import json
import re
import shlex
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus, urlsplit

import attrs

from bellwire.hookspecs import ChannelConfig, Secret, declared_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bellwire.core.http import SentRequest

_BY_CURL: Final = frozenset({b"content-length", b"transfer-encoding"})  # it writes them itself
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_ALWAYS_SECRET: Final = frozenset(
    {b"authorization", b"proxy-authorization", b"cookie", b"x-api-key", b"api-key", b"x-auth-token", b"private-token"}
)
_SCHEME: Final = re.compile(rb"([A-Za-z][A-Za-z0-9-]*) ")
_CURL_ADDS: Final = (b"Accept", b"Content-Type", b"Expect", b"User-Agent")


class NotShowable(ValueError):
    """A request that no command line can hold."""


@attrs.frozen
class CurlCommand:
    """The command, and what to know about it."""

    lines: tuple[str, ...]
    """To be pasted as they are, one below the other."""
    variables: tuple[str, ...]
    """What the shell must be told first: the names of environment variables."""
    notes: tuple[str, ...]


def curl_command(request: SentRequest, config: ChannelConfig, channel: str, *, timeout: float) -> CurlCommand:
    """*request* as a command. Raises :class:`NotShowable` for a body that is no text."""
    mask = _Mask(_variables(config, channel), _name(channel))
    if b"\0" in request.body:
        msg = "the request's body holds the byte 0, which no command line can"
        raise NotShowable(msg)
    place = urlsplit(request.url).netloc.encode()
    words = [
        f"--request {mask.word(request.method.encode())} {_url(request.url, mask)}",
        *(
            f"--header {_header(name, value, mask)}"
            for name, value in request.headers
            if name.lower() not in _BY_CURL and (name.lower(), value) != (b"host", place)
        ),
    ]
    given = {name.lower() for name, _ in request.headers}
    words += [f"--header {shlex.quote(f'{name.decode()}:')}" for name in _CURL_ADDS if name.lower() not in given]
    if request.body or request.method in _WITH_BODY:
        words.append(f"--data-raw {mask.word(request.body)}")
    start = f"curl --globoff --path-as-is --http1.1 --noproxy '*' --include --max-time {timeout:g}"
    lines = [f"{start} \\", *(f"  {word} \\" for word in words[:-1]), f"  {words[-1]}"]
    return CurlCommand(tuple(lines), tuple(sorted(mask.used)), tuple(_notes(request, mask.used)))


def _notes(request: SentRequest, used: Sequence[str] | set[str]) -> Iterator[str]:
    for name in sorted(used):
        yield f"set {name} first: it stands for what is secret"
    signed = [name.decode() for name, _ in request.headers if b"signature" in name.lower()]
    if signed:
        yield (
            f"{', '.join(signed)}: made for exactly this body, and by some schemes for this id and time; change one of "
            "them, or wait for some minutes, and the receiver refuses it"
        )


def _url(url: str, mask: _Mask) -> str:
    bare, question, query = url.partition("?")
    if not question:
        return mask.word(bare.encode())
    return f"{mask.word(bare.encode() + b'?')}{mask.hidden('QUERY')}" if query else mask.word(url.encode())


def _header(name: bytes, value: bytes, mask: _Mask) -> str:
    if not value:
        return mask.word(name + b";")  # curl's way of an empty one
    word, secret = mask.replaced(name + b": " + value)
    if secret or name.lower() not in _ALWAYS_SECRET:
        return word
    scheme = _SCHEME.match(value)
    return mask.word(name + b": " + (scheme[0] if scheme else b"")) + mask.hidden(name.decode("latin-1"))


@attrs.frozen
class _Mask:
    """Writes shell words, with what is secret as variables."""

    variables: Mapping[bytes, str]
    """From a secret's bytes to the variable for it, the longest first."""
    prefix: str
    used: set[str] = attrs.field(factory=set)

    def word(self, data: bytes) -> str:
        """*data* as a part of a shell word."""
        return self.replaced(data)[0]

    def replaced(self, data: bytes) -> tuple[str, bool]:
        """The same, and whether there was a secret in it."""
        if not self.variables or not data:
            return _quoted(data), False
        parts = re.split(b"(" + b"|".join(map(re.escape, self.variables)) + b")", data)
        if len(parts) == 1:
            return _quoted(data), False
        return "".join(self._part(part) for part in parts if part), True

    def _part(self, part: bytes) -> str:
        name = self.variables.get(part)
        return _quoted(part) if name is None else self._variable(name)

    def hidden(self, what: str) -> str:
        """A variable for something secret that no setting has as it stands."""
        return self._variable(f"{self.prefix}_{_name(what)}")

    def _variable(self, name: str) -> str:
        self.used.add(name)
        return f'"${{{name}:?}}"'


def _variables(config: ChannelConfig, channel: str) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for declared in declared_settings(type(config)):
        secrets = list(_secrets(getattr(config, declared.name)))
        for number, secret in enumerate(secrets, start=1):
            name = _name(f"{channel}_{declared.name}" + (f"_{number}" if len(secrets) > 1 else ""))
            plain = secret.reveal()
            found.setdefault(plain.encode("utf-8", "surrogatepass"), name)
            forms = (json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1])
            encoded = (quote(plain, safe=""), quote_plus(plain), b64encode(plain.encode()).decode())
            for form in (*forms, *encoded):
                found.setdefault(form.encode("utf-8", "surrogatepass"), f"{name}_ENCODED")
    found.pop(b"", None)
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def _secrets(value: object) -> Iterator[Secret]:
    match value:
        case Secret():
            yield value
        case tuple() | list():
            for each in value:
                yield from _secrets(each)
        case dict():
            for each in value.values():
                yield from _secrets(each)


def _name(text: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", text.upper()).strip("_")


def _quoted(data: bytes) -> str:
    """*data* as a part of a shell word that means exactly these bytes, and shows nothing that could trick an eye."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and (text or not data):
        return shlex.quote(text)
    return "$'" + "".join(map(_escaped, data)) + "'"


def _escaped(byte: int) -> str:
    character = chr(byte)
    if character in "\\'":
        return f"\\{character}"
    return character if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"
