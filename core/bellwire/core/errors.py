"""Everything that Bellwire's engine raises on purpose.

::

    BellwireError
    ├── ConfigError             configuration: all problems at once, each with its path
    ├── PluginError             a channel type or a plugin that cannot be used, and why
    ├── DispatchRefused         this process cannot run the embedded dispatcher
    ├── NotFound                no event, delivery or channel of that name
    ├── NotTestable             a channel's test has no request that could be shown
    ├── DatabaseError           the outbox's database cannot be used, and what to do about it
    │   ├── DatabaseUnavailable     gone, locked or read-only: trying again later may help
    │   │   └── LockedOut               by a transaction that this process itself has open
    │   └── SchemaError             its tables are missing, or of a version that this one cannot work with
    └── PublishError            an event was not published
        ├── InvalidEvent            it cannot be carried: its place and the reason
        ├── EventTooLarge           larger than ``max_event_bytes``
        ├── InvalidConnection       ``connection=`` is not one in which the event can be published
        ├── OutboxUnavailable       nothing was stored: publish it again
        └── PublishUnknown          whether it was stored could not be found out: publishing it again is harmless

A channel's failures are not here: they are outcomes (:class:`bellwire.hookspecs.Failed`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bellwire.hookspecs import Problem


class BellwireError(Exception):
    """The base of all."""


class ConfigError(BellwireError):
    """The configuration cannot be used; :attr:`problems` has everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem], *, source: str = "") -> None:
        self.problems: Final = tuple(problems)
        self.source: Final = source
        """The file that was read, as an absolute path; empty where there was none."""
        heading = f"{source or 'the configuration'} cannot be used:\n  " if self.problems else source
        super().__init__(heading + "\n  ".join(map(str, self.problems)))


class PluginError(BellwireError):
    """A channel type or a plugin cannot be used."""


class DispatchRefused(BellwireError):
    """Threads and an event loop cannot work in this process; ``bellwire worker`` dispatches instead."""


class NotFound(BellwireError):
    """There is no such event, delivery or channel."""


class NotTestable(BellwireError):
    """There is no request of a test that could be shown, and why."""


class DatabaseError(BellwireError):
    """The outbox's database cannot be used."""

    while_committing = False
    """Whether it happened while a transaction was being committed, so that its outcome has to be looked up."""
    transient = False
    """Whether the same transaction may succeed when it is tried again at once."""


class DatabaseUnavailable(DatabaseError):
    """It is gone, locked or read-only."""


class LockedOut(DatabaseUnavailable):
    """A transaction that this process has open, perhaps this very thread, keeps SQLite's one write lock."""


class SchemaError(DatabaseError):
    """Its tables are missing, or of a version that this Bellwire cannot work with."""


class PublishError(BellwireError):
    """An event was not published, or it is not known whether it was."""


class InvalidEvent(PublishError):
    """The event cannot be carried."""


class EventTooLarge(PublishError):
    """The event is larger than ``max_event_bytes``."""


class InvalidConnection(PublishError):
    """``connection=`` is of another database, has no open transaction, or is of an unknown kind."""


class OutboxUnavailable(PublishError):
    """The database refused; nothing was stored. Publish it again."""


class PublishUnknown(PublishError):
    """The connection broke while committing, and the database could not be asked since."""
