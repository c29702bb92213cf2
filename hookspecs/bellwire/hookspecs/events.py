"""What happened: events, of which the workflow event is the first kind.

A further kind is a frozen attrs class derived from :class:`Event`; its hook is ``notify_<kind>``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Self, final

import attrs

from .ids import new_id
from .payload import JSONValue, encode, format_timestamp, parse_timestamp

WORKFLOW_ACTIONS: Final = ("create", "approve", "reject", "exec_success", "exec_failed")
"""The workflow actions that every Bellwire knows; a host adds its own with the setting ``workflow_actions``."""


def _whole_seconds_now() -> datetime:
    return datetime.now().astimezone().replace(microsecond=0)


def _whole_seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0) if isinstance(moment, datetime) and moment.microsecond else moment


def _aware(_: object, attribute: attrs.Attribute[Any], value: datetime) -> None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        msg = f"{attribute.name}: must be a datetime with a time zone, got {value!r}; use datetime.now().astimezone()"
        raise ValueError(msg)


def _text(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        hint = "; pass str(...) of it" if isinstance(value, int) else ""
        msg = f"{type(instance).__name__}.{attribute.name}: must be str, got {type(value).__name__} {value!r}{hint}"
        raise TypeError(msg)


def _non_empty(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if type(value) is str and value:
        return
    _text(instance, attribute, value)
    if not value:
        msg = f"{type(instance).__name__}.{attribute.name}: must not be empty"
        raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened once, in the form in which every channel hears of it.

    A kind of its own sets :attr:`kind` and implements :attr:`ordering_key`, :meth:`payload` and
    :meth:`from_payload`::

        @attrs.frozen(kw_only=True)
        class InvoiceEvent(Event):
            kind = "invoice"
            number: str

            @property
            def ordering_key(self) -> str:
                return self.number

            def payload(self) -> Mapping[str, JSONValue]:
                return {"invoice": {"number": self.number}}

            @classmethod
            def from_payload(cls, payload, **envelope):
                return cls(number=payload["invoice"]["number"], **envelope)
    """

    kind: ClassVar[str]
    """Names the kind: ``event`` on the wire, and ``notify_<kind>`` among the hooks. Lower-case, ``[a-z][a-z0-9_]*``."""

    action: str = attrs.field(validator=_non_empty)
    """What happened to the subject, such as ``approve``."""
    id: str = attrs.field(factory=new_id, validator=_non_empty)
    """UUIDv7 unless the host gives one. Publishing the same id again is harmless."""
    timestamp: datetime = attrs.field(factory=_whole_seconds_now, converter=_whole_seconds, validator=_aware)
    """When it was published: whole seconds, with an offset. The same at every attempt."""
    _encoded: str | None = attrs.field(default=None, init=False, eq=False, repr=False)

    @property
    def ordering_key(self) -> str:
        """Within a channel, events with the same key are delivered one at a time in publish order."""
        raise NotImplementedError

    @property
    def project(self) -> str | None:
        """The project that it belongs to, for channels that ask for some projects only; ``None`` for none."""
        return None

    def payload(self) -> Mapping[str, JSONValue]:
        """What stands under ``payload`` on the wire."""
        raise NotImplementedError

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], *, action: str, id: str, timestamp: datetime) -> Self:  # noqa: A002 - the field's name
        """The event again, from what :meth:`payload` gave. Raises ``ValueError``, ``KeyError`` or ``TypeError``."""
        raise NotImplementedError

    @final
    def to_json(self) -> str:
        """The exact JSON text that is stored and sent: ``event``, ``action``, ``timestamp``, ``payload``, compact.

        Raises :class:`~bellwire.hookspecs.InvalidPayload` for what JSON cannot carry.
        """
        if self._encoded is not None:
            return self._encoded
        document = {
            "event": self.kind,
            "action": self.action,
            "timestamp": format_timestamp(self.timestamp),
            "payload": self.payload(),
        }
        text = encode(document)
        # frozen for everybody else; the cache keeps the stored text and the sent text one and the same
        object.__setattr__(self, "_encoded", text)
        return text

    @final
    @classmethod
    def from_json(cls, text: str, *, id: str) -> Self:  # noqa: A002 - the field's name
        """The event that :meth:`to_json` wrote; it keeps *text* as it stands, so that what is sent never drifts.

        Raises ``ValueError`` when *text* is not such a document or is of another kind.
        """
        document = _decode(text)
        try:
            kind, action, timestamp = document["event"], document["action"], document["timestamp"]
            if kind != cls.kind:
                msg = f"this is an event of kind {kind!r}, not {cls.kind!r}"
                raise ValueError(msg)
            event = cls.from_payload(document["payload"], action=action, id=id, timestamp=parse_timestamp(timestamp))
        except (KeyError, TypeError) as error:
            msg = f"event {id}: the stored document does not fit {cls.__name__}: {type(error).__name__}: {error}"
            raise ValueError(msg) from error
        object.__setattr__(event, "_encoded", text)
        return event


_decoder: Final = json.JSONDecoder()


