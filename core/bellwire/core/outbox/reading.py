"""What is asked of an outbox: each method is one reading transaction, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import health, history, passing, replay, schema, selection, upkeep

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from .database import Database
    from .health import ChannelHealth


class Reader:
    """Answers questions. Thread-safe; every method may raise a :class:`~bellwire.core.errors.DatabaseError`."""

    def __init__(self, database: Database) -> None:
        self.database: Final = database

    def find(self, ids: Sequence[str]) -> selection.Found:
        """The deliveries and events that *ids* name."""
        with self.database.read() as connection:
            return selection.find(connection, ids)

    def select(self, wanted: selection.Selection) -> list[selection.Chosen]:
        """The deliveries that fit, in their order."""
        with self.database.read() as connection:
            return selection.select(connection, wanted)

    def overtaken(self, places: Iterable[replay.Place]) -> list[replay.Overtaken]:
        """Of which keys something, sent again at *places*, would come after later events."""
        with self.database.read() as connection:
            return replay.overtaken(connection, places)

    def failed_ids(self, *, channel: str | None = None, since: int | None = None) -> list[str]:
        """The ids of failed deliveries, in their order."""
        wanted = selection.Selection(states={"failed"}, channel=channel, since=since)
        return [chosen.id for chosen in self.select(wanted)]

    def health(self) -> dict[str, ChannelHealth]:
        """What replicas share about the channels that have been used."""
        with self.database.read() as connection:
            return health.load(connection)

    def dispatchers(self) -> list[upkeep.DispatcherRow]:
        """Every dispatcher's heartbeat."""
        with self.database.read() as connection:
            return upkeep.all_dispatchers(connection)

    def last_seen(self) -> int | None:
        """When any dispatcher was last seen, in microseconds since 1970 UTC; ``None`` when there never was one."""
        with self.database.read() as connection:
            return upkeep.last_seen(connection)

    def count_open(self) -> int:
        """How many deliveries are not settled yet."""
        with self.database.read() as connection:
            return history.count_open(connection)

    def counts(self) -> dict[str, history.ChannelCounts]:
        """What is open or failed, per channel that has any."""
        with self.database.read() as connection:
            return history.count_by_channel(connection, self.database.now(connection))

    def stored(self, event_ids: Collection[str]) -> set[str]:
        """Those of *event_ids* that have been published."""
        with self.database.read() as connection:
            return history.known_events(connection, event_ids)

    def deliveries(self, wanted: history.DeliveryFilter) -> list[history.DeliveryView]:
        """The newest deliveries that fit."""
        with self.database.read() as connection:
            return history.list_deliveries(connection, wanted)

    def delivery(self, delivery_id: str) -> history.DeliveryView | None:
        """One delivery."""
        with self.database.read() as connection:
            return history.find_delivery(connection, delivery_id)

    def deliveries_of(self, event_id: str) -> list[history.DeliveryView]:
        """All deliveries of one event."""
        with self.database.read() as connection:
            return history.deliveries_of(connection, event_id)

    def blocking(self, view: history.DeliveryView) -> history.DeliveryView | None:
        """The earlier delivery that *view* waits for."""
        with self.database.read() as connection:
            return history.blocking(connection, view, self.database.now(connection))

    def passing(self, view: history.DeliveryView) -> passing.Passing:
        """Which earlier delivery *view* passed, and which later ones passed it: where the order lost its patience."""
        with self.database.read() as connection:
            return passing.passing(connection, view, self.database.now(connection))

    def any_held(self, channel: str, ordering_key: str) -> bool:
        """Whether anything of a key has ever failed, so that others could come to pass it."""
        with self.database.read() as connection:
            return passing.any_held(connection, channel, ordering_key)

    def attempts(self, delivery_id: str) -> list[history.AttemptView]:
        """Every attempt of one delivery."""
        with self.database.read() as connection:
            return history.attempts_of(connection, delivery_id)

    def events(
        self, *, event_id: str | None = None, ordering_key: str | None = None, limit: int = 50
    ) -> list[history.EventView]:
        """Events by id or by key, in publish order; of more than *limit*, the newest."""
        with self.database.read() as connection:
            return history.find_events(connection, event_id=event_id, ordering_key=ordering_key, limit=limit)

    def instance_id(self) -> str:
        """What tells this outbox from every other."""
        with self.database.read() as connection:
            return schema.instance_id(connection)
