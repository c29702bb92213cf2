"""What a channel is to the engine: a config class that opens, and the context that it opens in."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast, dataclass_transform

import attrs
from attrs.exceptions import UnannotatedAttributeError

from .connecting import ProxyOptions, TLSOptions
from .declared import declared_settings
from .delivery import Message
from .events import Event
from .outcome import Outcome
from .redact import redact_url
from .setting import InvalidConfig, Problem, setting

if TYPE_CHECKING:
    import httpx

    from .specs import Channel

_C = TypeVar("_C", bound="type[Any]")


class Clock(Protocol):
    """Where time comes from; tests put a fake one in its place."""

    def now(self) -> datetime:
        """The wall clock, with a time zone."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring."""
        ...


class ChannelContext(Protocol):
    """What the engine lends a channel from its opening to its closing."""

    @property
    def name(self) -> str:
        """The channel's configured name."""
        ...

    @property
    def platform_name(self) -> str:
        """The platform in whose name messages speak, such as ``SQLE``."""
        ...

    @property
    def locale(self) -> str:
        """The language of texts for people: ``en`` or ``zh``."""
        ...

    @property
    def logger(self) -> logging.Logger:
        """``bellwire.channels.<name>``. Never log a secret, nor a URL that may hold one."""
        ...

    @property
    def clock(self) -> Clock:
        """Use it instead of ``time`` and ``datetime.now``, and tests can set the time."""
        ...

    def render(self, event: Event) -> Message:
        """*event* as a text for people, from ``notify_render``."""
        ...

    def client(
        self, *, connect_timeout: float = 5.0, tls: TLSOptions | None = None, proxy: ProxyOptions | None = None
    ) -> httpx.AsyncClient:
        """The guarded HTTP client: it obeys the bus's egress policy, TLS and proxy settings and follows no redirect.

        *tls* and *proxy* are by default what the config's ``tls_options()`` and ``proxy_options()`` say. Raises
        :class:`InvalidConfig`, which names the field, where they cannot work: a file is missing, a key does not fit.

        What it raises is a :class:`DeliveryError`, already classified (and the matching httpx exception as well).
        The whole request may take the channel's ``timeout_seconds``. The engine closes it after the channel.
        """
        ...

    def transport(
        self, *, connect_timeout: float = 5.0, tls: TLSOptions | None = None, proxy: ProxyOptions | None = None
    ) -> httpx.AsyncBaseTransport:
        """What :meth:`client` stands on: for channels that build each :class:`httpx.Request` themselves."""
        ...


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(setting,))
def channel_config(cls: _C) -> _C:
    """Makes *cls* a channel's config: ``attrs.define(kw_only=True, eq=False, repr=False)``, checked for usual slips.

    Without equality, because pluggy compares plugins by ``==`` and two channels may be configured alike.

    Raises ``TypeError`` with a sentence when the class cannot work.
    """
    name = cls.__name__
    own = vars(cls)
    base = globals().get("ChannelConfig")
    if base is not None:
        if not issubclass(cls, base):
            msg = f"{name} must derive from ChannelConfig: class {name}(ChannelConfig)"
            raise TypeError(msg)
        if "__init__" in own or "__attrs_post_init__" in own:
            msg = f"{name} must not define __init__ or __attrs_post_init__: check values in check(), connect in open()"
            raise TypeError(msg)
        if "open" in own and not inspect.iscoroutinefunction(own["open"]):
            msg = f"{name}.open must be a coroutine: async def open(self, context)"
            raise TypeError(msg)
    try:
        defined: _C = attrs.define(kw_only=True, eq=False, repr=False, auto_attribs=True)(cls)
    except UnannotatedAttributeError as error:
        msg = f"{name}: every setting needs a type, as in `urgency: int = setting(default=1)`. {error}"
        raise TypeError(msg) from error
    return defined


def _repr(value: object) -> str:
    match value:
        case str() if "://" in value:
            return repr(redact_url(value))
        case tuple():
            return f"({', '.join(map(_repr, value))}{',' * (len(value) == 1)})"
        case _:
            return repr(value)


