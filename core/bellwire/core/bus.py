"""The façade that a host holds: publish, and what becomes of it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final, Literal, Self, TypeVar

import attrs

from bellwire.hookspecs import ChannelConfig, Clock, Event, Failed, Workflow, WorkflowEvent

from .config import Settings, load_settings
from .errors import BellwireError, DatabaseError, DispatchRefused, NotTestable, OutboxUnavailable
from .forking import Forkable, watch
from .operating import Operating
from .plugins import ChannelTypes, Plugins
from .publishing import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from .dispatch.dispatcher import Dispatcher
    from .dispatch.embedded import EmbeddedDispatcher
    from .insight.curl import CurlCommand
    from .insight.explain import Explanation
    from .insight.status import Status
    from .insight.trial import Trial
    from .outbox import Outbox

logger = logging.getLogger("bellwire")

E = TypeVar("E", bound=Event)

DRAIN: Final = 10.0
"""Seconds that :meth:`Bus.close` gives to what is in flight, unless it is told otherwise."""


class Bus(Operating, Forkable):
    """Notifications of one platform, stored durably and brought through every enabled channel.

    ::

        with Bus.from_file("bellwire.toml") as bus:
            bus.notify_workflow("approve", Workflow(...))

    It is made once per process and may be used from any thread. After a fork the child starts afresh. Raises
    :class:`~bellwire.core.errors.ConfigError` when *settings* cannot be used.

    :param plugins: objects with ``notify_…`` hooks, and classes of further event kinds; or a registry that is filled.
    :param channel_types: channel types by name, beside those that entry points bring.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        plugins: Iterable[object] | Plugins = (),
        channel_types: Mapping[str, type[ChannelConfig]] | None = None,
        clock: Clock | None = None,
    ) -> None:
        settings = settings or Settings()
        if isinstance(plugins, Plugins):
            self.plugins = plugins
        else:
            self.plugins = _registry(plugins, channel_types)
            for item in settings.plugins:
                self.plugins.load(item)
        super().__init__(settings.known_to(self.plugins.types))
        self._clock: Final = clock
        self._outbox: Outbox | None = None
        self._embedded: EmbeddedDispatcher | None = None
        self._refusal_told = False
        self._closed = False
        self._lock = threading.RLock()
        self._resume: list[Callable[[], None]] = []
        watch(self)

    @classmethod
    def from_file(
        cls,
        path: str | Path | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        plugins: Iterable[object] = (),
        channel_types: Mapping[str, type[ChannelConfig]] | None = None,
        clock: Clock | None = None,
        dispatch: Literal["embedded", "off"] | None = None,
    ) -> Self:
        """A bus configured by *path*, else by ``BELLWIRE_CONFIG``, else by ``bellwire.toml`` here; and the environment.

        *dispatch* says who dispatches, whatever the file says: a short-lived process, such as a command, is no
        dispatcher. Raises :class:`~bellwire.core.errors.ConfigError` with all problems of the file.
        """
        registry = _registry(plugins, channel_types)
        settings = load_settings(path, environ=environ, types=registry.types, plugins=registry)
        if dispatch is not None:
            settings = attrs.evolve(settings, dispatch=dispatch)
        return cls(settings, plugins=registry, clock=clock)

    # -- publishing -------------------------------------------------------------------------------------------------

    def notify_workflow(
        self, action: str, workflow: Workflow, *, event_id: str | None = None, connection: object = None
    ) -> WorkflowEvent:
        """Publishes that *workflow* was created, approved, …; returns the event.

        *event_id* makes it safe to call again after a crash: the same id is stored once. *connection* as for
        :meth:`publish`, which also says what it raises.
        """
        return self.publish(_workflow_event(action, workflow, event_id), connection=connection)

    def publish(self, event: E, *, connection: object = None) -> E:
        """Stores *event* and its deliveries. When it returns, they survive ``kill -9`` and a power cut.

        With *connection* they are written in the host's own open transaction instead, and exist if and only if the
        host commits: SQLAlchemy's Connection or Session, Django's ``django.db.connection``, or a driver's own. With a
        driver's own the dispatcher finds them at its next look; call :meth:`wake` to have it look at once.

        On SQLite a publish without *connection* cannot wait for a transaction of its own thread on the same file that
        has written: that is told, and nothing is stored.

        An id that was published before is left as it is. Raises :class:`~bellwire.core.errors.PublishError`, and with
        *connection* also what the host's library raises.
        """
        self.publish_many((event,), connection=connection)
        return event

    def publish_many(self, events: Sequence[E], *, connection: object = None) -> Sequence[E]:
        """Stores all of *events* in their order, in one transaction: all of them, or none."""
        rows = [prepare(event, self.settings, self.plugins) for event in events]
        if not rows:
            return events
        if connection is None:
            from .outbox import store  # brings SQLAlchemy

            store(self.outbox, rows)
            self._dispatch_now()
        else:
            try:
                self.outbox.publish_within(connection, rows, self._committed)
            except DatabaseError as error:
                msg = f"nothing was stored, publish it again: {error}"
                raise OutboxUnavailable(msg) from error
        return events

    async def apublish(self, event: E, *, connection: object = None) -> E:
        """:meth:`publish` for coroutines: the event loop does not wait for the disk.

        *connection* may be SQLAlchemy's AsyncSession or AsyncConnection too.
        """
        if connection is None:
            import asyncio  # a third of what importing bellwire.core would cost

            return await asyncio.to_thread(self.publish, event)
        run_sync = getattr(connection, "run_sync", None)
        if run_sync is None:
            return self.publish(event, connection=connection)
        published: E = await run_sync(lambda inner: self.publish(event, connection=inner))
        return published

    async def anotify_workflow(
        self, action: str, workflow: Workflow, *, event_id: str | None = None, connection: object = None
    ) -> WorkflowEvent:
        """:meth:`notify_workflow` for coroutines."""
        return await self.apublish(_workflow_event(action, workflow, event_id), connection=connection)

    def create_tables(self, connection: object) -> None:
        """Creates Bellwire's tables over a host's connection, for a test database that only it can reach.

        What is then published with that ``connection=`` is stored there; no dispatcher looks at it.
        """
        self.outbox.create_tables(connection)

    def wake(self) -> None:
        """Has the dispatcher look at once: after committing a transaction that Bellwire cannot see the end of."""
        self._dispatch_now()

    # -- dispatching ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Opens the outbox and, with ``dispatch = "embedded"``, starts dispatching in a thread. Again is harmless.

        Raises :class:`~bellwire.core.errors.DatabaseError` or :class:`~bellwire.core.errors.DispatchRefused`.
        """
        self._require_open()
        self.outbox.database.open()
        if self.settings.dispatch == "embedded":
            self._start_embedded()

    def _require_open(self) -> None:
        if self._closed:
            msg = "this bus is closed; make another one"
            raise BellwireError(msg)

    def _start_embedded(self) -> EmbeddedDispatcher:
        from .dispatch.embedded import EmbeddedDispatcher

        embedded = self._embedded
        if embedded is None or not embedded.alive:
            with self._lock:
                self._require_open()
                if self._embedded is None or not self._embedded.alive:
                    self._embedded = EmbeddedDispatcher(self.make_dispatcher)
                embedded = self._embedded
        return embedded

    def _dispatch_now(self) -> None:
        if self.settings.dispatch != "embedded" or self._closed:
            return
        try:
            self._start_embedded().wake()
        except DispatchRefused as error:  # the event is stored, and must not look lost
            if not self._refusal_told:
                self._refusal_told = True
                logger.error("events are stored, but nobody dispatches them here: %s", error)  # noqa: TRY400 - the sentence says all
        except Exception:  # such as a process that ends and can start no thread, or a bus that was closed meanwhile
            logger.exception("events are stored, but the dispatcher could not be told; the next one delivers them")

    def _committed(self) -> None:
        # SQLAlchemy tells of a commit just before it happens, so the dispatcher is also asked to look again
        self._dispatch_now()
        if self._embedded is not None:
            self._embedded.wake_again()

    def make_dispatcher(self, *, once: bool = False) -> Dispatcher:
        """A dispatcher for this bus's enabled channels; ``bellwire worker`` runs it in the foreground."""
        from .dispatch.setup import make_dispatcher

        return make_dispatcher(self.settings, self.plugins, self.outbox, clock=self._clock, once=once)

    def close(self, drain: float = DRAIN) -> None:
        """Stops dispatching here and closes the outbox.

        What is due is still delivered, for *drain* seconds at most. What waits for a later time, or did not get its
        turn, stays stored for the next process. Again is harmless.
        """
        with self._lock:
            self._closed = True
            embedded, self._embedded = self._embedded, None
        if embedded is not None:
            embedded.stop(drain)
        if self._outbox is not None:
            self._outbox.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def before_fork(self) -> None:
        """Called by the system: the dispatcher pauses between two steps, and no connection stays open."""
        if self._embedded is not None:
            self._resume.append(self._embedded.before_fork())
        if self._outbox is not None:
            self._resume.append(self._outbox.after_fork_in_parent)
            self._outbox.before_fork()

    def after_fork_in_parent(self) -> None:
        """Called by the system: everything goes on."""
        while self._resume:
            self._resume.pop()()

    def after_fork_in_child(self) -> None:
        """Called by the system: the parent's threads, locks and connections are not the child's."""
        self._resume.clear()
        self._lock = threading.RLock()
        self._embedded = None
        if self._outbox is not None:
            self._outbox.after_fork()

    def at_exit(self) -> None:
        """Called by the system: a dispatcher that nobody closed gives its leases back to the next process."""
        if self._embedded is not None:
            self.close(drain=1.0)

    # -- looking into it --------------------------------------------------------------------------------------------

    @property
    def outbox(self) -> Outbox:
        """The outbox itself: lists of deliveries, attempts, counts."""
        if self._outbox is None:
            from .outbox import Database, Outbox

            with self._lock:
                if self._outbox is None:
                    self._outbox = Outbox(Database(self.settings.database))
        return self._outbox

    def status(self) -> Status:
        """Per channel what waits, is in flight and has failed, and which dispatchers live."""
        from .insight.status import status_of

        return status_of(self.settings, self.outbox)

    def explain(self, id: str) -> Explanation:  # noqa: A002 - what people call it
        """Of a workflow, event or delivery, for each channel: sent, waiting until when, vetoed by whom, failed why."""
        from .insight.explain import explain

        return explain(id, self.settings, self.outbox, self.status(), self.plugins.kinds())

    def test(self, channel: str) -> Trial:
        """Sends the test message once through *channel*, enabled or not; says step by step how it went.

        Raises :class:`~bellwire.core.errors.NotFound` when there is no such channel.
        """
        import asyncio

        from .insight.trial import send_test

        self.require_channel(channel)
        configured = self.settings.channels[channel]
        return asyncio.run(
            send_test(configured, self.settings, self.plugins, clock=self._clock, status=self._known_status())
        )

    def test_as_curl(self, channel: str) -> CurlCommand:
        """The request that :meth:`test` would send, as a command for curl with what is secret as variables.

        Nothing is sent. Raises :class:`~bellwire.core.errors.NotFound` when there is no such channel, and
        :class:`~bellwire.core.errors.NotTestable` where there is no request to show, with the reason.
        """
        import asyncio

        from .insight.curl import NotShowable, curl_command
        from .insight.trial import request_of_test

        self.require_channel(channel)
        configured = self.settings.channels[channel]
        found = asyncio.run(request_of_test(configured, self.settings, self.plugins, clock=self._clock))
        if isinstance(found, Failed) or configured.config is None:
            raise NotTestable(found.detail if isinstance(found, Failed) else configured.disabled_by)
        try:
            return curl_command(found, configured.config, channel, timeout=configured.config.timeout_seconds)
        except NotShowable as error:
            raise NotTestable(str(error)) from error

    def _known_status(self) -> Status | None:
        """The status, where the outbox can be asked without making one: a test works without a database."""
        from .outbox.backends.sqlite import SQLite

        try:
            backend = self.outbox.database.backend
            return None if isinstance(backend, SQLite) and not backend.path.exists() else self.status()
        except BellwireError:
            return None


def _registry(plugins: Iterable[object], channel_types: Mapping[str, type[ChannelConfig]] | None) -> Plugins:
    types = ChannelTypes()
    for name, config_class in (channel_types or {}).items():
        types.register(name, config_class)
    registry = Plugins(types)
    for plugin in plugins:
        registry.register(plugin)
    return registry


def _workflow_event(action: str, workflow: Workflow, event_id: str | None) -> WorkflowEvent:
    if event_id is None:
        return WorkflowEvent(action=action, workflow=workflow)
    return WorkflowEvent(action=action, workflow=workflow, id=event_id)
