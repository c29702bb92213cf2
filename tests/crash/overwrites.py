"""A witness in the database itself: whatever changes a settled delivery is written down, by a trigger."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

TABLE: Final = "crash_overwrites"

_NOTE: Final = f"INSERT INTO {TABLE} (id) VALUES (OLD.id)"
_TRIGGERS: Final = {
    "sqlite": [
        f"""CREATE TRIGGER crash_witness BEFORE UPDATE ON bellwire_deliveries
        WHEN OLD.settled_at IS NOT NULL BEGIN {_NOTE}; END""",
    ],
    "postgresql": [
        f"""CREATE OR REPLACE FUNCTION crash_note() RETURNS trigger
        AS $$ BEGIN {_NOTE}; RETURN NEW; END $$ LANGUAGE plpgsql""",
        """CREATE TRIGGER crash_witness BEFORE UPDATE ON bellwire_deliveries
        FOR EACH ROW WHEN (OLD.settled_at IS NOT NULL) EXECUTE FUNCTION crash_note()""",
    ],
    "mysql": [
        f"""CREATE TRIGGER crash_witness BEFORE UPDATE ON bellwire_deliveries
        FOR EACH ROW BEGIN IF OLD.settled_at IS NOT NULL THEN {_NOTE}; END IF; END""",
    ],
}


def begin(connection: sa.Connection) -> None:
    """Sets the witness to work."""
    connection.exec_driver_sql(f"CREATE TABLE {TABLE} (id VARCHAR(36) NOT NULL)")
    for statement in _TRIGGERS[connection.engine.url.get_backend_name()]:
        connection.exec_driver_sql(statement)


def end(connection: sa.Connection) -> None:
    """Leaves the database as it was."""
    on = " ON bellwire_deliveries" if connection.engine.url.get_backend_name() == "postgresql" else ""
    connection.exec_driver_sql(f"DROP TRIGGER crash_witness{on}")
    connection.exec_driver_sql(f"DROP TABLE {TABLE}")