@channel_config
class ChannelConfig:
    """The base of every channel's config: what the engine itself needs to know of a channel.

    A subclass is decorated with :func:`channel_config`, declares its own settings with :func:`setting`, and opens.
    Making one with values that its settings do not allow raises :class:`InvalidConfig` with all problems.
    """

    enable: bool = setting(default=False, title="Enabled", help="Whether events are sent through this channel.")
    max_retry_times: int = setting(
        default=3,
        ge=0,
        le=5,
        title="Maximum sends",
        help="How many times an event is sent at most, the first time included; 0 and 1 both mean once.",
    )
    retry_interval_seconds: int = setting(
        default=1, ge=1, le=5, title="Retry interval", help="Seconds between one failed send and the next."
    )
    retry_schedule: tuple[str, ...] = setting(
        default=(),
        format="duration",
        max_length=20,
        title="Retry schedule",
        help="Delays before each further send; set, it replaces the two settings above. Each delay is lengthened at "
        "random by up to a tenth.",
        examples=(("5s", "5m", "30m", "2h"),),
    )
    timeout_seconds: float = setting(
        default=15.0, ge=0.1, le=300, title="Time-out", help="Seconds that one send may take as a whole."
    )
    concurrency: int = setting(
        default=16, ge=1, le=1000, title="Concurrency", help="How many sends may be under way at once, per process."
    )
    max_per_second: float = setting(
        default=0.0, ge=0, le=100_000, title="Rate limit", help="Sends per second at most, per process; 0: no limit."
    )
    ordering: Literal["key", "none"] = setting(
        default="key",
        title="Order",
        help="key: one workflow's events are sent one after another, in publish order; none: as they come.",
    )
    order_patience: str = setting(
        default="10m",
        format="duration",
        title="Patience of the order",
        help="A workflow's later events wait so long, at the most, behind one that fails; then they pass it.",
    )
    hold_when_down: bool = setting(
        default=False,
        title="Hold when down",
        help="After several failures in a row, hold all deliveries and probe with one until the receiver answers.",
    )
    actions: tuple[str, ...] = setting(
        default=(),
        title="Actions",
        help="Only events with one of these actions are sent; empty: all.",
        examples=(("approve", "reject"),),
    )
    projects: tuple[str, ...] = setting(
        default=(),
        title="Projects",
        help="Only workflows of projects that match one of these patterns (*, ?, [a-z]) are sent; empty: all.",
        examples=(("billing-*",),),
    )
    channel_events: bool = setting(
        default=False,
        title="Tell of other channels",
        help="Whether this channel is also told when another channel starts failing and when it works again.",
    )

    def __attrs_post_init__(self) -> None:
        errors = [problem for problem in self.problems() if problem.severity == "error"]
        if errors:
            raise InvalidConfig(errors)

    def __repr__(self) -> str:
        # not attrs' own: a URL may hold a password
        fields = (attribute.name for attribute in attrs.fields(cast(type[attrs.AttrsInstance], type(self))))
        return f"{type(self).__name__}({', '.join(f'{name}={_repr(getattr(self, name))}' for name in fields)})"

    def problems(self) -> list[Problem]:
        """All errors and warnings: of each value, of what is missing while enabled, then those of :meth:`check`."""
        found: list[Problem] = []
        for declared in declared_settings(type(self)):
            value = getattr(self, declared.name)
            found += [Problem(declared.name, message) for message in declared.problems(value)]
        if self.enable:
            found += self.missing_when_enabled()
        # check() may rely on each value being right by itself
        return found or [*self.check(), *self.tls_options().warnings()]

    def missing_when_enabled(self) -> list[Problem]:
        """The settings that may be absent only while the channel is disabled, and are."""
        return [
            Problem(declared.name, "is required while the channel is enabled")
            for declared in declared_settings(type(self))
            if declared.is_missing(getattr(self, declared.name))
        ]

    def check(self) -> Iterable[Problem]:
        """What single settings cannot say: combinations that cannot work, and warnings. Override it; it is pure."""
        return ()

    def tls_options(self) -> TLSOptions:
        """How this channel's TLS connections are made. Override it; it is pure.

        ``bellwire check`` tries whether its files can be used, and the context's transport is made by it.
        """
        return TLSOptions()

    def proxy_options(self) -> ProxyOptions:
        """By which proxy this channel's requests go out. Override it; it is pure."""
        return ProxyOptions()

    def for_receivers(self) -> Mapping[str, str]:
        """What whoever receives may want to know of the settings, such as a public key, each by its label.

        Shown wherever the channel is; never a secret. Override it; it is pure.
        """
        return {}

    def advise(self, outcome: Outcome, *, is_test: bool) -> Iterable[str]:  # noqa: ARG002 - for those that override it
        """What to try after *outcome*, in sentences for whoever administers the channel; the likeliest first.

        Asked of failed attempts, then with what was stored of them, and of tests that went well: what makes the
        success doubtful. Nothing leaves it to Bellwire, which has advice for each stage. *is_test* tells a test from a
        real event. Never a secret. Override it; it is pure.
        """
        return ()

    async def open(self, context: ChannelContext) -> Channel:
        """Opens the channel: returns an object with ``notify_workflow`` or ``notify_event``, and maybe ``aclose``.

        Called on the dispatcher's event loop, in processes that dispatch only. What it raises marks this one channel
        broken, with the reason; its deliveries wait.
        """
        msg = f"{type(self).__name__} does not define open()"
        raise NotImplementedError(msg)
