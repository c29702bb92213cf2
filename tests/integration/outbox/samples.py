"""Rows for an outbox that is tried by itself, without a bus."""

from __future__ import annotations

from bellwire.core.outbox import NewEvent
from bellwire.hookspecs import new_id


def event(event_id: str) -> NewEvent:
    """An event that the channel ``ops`` wants."""
    return NewEvent(
        id=event_id,
        kind="workflow",
        action="create",
        ordering_key="k",
        payload="{}",
        wanted_by={"ops": new_id()},
        unwanted_by={},
    )
