"""A later version of Bellwire: knows further revisions. ``VERSION COMMAND URL …``, of which one line tells how it went.

``migrate``, when a line comes on its standard input; ``open``; or ``work``, through a webhook to the URL that follows,
until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.core.errors import DatabaseError
from bellwire.core.outbox import Database, schema

HERE = Path(__file__).parent


def main(version: str, command: str, url: str, *more: str) -> None:
    schema.VERSION = int(version)  # type: ignore[misc]  # it is another program that this one plays
    schema.REVISIONS.extend(HERE / folder for folder in ("newer", "newest")[: len(version) - 3] if len(version) > 3)
    database = Database(url)
    match command:
        case "migrate":
            say("ready")
            sys.stdin.readline()
            say(*database.migrate())
        case "open":
            try:
                database.open()
                say("open")
            except DatabaseError as error:
                say(type(error).__name__, error)
        case "work":
            hook = WebhookConfig(enable=True, url=more[0])
            bus = Bus(Settings(database=url, dispatch="off", channels={"hook": hook}), channel_types={})
            bus.start()
            dispatcher = bus.make_dispatcher()

            def stop() -> None:
                sys.stdin.read()
                dispatcher.stop(5)

            threading.Thread(target=stop, daemon=True).start()
            say("working")
            asyncio.run(dispatcher.run())
            bus.close()
    database.close()


def say(*words: object) -> None:
    print(*words, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
