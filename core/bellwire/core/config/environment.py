"""The environment: which variable sets which setting, and how its text becomes a value of the setting's type."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from bellwire.core.plugins import did_you_mean
from bellwire.hookspecs import Problem, Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bellwire.hookspecs import DeclaredSetting, SettingType

PREFIX: Final = "BELLWIRE_"
CHANNEL_PREFIX: Final = "BELLWIRE_CHANNELS__"
_RESERVED: Final = frozenset(("BELLWIRE_CONFIG", "BELLWIRE_SECRET_KEY", "BELLWIRE_DISABLED_CHANNELS"))
_TESTS: Final = "BELLWIRE_TEST_"
_TRUE: Final = frozenset(("true", "1", "yes", "on"))
_FALSE: Final = frozenset(("false", "0", "no", "off"))
# the last "__" parts them: a channel may be called a--b, and no setting has two underscores in a row
_channel_variable: Final = re.compile(
    r"BELLWIRE_CHANNELS__(?P<channel>[A-Z][A-Z0-9_]*)__(?P<setting>[A-Z0-9]+(?:_[A-Z0-9]+)*)"
).fullmatch
# what Kubernetes adds for each service of a namespace, here for one whose name begins with "bellwire"
_service_variable: Final = re.compile(
    r"SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?"
).fullmatch


@attrs.frozen
class Variable:
    """One variable of the environment."""

    name: str
    text: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class EnvironmentLayer:
    """What the environment sets, by setting; the texts are parsed once the setting's type is known."""

    settings: Mapping[str, Variable]
    channels: Mapping[str, Mapping[str, Variable]]
    problems: tuple[Problem, ...]


def variable_name(setting: str, channel: str | None = None) -> str:
    """The variable that sets *setting*, of *channel* or of the bus.

    >>> variable_name("url", "ops-webhook"), variable_name("platform_name")
    ('BELLWIRE_CHANNELS__OPS_WEBHOOK__URL', 'BELLWIRE_PLATFORM_NAME')
    """
    path = setting if channel is None else f"channels__{channel.replace('-', '_')}__{setting}"
    return f"{PREFIX}{path.upper()}"


def read_environment(
    environ: Mapping[str, str], settings: Iterable[str], referenced: Iterable[str] = ()
) -> EnvironmentLayer:
    """Sorts the variables that begin with ``BELLWIRE_``. *settings* are the bus's own.

    *referenced* are those that ``{ env = "…" }`` names in the file; they may have the prefix too. A name that sets
    nothing is a problem, which shows neither its value nor a part of it.
    """
    names = {variable_name(setting): setting for setting in settings}
    passed_over = {*_RESERVED, *referenced, *_service_variables(environ)}
    own: dict[str, Variable] = {}
    channels: dict[str, dict[str, Variable]] = {}
    problems: list[Problem] = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name.startswith(_TESTS) or name in passed_over:
            continue
        variable = Variable(name, environ[name])
        if any("\ud800" <= character <= "\udfff" for character in variable.text):
            problems.append(Problem(name, "is not valid UTF-8"))
        elif name in names:
            own[names[name]] = variable
        elif (found := _channel_variable(name)) is not None:
            channel = found["channel"].lower().replace("_", "-")
            channels.setdefault(channel, {})[found["setting"].lower()] = variable
        else:
            problems.append(Problem(name if name.isprintable() else repr(name), _unknown(name, names)))
    return EnvironmentLayer(settings=own, channels=channels, problems=tuple(problems))


def _unknown(name: str, known: Iterable[str]) -> str:
    if name.startswith("BELLWIRE_ADMIN"):
        return "the settings of [admin] are not available in this version"
    if name.startswith(CHANNEL_PREFIX):
        return f"must be written {CHANNEL_PREFIX}<CHANNEL>__<SETTING>, in capitals, such as {CHANNEL_PREFIX}OPS__URL"
    hint = did_you_mean(name, (*known, *_RESERVED), prefix=PREFIX)
    return f"sets nothing{hint or f'; names that begin with {PREFIX} are kept for settings'}"


def _service_variables(environ: Mapping[str, str]) -> Iterator[str]:
    ending = "_SERVICE_HOST"
    stems = [name.removesuffix(ending) for name in environ if name.startswith(PREFIX) and name.endswith(ending)]
    stems += ["BELLWIRE"] if f"BELLWIRE{ending}" in environ else []
    for stem in stems:
        for name in environ:
            if name.startswith(f"{stem}_") and _service_variable(name.removeprefix(f"{stem}_")):
                yield name


