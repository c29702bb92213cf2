"""The settings of a bus, whether they come from a file, from the environment, or from a host's own code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from bellwire.core.errors import ConfigError
from bellwire.core.plugins import DISABLED_VARIABLE
from bellwire.core.redaction import fields_problem
from bellwire.hookspecs import ChannelConfig, DeclaredSetting, Problem, declared_settings, redact_url, setting

from .database import database_problem
from .egress import allow_problem, deny_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bellwire.core.plugins import ChannelTypes

NOT_ENABLED: Final = "enable = false"
_channel_name: Final = re.compile(r"[a-z][a-z0-9-]*", re.ASCII).fullmatch
_LONGEST_NAME: Final = 100


@attrs.frozen(kw_only=True)
class BusSettings:
    """What stands at the top of a configuration file, above the channels."""

    database: str = setting(
        default="sqlite:///bellwire.db",
        title="Database",
        help="The outbox's database, as a URL; a relative SQLite path is taken from the file's own folder.",
        examples=("sqlite:///bellwire.db", "postgresql://bellwire@db.example.org/bellwire"),
        check=database_problem,
        min_length=1,
    )
    platform_name: str = setting(
        default="SQLE",
        title="Platform",
        help="In whose name messages for people speak.",
        format="line",
        min_length=1,
        max_length=100,
    )
    locale: Literal["en", "zh"] = setting(default="en", title="Language", help="Of messages for people.")
    dispatch: Literal["embedded", "off"] = setting(
        default="embedded",
        title="Dispatch",
        help="embedded: a thread of each process that publishes; off: `bellwire worker` or `bellwire serve` alone.",
    )
    egress: Literal["internal", "public"] = setting(
        default="internal",
        title="Egress",
        help="internal: channels may connect to private addresses too; public: to global addresses only. Link-local "
        "and metadata addresses are always refused.",
    )
    egress_allow: tuple[str, ...] = setting(
        default=(),
        title="Egress allows",
        help="Networks, addresses and host names (*.corp.example: all below it); unless empty, channels may connect to "
        "these alone. With public, it also opens the private networks that it names.",
        examples=(("10.20.0.0/16", "hooks.example.org", "*.corp.example"),),
        check=allow_problem,
    )
    egress_deny: tuple[str, ...] = setting(
        default=(),
        title="Egress denies",
        help="Networks, addresses and host names that channels may not connect to, whatever egress_allow says.",
        examples=(("10.0.0.5", "*.intranet.example"),),
        check=deny_problem,
    )
    plugins: tuple[str, ...] = setting(
        default=(),
        title="Plugins",
        help="Plugins and event kinds as module:Name, channel types as name=module:Class.",
        examples=(("myapp.notify:Plugin", "pager=myapp.pager:PagerConfig"),),
    )
    workflow_actions: tuple[str, ...] = setting(
        default=(),
        title="Workflow actions",
        help="Actions that the platform publishes beside create, approve, reject, exec_success and exec_failed.",
        pattern=r"[^\s,]{1,100}",
        examples=(("cancel",),),
    )
    keep_delivered: str = setting(
        default="30d",
        format="duration",
        title="Keep delivered",
        help="For how long events stay in the log after they were delivered everywhere.",
    )
    keep_failed: str = setting(
        default="90d",
        format="duration",
        title="Keep failed",
        help="For how long events stay in the log of which a delivery failed for good.",
    )
    max_event_bytes: int = setting(
        default=262144,
        ge=1024,
        le=16777216,
        title="Largest event",
        help="Bytes that an event's JSON document may have; a larger one is refused when it is published.",
    )
    drop_fields: tuple[str, ...] = setting(
        default=(),
        max_length=100,
        title="Fields to drop",
        help="Fields of events that are neither stored nor sent, as paths through the document; `*` is any name.",
        examples=(("payload.workflow.third_party_user_info",),),
        check=fields_problem,
    )
    mask_fields: tuple[str, ...] = setting(
        default=(),
        max_length=100,
        title="Fields to mask",
        help="Fields of events that are stored and sent as `********`, and numbers as null.",
        examples=(("payload.workflow.workflow_subject", "payload.workflow.assignees.*.phone"),),
        check=fields_problem,
    )


@attrs.frozen(kw_only=True)
class ConfiguredChannel:
    """One channel, as it is configured."""

    name: str
    type: str = ""
    """Its type's name; empty where a host made the config in code and nobody has asked yet."""
    config: ChannelConfig | None
    """``None`` where ``BELLWIRE_DISABLED_CHANNELS`` keeps it from being loaded."""
    disabled_by: str = ""
    """What disables it: ``enable = false`` or ``BELLWIRE_DISABLED_CHANNELS``; empty while it is enabled."""

    @property
    def active(self) -> bool:
        """Whether events are sent through it."""
        return not self.disabled_by


