"""Everything that a config class declares, in one place: what checks, schemas, forms and help are built from."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

import attrs

from .setting import SettingInfo
from .setting_checks import is_absent, value_problems
from .setting_types import SettingType, described, setting_type, type_problem


@attrs.frozen(kw_only=True)
class DeclaredSetting:
    """One setting of a config class: everything that is known about it."""

    name: str
    type: SettingType
    info: SettingInfo
    default: Any
    """``attrs.NOTHING`` where it must be set."""

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is attrs.NOTHING

    @property
    def may_be_empty(self) -> bool:
        """Whether an empty text stands for "not set", as it does where that is the default."""
        return not self.required and is_absent(self.default)

    @property
    def holds_secret(self) -> bool:
        """Whether its value, or a value in it, must never be shown."""
        return "secret" in (self.type.kind, self.type.item and self.type.item.kind)

    def is_missing(self, value: object) -> bool:
        """Whether *value* says nothing, and an enabled channel needs it to."""
        return self.info.required_when_enabled and is_absent(value)

    def problems(self, value: object) -> list[str]:
        """All that is wrong with *value*, by its type and its declaration; never a secret's value."""
        if problem := type_problem(self.type, value):
            return [problem]
        if self.required and self.type.kind in ("text", "secret") and is_absent(value) and value is not None:
            return ["must not be empty"]
        return value_problems(self.info, value, may_be_empty=self.may_be_empty)


_known: Final[WeakKeyDictionary[type[Any], tuple[DeclaredSetting, ...]]] = WeakKeyDictionary()


def declared_settings(cls: type[Any]) -> tuple[DeclaredSetting, ...]:
    """The settings of the attrs class *cls*, inherited ones first.

    Raises ``TypeError`` with a sentence for an annotation that no setting can have.
    """
    found = _known.get(cls)
    if found is None:
        found = _known[cls] = tuple(_declare(cls))
    return found


def _declare(cls: type[Any]) -> Iterator[DeclaredSetting]:
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError as error:
        msg = (
            f"{cls.__name__}: the type {error.name} of a setting is not known at run time; "
            f"import it at the top of {cls.__module__}, outside of `if TYPE_CHECKING:`"
        )
        raise TypeError(msg) from error
    for attribute in attrs.fields(cls):
        if not attribute.init:
            continue
        info = SettingInfo.of(attribute)
        where = f"{cls.__name__}.{attribute.name}"
        declared = DeclaredSetting(
            name=attribute.name,
            type=attrs.evolve(setting_type(hints[attribute.name], where), single=info.single),
            info=info,
            default=_default(attribute),
        )
        if problem := _misfit(declared):
            msg = f"{where}: {problem}"
            raise TypeError(msg)
        yield declared


def _default(attribute: attrs.Attribute[Any]) -> object:
    # to type checkers attrs.Factory is a function
    is_factory = isinstance(attribute.default, cast(Any, attrs.Factory))
    return cast(Any, attribute.default).factory() if is_factory else attribute.default


def _misfit(declared: DeclaredSetting) -> str | None:
    """What cannot be meant in a declaration: bounds that its type does not have, a default that it forbids."""
    info, inner = declared.info, declared.type.item or declared.type
    if (info.ge is not None or info.le is not None) and inner.kind not in ("integer", "number"):
        return f"ge and le are for numbers, and it takes {described(inner)}"
    if (info.format is not None or info.pattern is not None) and inner.kind not in ("text", "secret"):
        return f"format and pattern are for text, and it takes {described(inner)}"
    if info.single and declared.type.kind != "list":
        return f"single is for tuples, and it takes {described(declared.type)}"
    if not declared.required and not is_absent(declared.default) and (problems := declared.problems(declared.default)):
        return f"its own default is not allowed: {'; '.join(problems)}"
    if declared.default is None and not declared.type.optional:
        return "its default is None, so its type must be `… | None`"
    return None
