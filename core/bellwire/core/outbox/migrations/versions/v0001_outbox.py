"""The first schema: events, deliveries, attempts, channel state, dispatchers."""

from __future__ import annotations

import uuid
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

_Seq = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_LongText = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4"), "mysql", "mariadb")


def _key(length: int) -> sa.String:
    # utf8mb4_bin would not do: it pads with blanks, so that "wf-1 " is "wf-1". The two call the other one differently.
    is_mariadb = getattr(op.get_bind().dialect, "is_mariadb", False)
    exact = mysql.VARCHAR(
        length, charset="utf8mb4", collation="utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"
    )
    return sa.String(length).with_variant(exact, "mysql", "mariadb")


def _partial_index(name: str, where: str, columns: list[str], mysql_columns: list[str]) -> None:
    table = "bellwire_deliveries"
    if _is_mysql():
        _index(f"{name}_all", table, mysql_columns)
    else:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _is_mysql() -> bool:
    return op.get_bind().dialect.name in {"mysql", "mariadb"}


def _index(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    # MySQL has no CREATE INDEX IF NOT EXISTS
    if not _is_mysql() or name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns, unique=unique)


def upgrade() -> None:
    """Creates everything that is not there.

    MySQL commits each statement by itself, so one that was broken off goes on where it ended; and nobody takes the
    tables for complete before the last rows are there, those of ``bellwire_meta``.
    """
    _create_events()
    _create_deliveries()
    _create_attempts()
    _create_shared_state()
    _create_meta()


def _create_events() -> None:
    op.create_table(
        "bellwire_events",
        sa.Column("seq", _Seq, primary_key=True, autoincrement=True),
        sa.Column("id", _key(200), nullable=False, unique=True),
        sa.Column("kind", _key(100), nullable=False),
        sa.Column("action", _key(100), nullable=False),
        sa.Column("ordering_key", _key(255), nullable=False),
        sa.Column("payload", _LongText, nullable=False),
        sa.Column("unwanted", _LongText, nullable=False),
        sa.Column("trace", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    _index("bellwire_events_by_key", "bellwire_events", ["ordering_key", "seq"])


def _create_deliveries() -> None:
    op.create_table(
        "bellwire_deliveries",
        sa.Column("seq", _Seq, primary_key=True, autoincrement=True),
        sa.Column("id", _key(36), nullable=False, unique=True),
        sa.Column("event_seq", _Seq, sa.ForeignKey("bellwire_events.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("channel", _key(100), nullable=False),
        sa.Column("ordering_key", _key(255), nullable=False),
        sa.Column("state", _key(12), nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("lease_token", sa.BigInteger),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("dispatcher", _key(36)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("budget_start", sa.Integer, nullable=False),
        sa.Column("interruptions", sa.Integer, nullable=False),
        sa.Column("holds_until", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("settled_at", sa.BigInteger),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    _index("bellwire_deliveries_of_event", "bellwire_deliveries", ["event_seq", "channel"], unique=True)
    _partial_index(
        "bellwire_deliveries_due",
        "state = 'waiting'",
        ["channel", "due_at", "seq"],
        ["channel", "state", "due_at", "seq"],
    )
    _partial_index(
        "bellwire_deliveries_open",
        "settled_at IS NULL",
        ["channel", "ordering_key", "seq"],
        ["channel", "ordering_key", "settled_at", "seq"],
    )
    _partial_index("bellwire_deliveries_claimed", "state = 'claimed'", ["lease_token"], ["state", "lease_token"])
    _partial_index(
        "bellwire_deliveries_holding",
        "holds_until IS NOT NULL AND settled_at IS NULL",
        ["holds_until"],
        ["settled_at", "holds_until"],
    )
    _partial_index("bellwire_deliveries_failed", "state = 'failed'", ["settled_at"], ["state", "settled_at"])


def _create_attempts() -> None:
    op.create_table(
        "bellwire_attempts",
        sa.Column("seq", _Seq, primary_key=True, autoincrement=True),
        sa.Column("delivery_id", _key(36), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("outcome", _key(12), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("duration", sa.BigInteger, nullable=False),
        sa.Column("stage", _key(12)),
        sa.Column("detail", sa.Text),
        sa.Column("status_code", sa.Integer),
        sa.Column("response", sa.Text),
        sa.Column("stages", sa.Text),
        sa.Column("dispatcher", _key(36)),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    _index("bellwire_attempts_of_delivery", "bellwire_attempts", ["delivery_id", "seq"])


def _create_shared_state() -> None:
    op.create_table(
        "bellwire_channel_state",
        sa.Column("channel", _key(100), primary_key=True),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("held_until", sa.BigInteger),
        sa.Column("last_success_at", sa.BigInteger),
        sa.Column("paused_at", sa.BigInteger),
        sa.Column("paused_by", sa.Text),
        sa.Column("paused_reason", sa.Text),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "bellwire_dispatchers",
        sa.Column("id", _key(36), primary_key=True),
        sa.Column("host", _key(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("config_digest", sa.Text, nullable=False),
        sa.Column("lanes", _LongText, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )


def _create_meta() -> None:
    meta = op.create_table(
        "bellwire_meta",
        sa.Column("name", _key(100), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.bulk_insert(
        meta,
        [
            {"name": "instance_id", "value": str(uuid.uuid4())},
            {"name": "schema", "value": "1"},
            {"name": "min_compatible", "value": "1"},
        ],
    )
