"""Bellwire's tables over a host's own connection: for test databases that only the host's connection can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect
from sqlalchemy.schema import CreateIndex, CreateTable

from . import schema
from .tables import meta, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Dialect

    from .host_transaction import HostConnection

_DIALECTS: Final[dict[str, type[Dialect]]] = {
    "sqlite": sqlite.dialect,
    "postgresql": postgresql.dialect,
    "mysql": mysql.dialect,
}


def create(host: HostConnection, instance_id: str) -> None:
    """Creates the tables where they are missing, as those of the outbox that *instance_id* names."""
    dialect: Any = _dialect_of(host)()
    for statement in _statements(dialect):
        host.execute(statement, ())
    if host.execute(f"SELECT value FROM {meta.name} WHERE name = 'instance_id'", ()):  # noqa: S608  # our own name
        return
    version = str(schema.VERSION)
    for name, value in (("instance_id", instance_id), ("schema", version), ("min_compatible", version)):
        host.execute(f"INSERT INTO {meta.name} (name, value) VALUES ({{}}, {{}})", (name, value))  # noqa: S608  # our own name


def _dialect_of(host: HostConnection) -> type[Dialect]:
    # a MariaDB is reached by MySQL's drivers and names, and its collations are called differently
    if host.database_kind == "mysql" and "MariaDB" in str(host.execute("SELECT VERSION()", ())):
        return MariaDBDialect
    return _DIALECTS[host.database_kind]


def _statements(dialect: Dialect) -> Iterator[str]:
    for table in metadata.sorted_tables:
        yield _braced(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect)))
        if dialect.name in {"mysql", "mariadb"}:
            continue  # MySQL has no CREATE INDEX IF NOT EXISTS, and a test database is small
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            if not str(index.name).endswith("_all"):
                yield _braced(str(CreateIndex(index, if_not_exists=True).compile(dialect=dialect)))


def _braced(sql: str) -> str:
    return sql.replace("{", "{{").replace("}", "}}")
