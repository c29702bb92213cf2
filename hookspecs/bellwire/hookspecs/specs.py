"""The hooks: what Bellwire calls, on channels and on plugins.

Each hook stands here twice: as a pluggy specification in :class:`NotifySpecs`, and as a :class:`typing.Protocol`, so
that type checkers see a wrong signature. An implementation may be ``async def`` or ``def`` where the protocol returns
an ``Awaitable``, and ``def`` alone elsewhere. Arguments are matched by their names, in any order.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeAlias

from .delivery import Delivery, Message, Veto
from .events import Event, TestMessage, WorkflowEvent
from .markers import hookspec
from .outcome import Outcome


class NotifySpecs:
    """pluggy's view of the six hooks; :mod:`bellwire.hookspecs.specs` has the same as protocols."""

    @hookspec
    def notify_workflow(self, event: WorkflowEvent, delivery: Delivery) -> Outcome | Awaitable[Outcome]:  # type: ignore[empty-body]  # a specification has no body
        """Deliver a workflow event through this channel.

        Called for exactly one channel at a time, once per attempt. Return :class:`Sent` or :class:`Failed`, or raise
        :class:`DeliveryError`; any other exception becomes a retryable :class:`Failed` with its type and message.
        ``async def`` runs on the dispatcher's event loop and must not block it; ``def`` runs in the lane's own
        threads, where an overdue call keeps its slot until it returns.
        """

    @hookspec
    def notify_event(self, event: Event, delivery: Delivery) -> Outcome | Awaitable[Outcome]:  # type: ignore[empty-body]  # a specification has no body
        """Deliver an event of a kind for which this channel has no hook of its own."""

    @hookspec
    def notify_test(self, test: TestMessage, delivery: Delivery) -> Outcome | Awaitable[Outcome]:  # type: ignore[empty-body]  # a specification has no body
        """Deliver the test message. Without it a test is ``notify_workflow`` with the sample event and ``is_test``."""

    @hookspec
    def notify_filter(self, event: Event, channel: str) -> Veto | None:
        """Say at publish that *channel* shall not hear of *event*: return a :class:`Veto` with the reason.

        Plain ``def`` and pure: it runs in the publisher's thread, before the event is stored. The reason is kept for
        ``bellwire explain``. If it raises, the event is delivered all the same: a broken filter loses nothing.
        """

    @hookspec(firstresult=True)
    def notify_render(self, event: Event, channel_type: str, locale: str) -> Message | None:
        """Say *event* as a text for people in *locale* (``en``, ``zh``), or ``None`` to leave it to the next plugin.

        Plain ``def`` and pure. The last registered plugin is asked first; Bellwire's own texts come last.
        """

    @hookspec
    def notify_settled(self, event: Event, delivery: Delivery, outcome: Outcome) -> None:
        """Observe how a delivery ended for good: sent, or failed with no attempt left.

        Called at most once per delivery, after the outcome is stored, in a thread of the dispatcher's. What it
        raises is logged and swallowed.
        """


# Here and below arguments are keyword-only: were they given by their place, a checker would let another name pass.
class NotifiesWorkflow(Protocol):
    """A channel with ``notify_workflow``."""

    def notify_workflow(self, *, event: WorkflowEvent, delivery: Delivery) -> Outcome | Awaitable[Outcome]:
        """See :meth:`NotifySpecs.notify_workflow`."""
        ...


class NotifiesEvent(Protocol):
    """A channel with ``notify_event``."""

    def notify_event(self, *, event: Event, delivery: Delivery) -> Outcome | Awaitable[Outcome]:
        """See :meth:`NotifySpecs.notify_event`."""
        ...


class NotifiesTest(Protocol):
    """A channel with ``notify_test``."""

    def notify_test(self, *, test: TestMessage, delivery: Delivery) -> Outcome | Awaitable[Outcome]:
        """See :meth:`NotifySpecs.notify_test`."""
        ...


class FiltersEvents(Protocol):
    """A plugin with ``notify_filter``."""

    def notify_filter(self, *, event: Event, channel: str) -> Veto | None:
        """See :meth:`NotifySpecs.notify_filter`."""
        ...


class RendersEvents(Protocol):
    """A plugin with ``notify_render``."""

    def notify_render(self, *, event: Event, channel_type: str, locale: str) -> Message | None:
        """See :meth:`NotifySpecs.notify_render`."""
        ...


class ObservesOutcomes(Protocol):
    """A plugin with ``notify_settled``."""

    def notify_settled(self, *, event: Event, delivery: Delivery, outcome: Outcome) -> None:
        """See :meth:`NotifySpecs.notify_settled`."""
        ...


Channel: TypeAlias = NotifiesWorkflow | NotifiesEvent
"""What :meth:`ChannelConfig.open` returns: an object with at least one of the two delivery hooks."""