def _channels(
    channels: Mapping[str, ChannelConfig | ConfiguredChannel],
) -> Mapping[str, ConfiguredChannel]:
    if not isinstance(channels, Mapping):
        return channels
    return MappingProxyType({name: _configured(name, channel) for name, channel in channels.items()})


def _configured(name: str, channel: ChannelConfig | ConfiguredChannel) -> ConfiguredChannel:
    if not isinstance(channel, ChannelConfig):
        return channel
    return ConfiguredChannel(name=name, config=channel, disabled_by="" if channel.enable else NOT_ENABLED)


@attrs.frozen(kw_only=True, repr=False)
class Settings(BusSettings):
    """All settings of a bus.

    Made in code, they are checked as those of a file are: :class:`~bellwire.core.errors.ConfigError` is raised with
    all problems. A channel may be given as its config object alone.
    """

    channels: Mapping[str, ConfiguredChannel] = attrs.field(factory=dict, converter=_channels)
    source: Path | None = None
    """The file they were read from."""
    warnings: tuple[Problem, ...] = ()
    """What can be used, and still should be looked at."""

    def __attrs_post_init__(self) -> None:
        problems = [
            Problem(declared.name, message)
            for declared in bus_settings()
            for message in declared.problems(getattr(self, declared.name))
        ]
        if not isinstance(self.channels, Mapping):
            problems.append(Problem("channels", f"must be a dict of configs, got {type(self.channels).__name__}"))
        else:
            problems += self._channel_problems()
        if problems:
            raise ConfigError(problems, source=str(self.source or ""))

    def _channel_problems(self) -> Iterator[Problem]:
        for name, channel in self.channels.items():
            path = f"channels.{name}"
            if problem := name_problem(name):
                yield Problem(path, problem)
            if not isinstance(channel, ConfiguredChannel):
                yield Problem(path, f"must be a channel's config object, got {type(channel).__name__}")

    def __repr__(self) -> str:
        # not attrs' own: the database's URL may hold a password
        shown = {field.name: repr(getattr(self, field.name)) for field in attrs.fields(Settings)}
        shown["database"] = repr(redact_url(self.database))
        shown["channels"] = repr(dict(self.channels))
        return f"Settings({', '.join(f'{name}={value}' for name, value in shown.items())})"

    def known_to(self, types: ChannelTypes) -> Settings:
        """These settings with every channel's type filled in, and with what ``BELLWIRE_DISABLED_CHANNELS`` disables.

        For settings made in code; those that were loaded have it all already.
        """
        channels = {name: _known(channel, types) for name, channel in self.channels.items()}
        return attrs.evolve(self, channels=channels)


def _known(channel: ConfiguredChannel, types: ChannelTypes) -> ConfiguredChannel:
    name = channel.type
    if not name and channel.config is not None:
        name = types.name_of(type(channel.config)) or ""
    if {channel.name, name} & types.disabled:
        return attrs.evolve(channel, type=name, disabled_by=DISABLED_VARIABLE)
    return attrs.evolve(channel, type=name)


def bus_settings() -> tuple[DeclaredSetting, ...]:
    """The declarations of the bus's own settings."""
    return declared_settings(BusSettings)


def name_problem(name: Any) -> str | None:  # noqa: ANN401 - whatever a host or a file has for a name
    """Why *name* cannot be a channel's, if it cannot."""
    if not isinstance(name, str) or _channel_name(name) is None:
        return "a channel's name is made of a-z, 0-9 and -, and begins with a letter"
    return f"a channel's name has at most {_LONGEST_NAME} characters" if len(name) > _LONGEST_NAME else None
