"""From an event to what the outbox stores of it: checks, and for each channel whether it hears of it. No effects."""

from __future__ import annotations

import difflib
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from bellwire.hookspecs import (
    WORKFLOW_ACTIONS,
    ChannelConfig,
    ChannelEvent,
    Event,
    InvalidPayload,
    WorkflowEvent,
    new_id,
)
from bellwire.hookspecs.payload import encode

from .errors import EventTooLarge, InvalidEvent
from .redaction import redaction_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .config import Settings
    from .outbox import NewEvent
    from .plugins import Plugins

EVENT_ID_LENGTH: Final = 200
ORDERING_KEY_LENGTH: Final = 255
NAME_LENGTH: Final = 100


def prepare(event: Event, settings: Settings, plugins: Plugins) -> NewEvent:
    """What is stored of *event*.

    Raises :class:`~bellwire.core.errors.InvalidEvent` or :class:`~bellwire.core.errors.EventTooLarge`.
    """
    from .outbox import NewEvent  # the outbox brings SQLAlchemy, which importing bellwire.core must not

    _check_kind(event, plugins)
    _check_action(event, settings)
    for name, value, limit in (
        ("id", event.id, EVENT_ID_LENGTH),
        ("action", event.action, NAME_LENGTH),
        ("ordering_key", event.ordering_key, ORDERING_KEY_LENGTH),
    ):
        _check_text(event, name, value, limit)
    try:
        payload = event.to_json()
    except InvalidPayload as error:
        msg = f"{event.kind} event {event.action!r} cannot be published: {error}"
        raise InvalidEvent(msg) from error
    published = event
    if settings.drop_fields or settings.mask_fields:
        event = _without_what_is_sensitive(event, payload, settings)
        payload = event.to_json()
    size = len(payload.encode())
    if size > settings.max_event_bytes:
        msg = (
            f"the {event.kind} event is {size} bytes long; max_event_bytes allows {settings.max_event_bytes}. "
            "Send less, such as a link instead of the text, or raise max_event_bytes"
        )
        raise EventTooLarge(msg)
    unwanted = _unwanted(event, published, settings, plugins)
    return NewEvent(
        id=event.id,
        kind=event.kind,
        action=event.action,
        ordering_key=event.ordering_key,
        payload=payload,
        wanted_by={name: new_id() for name in settings.channels if name not in unwanted},
        unwanted_by=unwanted,
    )


def _check_kind(event: object, plugins: Plugins) -> None:
    if not isinstance(event, Event):
        msg = f"publish takes an event such as WorkflowEvent, got {type(event).__name__}"
        raise InvalidEvent(msg)
    known = plugins.kind(event.kind)
    if known is not type(event):
        msg = (
            f"{type(event).__name__} of kind {event.kind!r} is not known to this bus; register it: "
            f'plugins = ["{type(event).__module__}:{type(event).__qualname__}"] in the file, or Bus(plugins=[…])'
        )
        raise InvalidEvent(msg)
    if event.kind == "test":
        msg = "a test message is not published; use bus.test(channel) or `bellwire test CHANNEL`"
        raise InvalidEvent(msg)


def _check_action(event: Event, settings: Settings) -> None:
    if not isinstance(event, WorkflowEvent):
        return
    known = (*WORKFLOW_ACTIONS, *settings.workflow_actions)
    if event.action not in known:
        near = difflib.get_close_matches(event.action, known, 1)
        hint = f", did you mean {near[0]!r}?" if near else "."
        msg = (
            f"no workflow action {event.action!r}{hint} Known are {', '.join(known)}; "
            f'add your own with workflow_actions = ["{event.action}"]'
        )
        raise InvalidEvent(msg)


def _check_text(event: Event, name: str, value: object, limit: int) -> None:
    what = f"{type(event).__name__}.{name}"
    if not isinstance(value, str) or not value:
        msg = f"{what}: must be a text that is not empty, got {value!r}"
        raise InvalidEvent(msg)
    if len(value) > limit:
        msg = f"{what}: is {len(value)} characters long; at most {limit} are allowed"
        raise InvalidEvent(msg)
    if "\0" in value or not _encodable(value):
        msg = f"{what}: holds U+0000 or a lone surrogate, got {value!a}"
        raise InvalidEvent(msg)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_what_is_sensitive(event: Event, payload: str, settings: Settings) -> Event:
    """*event* as all but the channels' own settings see it; refused where it would have another place in the order."""
    document = json.loads(payload)
    redacted = redaction_of(settings.drop_fields, settings.mask_fields).apply(document["payload"])
    if redacted == document["payload"]:
        return event
    text = encode(document | {"payload": redacted})
    try:
        made = type(event).from_json(text, id=event.id)
        same = (made.action, made.ordering_key) == (event.action, event.ordering_key)
    except Exception as error:
        msg = (
            f"{event.kind} events cannot be read again without what drop_fields and mask_fields take out of them "
            f"({type(error).__name__}: {error}); nothing was stored"
        )
        raise InvalidEvent(msg) from error
    if not same:
        msg = f"drop_fields or mask_fields take out what {event.kind} events are kept in order by; nothing was stored"
        raise InvalidEvent(msg)
    return made


def _unwanted(event: Event, published: Event, settings: Settings, plugins: Plugins) -> Mapping[str, str]:
    """The channels that do not hear of *event*, with the reasons, which are stored and so know it alone."""
    reasons: dict[str, str] = {}
    for name, channel in settings.channels.items():
        if isinstance(event, ChannelEvent) and event.channel == name:
            reasons[name] = "it is told of other channels only"
        elif not channel.active or channel.config is None:
            reasons[name] = f"disabled ({channel.disabled_by})"
        elif reason := _not_asked_for(published, channel.config, event.project):
            reasons[name] = reason
        elif vetoed := plugins.veto(event, name):
            plugin, veto = vetoed
            # a plugin's text may hold anything, and must not keep the event from being stored
            reason = veto.reason.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
            reasons[name] = f"vetoed by {plugin}: {reason}"
    return reasons


def _not_asked_for(event: Event, config: ChannelConfig, project_shown: str | None) -> str | None:
    """Why the channel's own settings leave *event* out; ``None`` when they do not."""
    if isinstance(event, ChannelEvent):
        return None if config.channel_events else "it does not ask for news of other channels (channel_events)"
    if config.actions and event.action not in config.actions:
        return f"action {event.action!r} is not among its actions ({', '.join(config.actions)})"
    project = event.project
    if config.projects and project is not None and not any(fnmatchcase(project, it) for it in config.projects):
        return f"project {project_shown!r} matches none of its projects ({', '.join(config.projects)})"
    return None