def _decode(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    document, end = _decoder.raw_decode(text)  # to_json leaves no blanks around it, and json.loads takes twice as long
    return document if end == len(text) else json.loads(text)


_FIELDS: Final = ("project_name", "workflow_id", "workflow_subject", "workflow_status")


def _freeze(extra: Mapping[str, JSONValue]) -> Mapping[str, JSONValue]:
    # asked by type first: whether something is a Mapping takes ten times as long
    return dict(extra) if type(extra) is dict or isinstance(extra, Mapping) else extra


def _check_workflow(workflow: Workflow, _: attrs.Attribute[Any], extra: object) -> None:
    """Checks all fields, as the last one's validator: one call for each of the five costs a delivery 1 µs more."""
    w = workflow
    if not (
        type(w.project_name) is type(w.workflow_id) is type(w.workflow_subject) is type(w.workflow_status) is str
        and w.workflow_id
    ):
        for field in attrs.fields(Workflow)[: len(_FIELDS)]:
            check = _non_empty if field.name == "workflow_id" else _text
            check(workflow, field, getattr(workflow, field.name))
    if extra != {}:
        _check_extra(extra)


def _check_extra(value: object) -> None:
    if not isinstance(value, Mapping):
        msg = f"Workflow.extra: must be a mapping, got {type(value).__name__}"
        raise TypeError(msg)
    if clash := [name for name in _FIELDS if name in value]:
        msg = f"Workflow.extra: {', '.join(clash)} stands among the workflow's own fields; pass it as an argument"
        raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Workflow:
    """A workflow (工单) as it stands when the event is published.

    >>> Workflow(project_name="p", workflow_id=1, workflow_subject="s", workflow_status="finished")
    Traceback (most recent call last):
    ...
    TypeError: Workflow.workflow_id: must be str, got int 1; pass str(...) of it
    """

    project_name: str
    workflow_id: str
    """Also the ordering key: one workflow's events are delivered in the order in which they were published."""
    workflow_subject: str
    workflow_status: str
    """An open string; the reference knows wait_for_audit, wait_for_execution, rejected, canceled, executing,
    exec_failed and finished."""
    extra: Mapping[str, JSONValue] = attrs.field(factory=dict, converter=_freeze, validator=_check_workflow, hash=False)
    """Further fields; on the wire they follow the four, in this order."""

    def as_payload(self) -> Mapping[str, JSONValue]:
        """The four fields and then :attr:`extra`, in the order of the wire."""
        return {
            "project_name": self.project_name,
            "workflow_id": self.workflow_id,
            "workflow_subject": self.workflow_subject,
            "workflow_status": self.workflow_status,
            **self.extra,
        }


@attrs.frozen(kw_only=True)
class WorkflowEvent(Event):
    """A workflow was created, approved, rejected, executed, or failed."""

    kind: ClassVar[str] = "workflow"

    workflow: Workflow = attrs.field(validator=attrs.validators.instance_of(Workflow))

    @property
    def ordering_key(self) -> str:
        """The workflow's id."""
        return self.workflow.workflow_id

    @property
    def project(self) -> str:
        """The workflow's project."""
        return self.workflow.project_name

    def payload(self) -> Mapping[str, JSONValue]:
        """``{"workflow": {…}}``."""
        return {"workflow": self.workflow.as_payload()}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], *, action: str, id: str, timestamp: datetime) -> Self:  # noqa: A002 - the field's name
        """The event again; unknown fields of the workflow become :attr:`Workflow.extra`."""
        fields = payload["workflow"]
        if len(fields) == len(_FIELDS):  # nothing but them, as nearly always
            workflow = Workflow(**fields)
        else:
            extra = dict(fields)
            workflow = Workflow(**{name: extra.pop(name) for name in _FIELDS}, extra=extra)
        return cls(action=action, id=id, timestamp=timestamp, workflow=workflow)


CHANNEL_ACTIONS: Final = ("failing", "recovered")


@attrs.frozen(kw_only=True)
class ChannelEvent(Event):
    """A channel started failing, or works again; told to the channels that set ``channel_events``."""

    kind: ClassVar[str] = "channel"

    action: str = attrs.field(validator=attrs.validators.in_(CHANNEL_ACTIONS))
    channel: str = attrs.field(validator=_non_empty)
    """The channel that this is about."""
    failures: int = 0
    """How many attempts in a row had failed."""
    detail: str = ""
    """The first failure's sentence."""

    @property
    def ordering_key(self) -> str:
        """The channel's name."""
        return self.channel

    def payload(self) -> Mapping[str, JSONValue]:
        """``{"channel": {…}}``."""
        return {"channel": {"name": self.channel, "failures": self.failures, "detail": self.detail}}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], *, action: str, id: str, timestamp: datetime) -> Self:  # noqa: A002  # the field's name
        """The event again."""
        told = payload["channel"]
        return cls(
            channel=told["name"],
            failures=told["failures"],
            detail=told["detail"],
            action=action,
            id=id,
            timestamp=timestamp,
        )


@attrs.frozen(kw_only=True)
class TestMessage(Event):
    """The message that *Test* sends: it only shows that messages can be pushed."""

    __test__: ClassVar[bool] = False  # pytest would take the class for a test, by its name
    kind: ClassVar[str] = "test"

    message: str = attrs.field(validator=_non_empty)
    action: str = "test"

    @classmethod
    def for_platform(cls, platform_name: str) -> Self:
        """The text of the specification, in the name of *platform_name*."""
        return cls(
            message=f"This is a {platform_name} test notification\n"
            "If you receive this message, it only means that the message can be pushed"
        )

    @property
    def ordering_key(self) -> str:
        """Its own id: tests are never ordered."""
        return self.id

    def payload(self) -> Mapping[str, JSONValue]:
        """``{"message": …}``."""
        return {"message": self.message}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any], *, action: str, id: str, timestamp: datetime) -> Self:  # noqa: A002 - the field's name
        """The message again."""
        return cls(message=payload["message"], action=action, id=id, timestamp=timestamp)


def sample_workflow_event() -> WorkflowEvent:
    """The specification's sample event, with the time of now: what a test sends where it stands for a real event."""
    return WorkflowEvent(
        action="create",
        workflow=Workflow(
            project_name="test_project",
            workflow_id="1658637666259832832",
            workflow_subject="test_workflow",
            workflow_status="wait_for_audit",
        ),
    )
