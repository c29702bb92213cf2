"""The schema's version: which one is installed, whether it fits, and how it is brought up to date."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import sqlalchemy as sa

from bellwire.core.errors import SchemaError

from .tables import meta

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.runtime.migration import MigrationContext
    from sqlalchemy.engine import Connection

VERSION: Final = 1
"""The schema that this code is written for."""

REVISIONS: Final = [Path(__file__).with_name("migrations") / "versions"]
"""The folders that hold the revisions."""

ALEMBIC_TABLE: Final = "bellwire_alembic_version"


@attrs.frozen
class Installed:
    """The schema that a database has."""

    number: int
    min_compatible: int
    """The oldest :data:`VERSION` that still works with it, so that two versions can run side by side."""


def installed(connection: Connection) -> Installed | None:
    """The version in this database; ``None`` when it has no outbox yet, or none that is complete."""
    if not sa.inspect(connection).has_table(meta.name):
        return None
    rows = {row.name: row.value for row in connection.execute(sa.select(meta.c.name, meta.c.value))}
    if not rows.keys() >= {"schema", "min_compatible"}:  # MySQL commits a table before its rows
        return None
    return Installed(int(rows["schema"]), int(rows["min_compatible"]))


def instance_id(connection: Connection) -> str:
    """What tells this outbox from every other."""
    value: str = connection.execute(sa.select(meta.c.value).where(meta.c.name == "instance_id")).scalar_one()
    return value


def require_compatible(version: Installed | None, shown: str) -> None:
    """Raises :class:`SchemaError` when this code cannot work with *version*."""
    if version is None:
        msg = f"{shown}: has no Bellwire tables; run `bellwire migrate`"
        raise SchemaError(msg)
    if version.min_compatible > VERSION:
        msg = (
            f"{shown}: its schema is version {version.number} and needs a Bellwire that knows version "
            f"{version.min_compatible} or later; this one knows {VERSION}. Upgrade Bellwire here"
        )
        raise SchemaError(msg)
    if version.number < VERSION:
        msg = f"{shown}: its schema is version {version.number}, older than {VERSION}; run `bellwire migrate`"
        raise SchemaError(msg)


def upgrade(connection: Connection) -> None:
    """Brings the schema up to date inside the transaction that *connection* has open; again is harmless."""
    # alembic takes a fifth of a second to import, and an up-to-date database never needs it
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join(map(str, REVISIONS)).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)

    def steps(revision: tuple[str, ...] | str, _: MigrationContext) -> Sequence[Any]:
        return scripts._upgrade_revs("head", revision)  # type: ignore[arg-type]  # noqa: SLF001  # what alembic itself calls in `upgrade`

    with EnvironmentContext(config, scripts, fn=steps) as environment:
        environment.configure(connection=connection, version_table=ALEMBIC_TABLE, transactional_ddl=True)
        environment.run_migrations()