def overlay(
    raw: Mapping[str, Any], variables: Mapping[str, Variable], declared: Iterable[DeclaredSetting], channel: str = ""
) -> tuple[dict[str, Any], list[Problem]]:
    """*raw* with what *variables* set put over it, and what is wrong with their names and texts."""
    known = {setting.name: setting for setting in declared}
    result, problems = dict(raw), []
    for name, variable in variables.items():
        setting = known.get(name)
        if setting is None:
            others = [variable_name(other, channel or None) for other in known]
            hint = did_you_mean(variable.name, others, prefix=variable_name("", channel or None))
            problems.append(Problem(variable.name, f"the channel has no such setting{hint}"))
            continue
        try:
            result[name] = parse_text(setting.type, variable.text)
        except ValueError as error:
            problems.append(Problem(variable.name, str(error)))
            result.pop(name, None)
    return result, problems


def with_origins(problems: Iterable[Problem], variables: Mapping[str, Variable]) -> Iterator[Problem]:
    """*problems*, each saying which variable the value came from, where it came from one."""
    for problem in problems:
        variable = variables.get(re.split(r"[.\[]", problem.path)[0])
        yield attrs.evolve(problem, message=f"{problem.message} (from {variable.name})") if variable else problem


def parse_text(expected: SettingType, text: str) -> Any:  # noqa: ANN401 - whatever the setting's type asks for
    """*text* as a value of the type *expected*, as the file would have it. Raises ``ValueError`` with a sentence.

    >>> from bellwire.hookspecs import SettingType
    >>> parse_text(SettingType("boolean"), "yes"), parse_text(SettingType("integer"), "3")
    (True, 3)
    >>> parse_text(SettingType("list", item=SettingType("text")), "approve, reject")
    ['approve', 'reject']
    """
    if expected.optional and not text and expected.kind not in ("text", "secret"):
        return None
    match expected.kind:
        case "secret":
            return Secret(text)
        case "text":
            return text
        case "boolean":
            return _boolean(text)
        case "integer":
            return int(_number(text, r"[+-]?[0-9]{1,30}", "a whole number"))
        case "number":
            return float(_number(text, r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", "a number"))
        case "choice":
            return next((choice for choice in expected.choices if _same(choice, text)), text)
        case "list" if expected.single and expected.item and text and not text.lstrip().startswith("["):
            return parse_text(expected.item, text)  # commas part nothing: one secret may hold some
        case "list":
            return _items(expected, text)
        case "table":
            return _json(text, dict, 'a JSON object, such as {"key": "value"}', expected)


def _boolean(text: str) -> bool:
    plain = text.strip().lower()
    if plain in _TRUE or plain in _FALSE:
        return plain in _TRUE
    msg = f"must be true or false, got {text[:80]!r}"
    raise ValueError(msg)


def _number(text: str, pattern: str, expected: str) -> str:
    if re.fullmatch(pattern, text.strip()) is None:
        msg = f"must be {expected}, got {text[:80]!r}"
        raise ValueError(msg)
    return text.strip()


def _same(choice: object, text: str) -> bool:
    return (str(choice).lower() if isinstance(choice, bool) else str(choice)) == text.strip()


def _items(expected: SettingType, text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        return list(_json(text, list, 'items with commas between, or a JSON array such as ["a", "b"]', expected))
    assert expected.item is not None  # noqa: S101 - for the type checker: a list has one
    return [parse_text(expected.item, item.strip()) for item in text.split(",") if item.strip()]


def _json(text: str, kind: type, what: str, expected: SettingType) -> Any:  # noqa: ANN401 - JSON is of any type
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        # not what it says instead: it may hold secrets
        msg = f"must be {what}"
        raise ValueError(msg)  # noqa: TRY004 - the text is wrong, not a Python type
    if expected.item is not None and expected.item.kind == "secret":
        return _hidden(value)
    return value


def _hidden(value: Any) -> Any:  # noqa: ANN401 - JSON is of any type
    if isinstance(value, Mapping):
        return {key: Secret(item) if isinstance(item, str) else item for key, item in value.items()}
    return [Secret(item) if isinstance(item, str) else item for item in value]
