"""From a raw table to a config object, or to everything that is wrong with it.

cattrs takes the table apart and asks a hook of ours for each field, so that every bad field is reported, and not only
the first. Nothing here raises for bad input but :class:`~bellwire.core.errors.ConfigError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, cast
from weakref import WeakKeyDictionary

import attrs

from bellwire.core.errors import ConfigError
from bellwire.core.plugins import did_you_mean
from bellwire.hookspecs import ChannelConfig, DeclaredSetting, InvalidConfig, Problem, Secret, declared_settings

from .conversion import Unfit, convert, key_shown
from .environment import variable_name
from .secrets import BadReference, SecretReader, Unresolved, known_secrets, scrub

T = TypeVar("T")
C = TypeVar("C", bound=ChannelConfig)

MISSING: Final = "is required"
MISSING_WHEN_ENABLED: Final = "is required while the channel is enabled"


@attrs.frozen(kw_only=True)
class Examined(Generic[T]):
    """A config object, where one could be made, and everything that is to be said about it."""

    config: T | None
    problems: tuple[Problem, ...]
    """Their paths begin with the setting's name."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems for which it cannot be used."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def structure_channel(
    cls: type[C], raw: Mapping[str, Any], *, path: str = "", secrets: SecretReader | None = None
) -> C:
    """The config object that *raw* describes; *path*, such as ``channels.ops``, goes before each problem's own.

    References to secrets are followed by *secrets*; without it they are refused, as they must be wherever raw comes
    from a page or an API. Raises :class:`~bellwire.core.errors.ConfigError` with all problems.
    """
    examined = examine(cls, raw, secrets=secrets)
    if examined.config is None or examined.errors:
        raise ConfigError(below(path, examined.problems))
    return examined.config


