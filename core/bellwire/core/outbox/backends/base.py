"""The seam between the outbox and its databases."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from bellwire.core.errors import DatabaseError, DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from contextlib import AbstractContextManager

    import sqlalchemy as sa
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.exc import DBAPIError

    from bellwire.core.outbox.rows import Claim, Claimed, LaneDemand, NewEvent, Settlement


class Statements(Protocol):
    """The statements that decide the outbox's speed; each works on a batch, inside the caller's transaction."""

    def insert_events(self, connection: Connection, events: Sequence[NewEvent], now: int) -> None:
        """Writes *events* in their order, each with its deliveries; leaves out those whose id is already there."""
        ...

    def claim(
        self,
        connection: Connection,
        demands: Sequence[LaneDemand],
        *,
        now: int,
        token: int,
        lease_until: int,
        dispatcher: str,
    ) -> Claimed:
        """Leases due deliveries of the demanded lanes, at most as many as each has slots."""
        ...

    def next_due(self, connection: Connection, channels: Sequence[str], now: int) -> int | None:
        """When the next delivery of *channels* becomes due, of those that are not due yet."""
        ...

    def settle(
        self, connection: Connection, settlements: Sequence[Settlement], *, now: int, dispatcher: str
    ) -> list[Settlement]:
        """Writes what became of claimed deliveries, with their attempts; returns those whose lease was still held."""
        ...

    def release(self, connection: Connection, keys: Collection[tuple[str, str]], now: int) -> None:
        """Frees the next delivery of each of *keys*: a channel and an ordering key."""
        ...

    def health_of(self, connection: Connection, channels: Collection[str]) -> Sequence[Sequence[Any]]:
        """What :data:`~bellwire.core.outbox.health.COLUMNS` has of *channels*, locked until the transaction ends."""
        ...

    def hindered(self, connection: Connection) -> Sequence[Sequence[Any]]:
        """The same of the channels that are paused or whose breaker has tripped: usually none."""
        ...

    def renew(self, connection: Connection, claims: Sequence[Claim], lease_until: int) -> None:
        """Puts off the end of the leases that are still held."""
        ...


class Backend(ABC):
    """One kind of database."""

    statements: ClassVar[Statements]
    watch_seconds: ClassVar[float]
    """How long to pause between two looks whether another process published."""
    migrates_by_itself: ClassVar[bool] = False
    """Whether an old schema is brought up to date at start, without ``bellwire migrate``."""

    is_in_process: ClassVar[bool] = False
    """Whether a commit that failed has come to its end, because nothing of it can still be on its way to a server."""
    has_our_clock: ClassVar[bool] = False
    """Whether the database's clock is this machine's."""

    def __init__(self, url: sa.URL) -> None:
        self.url: Final = url

    @property
    def shown(self) -> str:
        """Where the database is, for messages, without its password."""
        return self.url.render_as_string(hide_password=True)

    @abstractmethod
    def create_engine(self) -> Engine:
        """An engine; raises :class:`DatabaseError` when it cannot be one."""

    @abstractmethod
    def begin(
        self, connection: Connection, *, write: bool, patience: float, waiting: Callable[[], None] | None = None
    ) -> None:
        """Begins a transaction; a writer waits at most *patience* seconds for a lock that only one can have.

        Meanwhile it calls *waiting* now and then; what that raises ends the wait.
        """

    def commit(self, connection: Connection) -> None:
        """Ends what :meth:`begin` began; raises what SQLAlchemy raises."""
        connection.commit()

    def rollback(self, connection: Connection) -> None:
        """Undoes what was done since :meth:`begin`."""
        connection.rollback()

    def writing(self, engine: Engine, waiting: Callable[[], None] | None = None) -> AbstractContextManager[Connection]:
        """The connection for one writing transaction; *waiting* as for :meth:`begin`, where threads take turns."""
        return engine.connect()

    def watch_over_wait(self) -> Callable[[], None] | None:
        """What a thread calls while it waits to write; it raises when the wait is in vain."""
        return None

    def let_go(self) -> None:  # noqa: B027  # most databases keep nothing outside the engine's pool
        """Closes what is kept open outside the engine's pool."""

    def after_fork(self) -> None:  # noqa: B027  # most databases need nothing here
        """The parent's locks are not the child's."""

    @abstractmethod
    def now(self, connection: Connection) -> int:
        """The database's clock, in microseconds since 1970 UTC."""

    @abstractmethod
    def require_version(self, connection: Connection) -> None:
        """Raises :class:`DatabaseError` when the server is too old."""

    def lock_schema(self, connection: Connection) -> None:  # noqa: B027  # most databases need nothing here
        """Keeps other processes from migrating until :meth:`unlock_schema`."""

    def unlock_schema(self, connection: Connection) -> None:  # noqa: B027  # most databases need nothing here
        """Lets others migrate; the transaction has been committed."""

    def overwrite_deleted(self, connection: Connection) -> None:  # noqa: B027  # servers clean up by themselves
        """What *connection* deletes from now on shall not stay legible in a file."""

    def empty_journal(self, connection: Connection) -> None:  # noqa: B027  # servers clean up by themselves
        """Has what was deleted leave the journal too, where nobody reads it just now; outside any transaction."""

    @abstractmethod
    def reason(self, error: DBAPIError) -> tuple[type[DatabaseError], str] | None:
        """What *error* means, in a sentence without the place; ``None`` when the driver's own words must do."""

    @abstractmethod
    def is_transient(self, error: DBAPIError) -> bool:
        """Whether the same transaction may succeed at once: a deadlock, a lost connection, a clash of two inserts."""

    def prepare_watch(self, connection: Connection) -> object:  # noqa: B027  # most databases need nothing here
        """Called once for a watching connection, outside any transaction; gives what :meth:`look` wants next."""

    @abstractmethod
    def look(self, connection: Connection, before: object) -> tuple[bool, object]:
        """Whether anything was published since *before*, and what to give the next call."""

    def announce(self, connection: Connection) -> None:  # noqa: B027  # most databases need nothing here
        """Tells watching connections of other processes that something was published; outside any transaction."""

    @property
    def announces(self) -> bool:
        """Whether :meth:`announce` does anything."""
        return type(self).announce is not Backend.announce

    def translate(self, error: DBAPIError) -> DatabaseError:
        """*error* as one of ours, in a sentence that names the database and never its password."""
        kind, sentence = self.reason(error) or (
            DatabaseUnavailable,
            str(error.orig).strip() or type(error.orig).__name__,
        )
        translated = kind(f"{self.shown}: {sentence}")
        translated.transient = error.connection_invalidated or self.is_transient(error)
        return translated
