"""``bellwire migrate``: brings the database's schema up to date."""

from __future__ import annotations

import click

from .options import config_option
from .output import say
from .session import open_bus


@click.command("migrate", short_help="Bring the database's schema up to date.")
@config_option
def command() -> None:
    """Bring the database's schema up to date.

    An SQLite file is also brought up to date whenever it is opened. Once more is harmless.
    """
    with open_bus() as bus:
        before, now = bus.outbox.database.migrate()
        where = bus.outbox.database.shown
    match before:
        case None:
            say(f"{where}: the tables are there now, version {now}")
        case _ if before < now:
            say(f"{where}: brought from version {before} to {now}")
        case _:
            say(f"{where}: is up to date, version {before}")