def below(path: str, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """*problems* with *path* before their own.

    >>> str(below("channels.ops", [Problem("url", "is required")])[0])
    'channels.ops.url: is required'
    """
    return tuple(attrs.evolve(each, path=".".join(filter(None, (path, each.path)))) for each in problems)


def examine(cls: type[T], raw: Mapping[str, Any], *, secrets: SecretReader | None = None) -> Examined[T]:
    """Looks at all of *raw*, and makes a *cls* of it if that can be done. Raises nothing for anything in *raw*.

    While the channel is disabled, a secret that cannot be resolved is a warning, and counts as absent.
    """
    declared = declared_settings(cls)
    by_default = next((setting.default for setting in declared if setting.name == "enable"), True)
    enabled = raw.get("enable", by_default)
    fields, problems, unresolved = _with_secrets(raw, declared, secrets, is_error=enabled is not False)
    if secrets is not None:
        fields |= _absolute_paths(fields, declared, secrets.folder)
    plain = [item.reveal() for value in fields.values() for item in _secrets_of(value)]
    config: T | None = None
    try:
        config = _structure_function(cls)(fields)
        found: Iterable[Problem] = _warnings(config)
    except Exception as error:  # noqa: BLE001 - a config class is a stranger's code, and cattrs wraps what it raises
        found = _all_problems(error, cls, unresolved)
        found = [
            *found,
            *_missing_when_enabled(declared, fields, {each.path for each in found}, enabled=enabled is True),
        ]
    if isinstance(config, ChannelConfig):
        plain += known_secrets(config)
    # of what could not be resolved the reason is told, not what its absence leads to
    told = (each for each in found if each.path not in unresolved)
    problems += (attrs.evolve(each, message=scrub(each.message, plain)) for each in told)
    return Examined(config=config, problems=tuple(problems))


def _with_secrets(
    raw: Mapping[str, Any], declared: Iterable[DeclaredSetting], secrets: SecretReader | None, *, is_error: bool
) -> tuple[dict[str, Any], list[Problem], set[str]]:
    """*raw* with secrets in place of what refers to them; fields with a broken reference are left out."""
    fields, problems, unresolved = dict(raw), list[Problem](), set[str]()
    for setting in declared:
        if setting.name not in fields or not setting.holds_secret:
            continue
        try:
            fields[setting.name], warning = _resolved(fields[setting.name], setting, secrets)
        except Unresolved as error:
            matters = is_error or isinstance(error, BadReference)
            problems.append(Problem(setting.name, str(error), "error" if matters else "warning"))
            unresolved.add(setting.name)
            del fields[setting.name]
        else:
            problems += [Problem(setting.name, warning, "warning")] if warning else []
    return fields, problems, unresolved


def _resolved(raw: Any, setting: DeclaredSetting, secrets: SecretReader | None) -> tuple[Any, str | None]:  # noqa: ANN401 - raw may be anything
    match setting.type.kind, raw:
        case "secret", Mapping():
            if secrets is None:
                msg = "must be text; only a configuration file may refer to the environment or to a file"
                raise BadReference(msg)
            return secrets.resolve(raw)
        case "list", list() | tuple():
            item = _item_of(setting)
            results = [_resolved(each, item, secrets) for each in raw]
            return [value for value, _ in results], "; ".join(warning for _, warning in results if warning) or None
        case "list", _ if setting.type.single:
            return _resolved(raw, _item_of(setting), secrets)
        case "table", Mapping():
            item = _item_of(setting)
            found = {key: _resolved(each, item, secrets) for key, each in raw.items()}
            warnings = [warning for _, warning in found.values() if warning]
            return {key: value for key, (value, _) in found.items()}, "; ".join(warnings) or None
        case "secret", str():
            return Secret(raw), None
    return raw, None


def _absolute_paths(
    fields: Mapping[str, Any], declared: Iterable[DeclaredSetting], folder: Path
) -> Iterator[tuple[str, str]]:
    """The paths among *fields*, starting at *folder* like those of secrets: a worker may be started anywhere."""
    for setting in declared:
        text = fields.get(setting.name)
        if setting.info.format == "file" and setting.type.kind == "text" and isinstance(text, str) and text:
            with suppress(RuntimeError):  # no home directory to put in place of ~
                yield setting.name, str(folder / Path(text).expanduser())


def _item_of(setting: DeclaredSetting) -> DeclaredSetting:
    assert setting.type.item is not None  # noqa: S101 - for the type checker: a container has one
    return attrs.evolve(setting, type=setting.type.item)


def _secrets_of(value: object) -> Iterator[Secret]:
    match value:
        case Secret():
            yield value
        case list() | tuple():
            yield from (item for item in value if isinstance(item, Secret))
        case Mapping():
            yield from (item for item in value.values() if isinstance(item, Secret))


_functions: Final[WeakKeyDictionary[type[Any], Callable[[Mapping[str, Any]], Any]]] = WeakKeyDictionary()


def _structure_function(cls: type[T]) -> Callable[[Mapping[str, Any]], T]:
    function = _functions.get(cls)
    if function is None:
        from cattrs import Converter
        from cattrs.gen import make_dict_structure_fn, override

        hooks: dict[str, Any] = {
            setting.name: override(struct_hook=_field_hook(setting, cls)) for setting in declared_settings(cls)
        }
        # what is not given to __init__ is no setting
        hooks |= {field.name: override(omit=True) for field in attrs.fields(cast(Any, cls)) if field.name not in hooks}
        made: Any = make_dict_structure_fn(
            cls,
            Converter(detailed_validation=True),
            _cattrs_forbid_extra_keys=True,
            _cattrs_use_linecache=False,
            **hooks,
        )
        function = _functions[cls] = made
    return function


def _field_hook(setting: DeclaredSetting, cls: type[Any]) -> Callable[[object, object], object]:
    variable = variable_name(setting.name, "<channel>" if issubclass(cls, ChannelConfig) else None)

    def structure(raw: object, _: object) -> object:
        if setting.type.kind == "text" and isinstance(raw, Mapping) and set(raw) <= {"env", "file"}:
            raise Unfit(("", f"must be text; references are for secrets, and the environment sets it by {variable}"))
        value = convert(setting.type, raw)
        try:
            problems = setting.problems(value)
        except Exception as error:
            shown = type(error).__name__ if setting.holds_secret else f"{type(error).__name__}: {error}"
            raise Unfit(("", f"could not be checked: {shown}")) from error
        if problems:
            raise Unfit(*(("", problem) for problem in problems))
        return value

    return structure


def _all_problems(error: Exception, cls: type[Any], unresolved: set[str]) -> list[Problem]:
    from cattrs import ClassValidationError, ForbiddenExtraKeysError

    if not isinstance(error, ClassValidationError):
        return [Problem("", f"{cls.__name__} could not be made: {type(error).__name__}: {error}")]
    found: list[Problem] = []
    with_names, others = error.group_exceptions()
    for inner, note in with_names:
        match inner:
            case Unfit():
                found += [Problem(note.name + place, message) for place, message in inner.problems]
            case KeyError() if note.name not in unresolved:
                found.append(Problem(note.name, MISSING))
    for inner in others:
        match inner:
            case ForbiddenExtraKeysError():
                found += [Problem(key_shown(key), _unknown(key, cls)) for key in sorted(inner.extra_fields, key=str)]
            case InvalidConfig():
                found += inner.problems
            case TypeError() if unresolved:
                pass  # it lacks what could not be resolved, and that is said already
            case _:
                found.append(Problem("", f"{cls.__name__} refuses to be made: {type(inner).__name__}: {inner}"))
    return found


def _unknown(key: object, cls: type[Any]) -> str:
    of_a_channel = issubclass(cls, ChannelConfig)
    known = [setting.name for setting in declared_settings(cls)]
    hint = did_you_mean(str(key), [*known, "type" if of_a_channel else "channels"])
    more = "" if of_a_channel else ", and below them [channels.NAME] for each channel"
    return f"unknown setting{hint}" if hint else f"unknown setting; there are {', '.join(sorted(known))}{more}"


def _missing_when_enabled(
    declared: Iterable[DeclaredSetting], fields: Mapping[str, Any], told: set[str], *, enabled: bool
) -> Iterator[Problem]:
    """What the object itself would have missed, had its other fields let it be made."""
    for setting in declared:
        value = fields.get(setting.name, setting.default)
        if enabled and setting.name not in told and value is not attrs.NOTHING and setting.is_missing(value):
            yield Problem(setting.name, MISSING_WHEN_ENABLED)


def _warnings(config: object) -> list[Problem]:
    return config.problems() if isinstance(config, ChannelConfig) else []
