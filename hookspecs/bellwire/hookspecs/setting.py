"""One declaration per setting, from which all else follows: checks, schema, form, help, environment, reference table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, TypeVar, overload
from urllib.parse import urlsplit

import attrs

from .durations import parse_duration
from .redact import redact_url
from .secret import Secret

SettingFormat = Literal["uri", "http-url", "duration", "line"]
"""``uri``: a URL with scheme and host; ``http-url``: such a one over http or https; ``duration``: ``30s``, ``5m``;
``line``: text without control characters."""

_METADATA_KEY: Final = "bellwire.setting"
_T = TypeVar("_T")


@attrs.frozen(kw_only=True)
class SettingInfo:
    """What :func:`setting` declared, for those who build checks, schemas and forms from it."""

    title: str = ""
    help: str = ""
    ge: float | None = None
    le: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: SettingFormat | None = None
    examples: tuple[Any, ...] = ()
    required_when_enabled: bool = False
    check: Callable[[Any], str | None] | None = None

    @classmethod
    def of(cls, attribute: attrs.Attribute[Any]) -> SettingInfo:
        """The declaration of *attribute*; an empty one where it was declared without :func:`setting`."""
        info = attribute.metadata.get(_METADATA_KEY)
        return info if isinstance(info, SettingInfo) else cls()


@attrs.frozen
class Problem:
    """Something about a setting that a person should know."""

    path: str
    """The setting's name; whoever shows it puts the channel's path before it."""
    message: str
    """What is wrong and what would be right; never a secret's value."""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidConfig(ValueError):
    """A config object was made with values that its settings do not allow; :attr:`problems` has them all."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Final = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


# fmt: off
@overload
def setting(
    *, default: _T, title: str = ..., help: str = ..., ge: float | None = ..., le: float | None = ...,
    min_length: int | None = ..., max_length: int | None = ..., pattern: str | None = ...,
    format: SettingFormat | None = ..., examples: Iterable[Any] = ..., required_when_enabled: bool = ...,
    check: Callable[[Any], str | None] | None = ...,
) -> _T: ...
@overload
def setting(
    *, factory: Callable[[], _T], title: str = ..., help: str = ..., ge: float | None = ..., le: float | None = ...,
    min_length: int | None = ..., max_length: int | None = ..., pattern: str | None = ...,
    format: SettingFormat | None = ..., examples: Iterable[Any] = ..., required_when_enabled: bool = ...,
    check: Callable[[Any], str | None] | None = ...,
) -> _T: ...
@overload
def setting(
    *, title: str = ..., help: str = ..., ge: float | None = ..., le: float | None = ...,
    min_length: int | None = ..., max_length: int | None = ..., pattern: str | None = ...,
    format: SettingFormat | None = ..., examples: Iterable[Any] = ..., required_when_enabled: bool = ...,
    check: Callable[[Any], str | None] | None = ...,
) -> Any: ...
# fmt: on
def setting(
    *,
    default: Any = attrs.NOTHING,
    factory: Callable[[], Any] | None = None,
    title: str = "",
    help: str = "",  # noqa: A002 - the word that authors know from click and argparse
    ge: float | None = None,
    le: float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
    format: SettingFormat | None = None,  # noqa: A002 - JSON Schema's own word
    examples: Iterable[Any] = (),
    required_when_enabled: bool = False,
    check: Callable[[Any], str | None] | None = None,
) -> Any:
    """Declares one setting of a channel; its type is the annotation.

    Types: ``str``, ``int``, ``float``, ``bool``, :class:`Secret`, ``Literal[…]``, ``X | None``, ``tuple[X, ...]``
    and ``dict[str, X]``.

    :param default: its value when nobody sets it; without one it must be set (``factory`` for a ``dict``).
    :param title: its label on the form, ``help`` the sentence below it.
    :param ge: the least number allowed, ``le`` the greatest.
    :param min_length: of text, or the number of items; ``max_length`` likewise.
    :param pattern: a regular expression that the whole text, or each item, must match.
    :param format: see :data:`SettingFormat`; for a tuple it holds for each item.
    :param required_when_enabled: an empty value is refused, but only while the channel is enabled.
    :param check: returns what is wrong with a value, or ``None``. For a secret, never put the value into it.
    """
    if isinstance(default, list | dict | set):
        kind = type(default).__name__
        msg = f"setting(default={default!r}) would be shared by all; use a tuple, or factory={kind}"
        raise TypeError(msg)
    if pattern is not None:
        re.compile(pattern)
    info = SettingInfo(
        title=title,
        help=help,
        ge=ge,
        le=le,
        min_length=min_length,
        max_length=max_length,
        pattern=pattern,
        format=format,
        examples=tuple(examples),
        required_when_enabled=required_when_enabled,
        check=check,
    )
    if factory is not None:
        return attrs.field(factory=factory, metadata={_METADATA_KEY: info}, kw_only=True)
    return attrs.field(default=default, metadata={_METADATA_KEY: info}, kw_only=True)


def value_problems(info: SettingInfo, value: object) -> list[str]:
    """All that is wrong with *value* by its declaration, each as a sentence without the field's name."""
    if value is None or value == "" or (isinstance(value, Secret) and not value):
        return []  # absent; whether it may be is required_when_enabled's matter
    problems = _range_problems(info, value) + _length_problems(info, value)
    for item in value if isinstance(value, list | tuple) else (value,):
        problems += _text_problems(info, item)
    if info.check is not None and not problems and (message := info.check(value)):
        problems.append(message)
    return problems


