"""One declaration per setting, from which all else follows: checks, schema, form, help, environment, reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, TypeVar, overload

import attrs

SettingFormat = Literal["uri", "http-url", "duration", "line", "file"]
"""``uri``: a URL with scheme and host; ``http-url``: such a one over http or https; ``duration``: ``30s``, ``5m``;
``line``: text without control characters; ``file``: a path, which in a configuration file starts at its folder."""

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
    single: bool = False
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
    single: bool = ..., check: Callable[[Any], str | None] | None = ...,
) -> _T: ...
@overload
def setting(
    *, factory: Callable[[], _T], title: str = ..., help: str = ..., ge: float | None = ..., le: float | None = ...,
    min_length: int | None = ..., max_length: int | None = ..., pattern: str | None = ...,
    format: SettingFormat | None = ..., examples: Iterable[Any] = ..., required_when_enabled: bool = ...,
    single: bool = ..., check: Callable[[Any], str | None] | None = ...,
) -> _T: ...
@overload
def setting(
    *, title: str = ..., help: str = ..., ge: float | None = ..., le: float | None = ...,
    min_length: int | None = ..., max_length: int | None = ..., pattern: str | None = ...,
    format: SettingFormat | None = ..., examples: Iterable[Any] = ..., required_when_enabled: bool = ...,
    single: bool = ..., check: Callable[[Any], str | None] | None = ...,
) -> Any: ...  # noqa: ANN401 - it stands for a value of any type that is yet to come
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
    single: bool = False,
    check: Callable[[Any], str | None] | None = None,
) -> Any:
    """Declares one setting of a channel; its type is the annotation.

    Types: ``str``, ``int``, ``float``, ``bool``, :class:`Secret`, ``Literal[…]``, ``X | None``, ``tuple[X, ...]``
    and ``dict[str, X]``.

    :param default: its value when nobody sets it; without one it must be set (``factory`` for a ``dict``).
    :param title: its label on the form, ``help`` the sentence below it.
    :param ge: the least number allowed, ``le`` the greatest; of a tuple or dict, for each item.
    :param min_length: of text, or the number of items; ``max_length`` likewise.
    :param pattern: a regular expression that the whole text, or each item, must match.
    :param format: see :data:`SettingFormat`; for a tuple or dict it holds for each item.
    :param required_when_enabled: an empty value is refused, but only while the channel is enabled.
    :param single: of a tuple: one value may be written in place of a list of one; the tuple stays a tuple.
    :param check: returns what is wrong with a value, or ``None``. For a secret, never put the value into it.
    """
    if isinstance(default, list | dict | set):
        kind = type(default).__name__
        msg = f"setting(default={default!r}) would be shared by all; use a tuple, or factory={kind}"
        raise TypeError(msg)
    if default is not attrs.NOTHING and factory is not None:
        msg = "setting() takes a default or a factory, not both"
        raise TypeError(msg)
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            msg = f"setting(pattern={pattern!r}) is no regular expression: {error}"
            raise ValueError(msg) from error
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
        single=single,
        check=check,
    )
    if factory is not None:
        return attrs.field(factory=factory, metadata={_METADATA_KEY: info}, kw_only=True)
    return attrs.field(default=default, metadata={_METADATA_KEY: info}, kw_only=True)
