"""The outbox's tables, for SQLAlchemy and for those who read the database with their own tools.

Times are microseconds since 1970 in UTC, as BIGINT, from the database's clock. Ids and keys compare byte by byte:
``WF-1`` is not ``wf-1``. Payloads are text, never a JSON column, because PostgreSQL's reorders keys and a signature
covers the exact bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.types import TypeEngine

metadata: Final = MetaData()

_Seq = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER PRIMARY KEY is SQLite's rowid
_LongText = Text().with_variant(mysql.LONGTEXT(charset="utf8mb4"), "mysql", "mariadb")


_IN_NO_COLUMN: Final = "\ufffd" * 256
"""Longer than any of the texts that :class:`_Key` holds."""


class _Key(TypeDecorator[str]):
    """Text that compares byte by byte.

    MySQL's and MariaDB's default collations ignore case and accents, and their ``utf8mb4_bin`` trailing blanks. What no
    database holds (U+0000, a lone surrogate) is asked for as something that none has: PostgreSQL and the drivers would
    break the connection or raise errors of their own, where the answer is that there is no such row.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length: Final = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type with its collation."""
        match dialect.name:
            case "mysql":
                return dialect.type_descriptor(
                    mysql.VARCHAR(self.length, charset="utf8mb4", collation="utf8mb4_0900_bin")
                )
            case "mariadb":
                return dialect.type_descriptor(
                    mysql.VARCHAR(self.length, charset="utf8mb4", collation="utf8mb4_nopad_bin")
                )
            case _:
                return dialect.type_descriptor(String(self.length))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        """*value*, or what is in no column."""
        return value if value is None or _can_be_held(value) else _IN_NO_COLUMN


def _can_be_held(text: str) -> bool:
    try:
        return "\0" not in text and bool(text.encode() or True)
    except UnicodeEncodeError:
        return False


def _partial(name: str, where: str, columns: list[str], mysql_columns: list[str]) -> tuple[Index, Index]:
    """A partial index; MySQL and MariaDB have none, so theirs begins with what the condition asks for."""
    partial = Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))
    whole = Index(f"{name}_all", *mysql_columns)
    return partial.ddl_if(callable_=_has_partial_indexes), whole.ddl_if(callable_=_has_none)


def _has_partial_indexes(*_: object, dialect: Dialect, **__: object) -> bool:
    return dialect.name in {"sqlite", "postgresql"}


def _has_none(*_: object, dialect: Dialect, **__: object) -> bool:
    return dialect.name not in {"sqlite", "postgresql"}


EVENT_ID_LENGTH: Final = 200
ORDERING_KEY_LENGTH: Final = 255
NAME_LENGTH: Final = 100

meta: Final = Table(
    "bellwire_meta",
    metadata,
    Column("name", _Key(NAME_LENGTH), primary_key=True),
    Column("value", Text, nullable=False),
)
"""``instance_id`` tells one outbox from another; ``schema`` and ``min_compatible`` are this schema's version and the
oldest one that a program may be written for and still work here; ``dispatcher_left_at`` is when a dispatcher that
stopped was last seen."""

events: Final = Table(
    "bellwire_events",
    metadata,
    Column("seq", _Seq, primary_key=True, autoincrement=True),
    Column("id", _Key(EVENT_ID_LENGTH), nullable=False, unique=True),
    Column("kind", _Key(NAME_LENGTH), nullable=False),
    Column("action", _Key(NAME_LENGTH), nullable=False),
    Column("ordering_key", _Key(ORDERING_KEY_LENGTH), nullable=False),
    Column("payload", _LongText, nullable=False),
    Column("unwanted", _LongText, nullable=False),
    Column("trace", Text),
    Column("created_at", BigInteger, nullable=False),
    Index("bellwire_events_by_key", "ordering_key", "seq"),
    sqlite_autoincrement=True,
)
"""One row per published event. ``seq`` is the publish order. ``payload`` is the exact JSON document. ``unwanted`` is a
JSON object: for each channel that does not hear of it, the reason. ``trace`` is a W3C traceparent."""

deliveries: Final = Table(
    "bellwire_deliveries",
    metadata,
    Column("seq", _Seq, primary_key=True, autoincrement=True),
    Column("id", _Key(36), nullable=False, unique=True),
    Column("event_seq", _Seq, ForeignKey("bellwire_events.seq", ondelete="CASCADE"), nullable=False),
    Column("channel", _Key(NAME_LENGTH), nullable=False),
    Column("ordering_key", _Key(ORDERING_KEY_LENGTH), nullable=False),
    Column("state", _Key(12), nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("lease_token", BigInteger),
    Column("lease_until", BigInteger),
    Column("dispatcher", _Key(36)),
    Column("attempts", Integer, nullable=False),
    Column("budget_start", Integer, nullable=False),
    Column("interruptions", Integer, nullable=False),
    Column("holds_until", BigInteger),
    Column("error", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Index("bellwire_deliveries_of_event", "event_seq", "channel", unique=True),
    *_partial(
        "bellwire_deliveries_due",
        "state = 'waiting'",
        ["channel", "due_at", "seq"],
        ["channel", "state", "due_at", "seq"],
    ),
    *_partial(
        "bellwire_deliveries_open",
        "settled_at IS NULL",
        ["channel", "ordering_key", "seq"],
        ["channel", "ordering_key", "settled_at", "seq"],
    ),
    *_partial("bellwire_deliveries_claimed", "state = 'claimed'", ["lease_token"], ["state", "lease_token"]),
    *_partial(
        "bellwire_deliveries_holding",
        "holds_until IS NOT NULL AND settled_at IS NULL",
        ["holds_until"],
        ["settled_at", "holds_until"],
    ),
    *_partial("bellwire_deliveries_failed", "state = 'failed'", ["settled_at"], ["state", "settled_at"]),
    sqlite_autoincrement=True,
)
"""One row per event and channel. ``seq`` is its place in the order: a replay moves the row to a new one, ``id`` stays.
``attempts`` counts settled attempts over all time; those before ``budget_start`` belong to earlier budgets.
``interruptions`` counts leases that ran out since the last settled attempt. ``settled_at`` is NULL while it is open.
``holds_until`` is set at its first failure: until then, at the most, later ones of its key wait for it.
``error`` joins the failures of the current budget with "; ", the same text once."""

attempts: Final = Table(
    "bellwire_attempts",
    metadata,
    Column("seq", _Seq, primary_key=True, autoincrement=True),
    Column("delivery_id", _Key(36), nullable=False),
    Column("number", Integer, nullable=False),
    Column("outcome", _Key(12), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("duration", BigInteger, nullable=False),
    Column("stage", _Key(12)),
    Column("detail", Text),
    Column("status_code", Integer),
    Column("response", Text),
    Column("stages", Text),
    Column("dispatcher", _Key(36)),
    Index("bellwire_attempts_of_delivery", "delivery_id", "seq"),
    sqlite_autoincrement=True,
)
"""One row per attempt: ``sent``, ``failed``, or ``interrupted`` (its lease ran out; not counted, so the next one has
the same number). ``duration`` is in microseconds; ``stages`` is a JSON array of [name, seconds, detail]."""

channel_state: Final = Table(
    "bellwire_channel_state",
    metadata,
    Column("channel", _Key(NAME_LENGTH), primary_key=True),
    Column("paused", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", BigInteger),
    Column("held_until", BigInteger),
    Column("last_success_at", BigInteger),
    Column("paused_at", BigInteger),
    Column("paused_by", Text),
    Column("paused_reason", Text),
    Column("updated_at", BigInteger, nullable=False),
)
"""What replicas share about a channel: paused by whom, since when and why, consecutive failures, and
until when its breaker holds."""

dispatchers: Final = Table(
    "bellwire_dispatchers",
    metadata,
    Column("id", _Key(36), primary_key=True),
    Column("host", _Key(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("config_digest", Text, nullable=False),
    Column("lanes", _LongText, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)
"""A heartbeat per dispatcher. ``process`` names the very process, so that another on the same machine can see that it
is gone; ``lanes`` is a JSON object: for each channel ``open``, or why not."""