def _range_problems(info: SettingInfo, value: object) -> list[str]:
    if info.ge is None and info.le is None:
        return []
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [f"must be a number, got {_shown(value)}"]
    if (info.ge is None or value >= info.ge) and (info.le is None or value <= info.le):
        return []
    if info.ge is not None and info.le is not None:
        return [f"must be between {info.ge:g} and {info.le:g}, got {value!r}"]
    return [f"must be at least {info.ge:g}, got {value!r}" if info.le is None else f"must be at most {info.le:g}, got {value!r}"]


def _length_problems(info: SettingInfo, value: object) -> list[str]:
    if info.min_length is None and info.max_length is None:
        return []
    plain = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(plain, str | list | tuple | Mapping):
        return []
    unit = "characters" if isinstance(plain, str) else "items"
    if info.min_length is not None and len(plain) < info.min_length:
        return [f"must have at least {info.min_length} {unit}, has {len(plain)}"]
    if info.max_length is not None and len(plain) > info.max_length:
        return [f"must have at most {info.max_length} {unit}, has {len(plain)}"]
    return []


def _text_problems(info: SettingInfo, value: object) -> list[str]:
    plain = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(plain, str):
        return []
    if info.format is not None and (problem := _FORMATS[info.format](plain, _shown(value))):
        return [problem]
    if info.pattern is not None and re.fullmatch(info.pattern, plain) is None:
        return [f"must match {info.pattern}, got {_shown(value)}"]
    return []


def _shown(value: object) -> str:
    if isinstance(value, Secret):
        return "a secret that does not"
    if isinstance(value, str) and "://" in value:
        value = redact_url(value)
    return f"{type(value).__name__} {value!r}" if not isinstance(value, str) else ascii(value)[:200]


def _uri_problem(text: str, shown: str, schemes: tuple[str, ...] = ()) -> str | None:
    expected = " or ".join(f"{scheme}://" for scheme in schemes) or "a scheme, such as https://,"
    if any(ord(character) <= 0x20 or ord(character) == 0x7F for character in text):
        return f"must not hold blanks or control characters, got {shown}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return f"is not a valid URL ({error}), got {shown}"
    if not parts.scheme or "://" not in text or (schemes and parts.scheme not in schemes):
        return f"must start with {expected} got {shown}" if not schemes else f"must start with {expected}, got {shown}"
    if not host:
        return f"must name a host after {parts.scheme}://, got {shown}"
    if port == 0:
        return f"must have a port between 1 and 65535, got {shown}"
    return None


def _http_url_problem(text: str, shown: str) -> str | None:
    return _uri_problem(text, shown, ("http", "https"))


def _duration_problem(text: str, shown: str) -> str | None:
    try:
        parse_duration(text)
    except ValueError as error:
        return str(error)
    return None


def _line_problem(text: str, shown: str) -> str | None:
    for position, character in enumerate(text):
        if ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0:
            return f"must not hold control characters; there is a U+{ord(character):04X} at position {position + 1}"
        if 0xD800 <= ord(character) <= 0xDFFF:
            return f"must be valid Unicode text; there is a lone surrogate at position {position + 1}"
    return None


_FORMATS: Final[Mapping[SettingFormat, Callable[[str, str], str | None]]] = {
    "uri": _uri_problem,
    "http-url": _http_url_problem,
    "duration": _duration_problem,
    "line": _line_problem,
}
