"""Storing what a host publishes, so that it knows afterwards: stored, not stored, or not to be found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bellwire.core.errors import DatabaseError, LockedOut, OutboxUnavailable, PublishUnknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .outbox import Outbox
    from .rows import NewEvent


def store(outbox: Outbox, events: Sequence[NewEvent]) -> None:
    """Stores *events*, all or none.

    Raises :class:`~bellwire.core.errors.OutboxUnavailable` where nothing was stored, and
    :class:`~bellwire.core.errors.PublishUnknown` where that could not be found out.
    """
    try:
        outbox.publish(events)
    except DatabaseError as error:
        if error.while_committing:
            _store_for_sure(outbox, events, error)
        else:
            again = "" if isinstance(error, LockedOut) else ", publish it again"
            msg = f"nothing was stored{again}: {error}"
            raise OutboxUnavailable(msg) from error


def _store_for_sure(outbox: Outbox, events: Sequence[NewEvent], first: DatabaseError) -> None:
    """Once more, after a commit of which nobody knows whether it took place.

    Looking would not do: the commit may still be on its way to the server, and take place after the look. To write the
    same ids waits for it, and stores nothing twice.
    """
    try:
        outbox.publish(events)
    except DatabaseError as error:
        on_its_way = error.while_committing and not outbox.database.backend.is_in_process
        if _are_stored(outbox, events, first):
            return
        if on_its_way:
            raise _unknown(first) from error
        msg = f"nothing was stored, publish it again: {error}"
        raise OutboxUnavailable(msg) from error


def _are_stored(outbox: Outbox, events: Sequence[NewEvent], first: DatabaseError) -> bool:
    ids = {event.id for event in events}
    try:
        return outbox.stored(ids) == ids  # all, because some may have been published before
    except DatabaseError as error:
        raise _unknown(first) from error


def _unknown(error: DatabaseError) -> PublishUnknown:
    return PublishUnknown(f"whether it was stored is unknown; publishing the same event id again is harmless: {error}")
