"""The channels of a configuration: the file's tables, what the environment puts over them, and the two together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from bellwire.core.errors import PluginError
from bellwire.core.plugins import DISABLED_VARIABLE, ChannelTypes, did_you_mean
from bellwire.hookspecs import ChannelConfig, Problem, declared_settings

from .conversion import described, key_shown
from .environment import Variable, overlay, variable_name, with_origins
from .secrets import SecretReader
from .settings import NOT_ENABLED, ConfiguredChannel, name_problem
from .structure import Examined, below, examine

if TYPE_CHECKING:
    from collections.abc import Iterator


@attrs.frozen(kw_only=True)
class ChannelReader:
    """Reads channels, each by itself; nothing in one of them keeps another from being looked at."""

    types: ChannelTypes
    disabled: frozenset[str]
    """Names of channels and types that are not loaded."""
    secrets: SecretReader
    top_level: frozenset[str]
    """The bus's own settings, which end up in a channel's table when they are written below it."""

    def read(
        self, tables: object, variables: Mapping[str, Mapping[str, Variable]]
    ) -> tuple[dict[str, ConfiguredChannel], list[Problem]]:
        """The channels that can be used, and all problems."""
        if not isinstance(tables, Mapping):
            return {}, [Problem("channels", f"must be tables, [channels.NAME], got {described(tables)[0]}")]
        channels: dict[str, ConfiguredChannel] = {}
        problems: list[Problem] = []
        for name in (*tables, *(name for name in variables if name not in tables)):
            channel, found = self._channel(name, tables.get(name), variables.get(name, {}), tables)
            problems += found
            if channel is not None:
                channels[name] = channel
        return channels, problems

    def unknown_disabled(self, channels: Mapping[str, object]) -> Iterator[Problem]:
        """Names in ``BELLWIRE_DISABLED_CHANNELS`` that disable nothing: a misspelt brake does not brake."""
        known = {*channels, *self.types.names()} if self.disabled else set()
        for name in sorted(self.disabled - known):
            hint = did_you_mean(name, known)
            yield Problem(DISABLED_VARIABLE, f"no channel or channel type {name!r}{hint}", "warning")

    def _channel(
        self, name: str, table: object, variables: Mapping[str, Variable], others: Mapping[str, object]
    ) -> tuple[ConfiguredChannel | None, list[Problem]]:
        path = f"channels.{key_shown(name)}"
        if problem := name_problem(name):
            return None, [Problem(path, problem)]
        if table is None and "type" not in variables:
            return None, [Problem(path, _only_variables(name, variables, others))]
        raw = {} if table is None else table
        if not isinstance(raw, Mapping):
            return None, [Problem(path, f"must be a table, [channels.{name}], got {described(raw)[0]}")]
        type_name, problem = _type_name(raw, variables, self.types)
        if problem:
            return None, [Problem(f"{path}.type", problem)]
        if type_name in self.disabled:
            return ConfiguredChannel(name=name, type=type_name, config=None, disabled_by=DISABLED_VARIABLE), []
        try:
            cls = self.types.get(type_name)
        except PluginError as error:
            if name in self.disabled:
                channel = ConfiguredChannel(name=name, type=type_name, config=None, disabled_by=DISABLED_VARIABLE)
                return channel, [Problem(f"{path}.type", str(error), "warning")]
            return None, [Problem(f"{path}.type", str(error))]
        return self._examined(name, type_name, cls, raw, variables)

    def _examined(
        self,
        name: str,
        type_name: str,
        cls: type[ChannelConfig],
        raw: Mapping[str, Any],
        variables: Mapping[str, Variable],
    ) -> tuple[ConfiguredChannel | None, list[Problem]]:
        own = {key: variable for key, variable in variables.items() if key != "type"}
        fields = {key: value for key, value in raw.items() if key != "type"}
        fields, problems = overlay(fields, own, declared_settings(cls), name)
        examined: Examined[ChannelConfig] = examine(cls, fields, secrets=self.secrets)
        found = [self._misplaced(each) for each in with_origins(examined.problems, own)]
        problems = [*problems, *below(f"channels.{name}", found)]
        broken = any(problem.severity == "error" for problem in problems)
        if name in self.disabled:
            # it must not keep the others from starting, whatever is wrong with it
            channel = ConfiguredChannel(
                name=name, type=type_name, config=None if broken else examined.config, disabled_by=DISABLED_VARIABLE
            )
            return channel, [attrs.evolve(problem, severity="warning") for problem in problems]
        if broken:
            return None, problems
        enabled = examined.config is not None and examined.config.enable
        disabled_by = "" if enabled else NOT_ENABLED
        return ConfiguredChannel(name=name, type=type_name, config=examined.config, disabled_by=disabled_by), problems

    def _misplaced(self, problem: Problem) -> Problem:
        if problem.path in self.top_level and problem.message.startswith("unknown setting"):
            advice = "is a setting of the bus, not of a channel: write it above the first [table]"
            return attrs.evolve(problem, message=advice)
        return problem


def _type_name(raw: Mapping[str, Any], variables: Mapping[str, Variable], types: ChannelTypes) -> tuple[str, str]:
    """The type's name, or what is wrong with it."""
    found = variables["type"].text if "type" in variables else raw.get("type")
    if isinstance(found, str) and found:
        return found, ""
    known = ", ".join(types.names()) or "none is installed"
    if found is None or found == "":
        return "", f"is required, one of: {known}"
    return "", f"must be text, one of: {known}; got {described(found)[0]}"


def _only_variables(name: str, variables: Mapping[str, Variable], others: Mapping[str, object]) -> str:
    first = next(iter(variables.values())).name
    hint = did_you_mean(name, others).lstrip(", ").capitalize() or f"Write [channels.{name}] into the file,"
    ending = "" if hint.endswith("?") else f" or set {variable_name('type', name)} too"
    return f"{first} is set, but there is no such channel. {hint}{ending}"
