"""From a config class to the JSON Schema (draft 2020-12) of what a file may hold for it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from bellwire.hookspecs import DeclaredSetting, Secret, SettingInfo, SettingType, declared_settings

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PATTERNS: Final = {
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*://[^\u0000-\u0020\u007f]+$",
    "http-url": r"^[Hh][Tt][Tt][Pp][Ss]?://[^\u0000-\u0020\u007f]+$",
    "duration": r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$",
    "line": r"^[^\u0000-\u001f\u007f-\u009f]*$",
    "file": r"^[^\u0000-\u001f\u007f-\u009f]*$",
}
_NONE: Final = {"type": "null"}


def json_schema(config_class: type[Any]) -> dict[str, Any]:
    """The schema of *config_class*'s settings: titles, help, defaults, bounds, secrets as ``writeOnly``.

    It takes whatever the class takes, and refuses most of what the class refuses; a setting's own ``check`` and the
    class's stay with the class. No secret stands in it. Raises ``TypeError`` for a class that is no config class.
    """
    declared = declared_settings(config_class)
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "title": config_class.__name__,
        "type": "object",
        "properties": {setting.name: setting_schema(setting) for setting in declared},
        "additionalProperties": False,
    }
    if config_class.__doc__:
        schema["description"] = inspect.getdoc(config_class)
    if required := [setting.name for setting in declared if setting.required]:
        schema["required"] = required
    if needed := [setting for setting in declared if setting.info.required_when_enabled]:
        schema |= _when_enabled(needed, declared)
    return schema


def _when_enabled(needed: list[DeclaredSetting], declared: tuple[DeclaredSetting, ...]) -> dict[str, Any]:
    by_default = any(setting.name == "enable" and setting.default is True for setting in declared)
    condition: dict[str, Any] = {"properties": {"enable": {"const": True}}}
    if not by_default:
        condition["required"] = ["enable"]
    filled: dict[str, Any] = {"not": {"enum": ["", None, [], {}]}}
    missing = [setting.name for setting in needed if setting.is_missing(setting.default)]
    then = {"properties": {setting.name: filled for setting in needed}, "required": missing}
    return {"if": condition, "then": then}


def setting_schema(setting: DeclaredSetting) -> dict[str, Any]:
    """The schema of one setting."""
    schema: dict[str, Any] = {"title": setting.info.title or _label(setting.name)}
    if setting.info.help:
        schema["description"] = setting.info.help
    if not setting.required and not setting.holds_secret:
        schema["default"] = _plain(setting.default)
    if setting.info.examples and not setting.holds_secret:
        schema["examples"] = [_plain(example) for example in setting.info.examples]
    if setting.holds_secret:
        schema["writeOnly"] = True
    found = _type_schema(setting.type, setting.info, may_be_empty=setting.may_be_empty, required=setting.required)
    return schema | (_or_none(found) if setting.type.optional else found)


def _or_none(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, _NONE]}


def _type_schema(expected: SettingType, info: SettingInfo, *, may_be_empty: bool, required: bool) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    if expected.item is not None:
        # length is that of the whole; the rest holds for each item, which may be empty wherever its format allows
        each = attrs.evolve(info, min_length=None, max_length=None)
        inner = _type_schema(expected.item, each, may_be_empty=False, required=False)
    match expected.kind:
        case "text":
            return _text(info, may_be_empty=may_be_empty, required=required)
        case "secret":
            return {"oneOf": [_text(info, may_be_empty=may_be_empty, required=required), _by("env"), _by("file")]}
        case "boolean":
            return {"type": "boolean"}
        case "integer" | "number":
            return {"type": expected.kind} | _given(minimum=info.ge, maximum=info.le)
        case "choice":
            return {"enum": list(expected.choices)}
        case "list":
            array = {"type": "array", "items": inner} | _given(minItems=info.min_length, maxItems=info.max_length)
            if not expected.single or expected.item is None:
                return array
            one = attrs.evolve(info, min_length=None, max_length=None)
            return {"anyOf": [_type_schema(expected.item, one, may_be_empty=True, required=False), array]}
        case "table":
            length = _given(minProperties=info.min_length, maxProperties=info.max_length)
            return {"type": "object", "additionalProperties": inner} | length


def _text(info: SettingInfo, *, may_be_empty: bool, required: bool) -> dict[str, Any]:
    bounds = _given(minLength=max(info.min_length or 0, int(required)) or None, maxLength=info.max_length)
    patterns = [_PATTERNS[info.format]] if info.format else []
    patterns += [pattern] if info.pattern and (pattern := _anchored(info.pattern)) else []
    if patterns:
        bounds["pattern"] = patterns[0]
    if len(patterns) > 1:
        bounds["allOf"] = [{"pattern": pattern} for pattern in patterns[1:]]
    schema: dict[str, Any] = {"type": "string"}
    if info.format in ("uri", "http-url"):
        schema["format"] = "uri"
    if may_be_empty and bounds:
        return schema | {"anyOf": [{"const": ""}, bounds]}
    return schema | bounds


def _anchored(pattern: str) -> str | None:
    """*pattern* for a whole text, or ``None`` where Python alone understands it."""
    anchored = f"^(?:{pattern})$"
    if re.search(r"\(\?(?![:=!])|\\[AZ]|[*+?}]\+", pattern):
        return None
    try:
        re.compile(anchored)
    except re.error:
        return None
    return anchored


def _by(key: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {key: {"type": "string", "minLength": 1}},
        "required": [key],
        "additionalProperties": False,
    }


def _given(**limits: float | None) -> dict[str, Any]:
    return {name: limit for name, limit in limits.items() if limit is not None}


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON is of any type
    match value:
        case tuple() | list():
            return [_plain(item) for item in value]
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case Secret():
            return None
        case _:
            return value
