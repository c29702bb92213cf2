"""A host that publishes without ``connection=`` while it has written in a transaction of its own on the same file.

    self_lock_process.py FILE SCENARIO

Prints one JSON object: how long the publish took, what it raised, and how many events are stored once the host has
committed and published again.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from bellwire.core import Bus, Settings
from bellwire.core.testing import RecordingConfig
from bellwire.hookspecs import Workflow, WorkflowEvent

CHANGE = "UPDATE host SET status = 'approved'"


def event(event_id: str) -> WorkflowEvent:
    workflow = Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="x")
    return WorkflowEvent(action="create", workflow=workflow, id=event_id)


def make_bus(file: str, dispatch: Literal["embedded", "off"]) -> Bus:
    channels = {"record": RecordingConfig()}
    bus = Bus(
        Settings(database=f"sqlite:///{file}", dispatch=dispatch, channels=channels),
        channel_types={"recording": RecordingConfig},
    )
    bus.start()
    return bus


@contextmanager
def others_threads() -> Iterator[None]:
    """A thread pool of the host's, as every server has."""
    over = threading.Event()
    threads = [threading.Thread(target=over.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def attempt(call: Callable[[], object]) -> tuple[float, str]:
    began = time.monotonic()
    try:
        call()
    except Exception as error:
        return time.monotonic() - began, f"{type(error).__name__}: {error}"
    return time.monotonic() - began, ""


def by_the_driver(bus: Bus, file: str) -> tuple[float, str]:
    connection = sqlite3.connect(file)
    connection.execute(CHANGE)
    told = attempt(lambda: bus.publish(event("e")))
    connection.commit()
    connection.close()
    return told


def by_a_session(bus: Bus, file: str) -> tuple[float, str]:
    with Session(sa.create_engine(f"sqlite:///{file}")) as session:
        session.execute(sa.text(CHANGE))
        told = attempt(lambda: bus.publish(event("e")))
        session.commit()
    return told


def by_an_async_session(bus: Bus, file: str) -> tuple[float, str]:
    async def main() -> tuple[float, str]:
        engine = create_async_engine(f"sqlite+aiosqlite:///{file}")
        async with AsyncSession(engine) as session:
            await session.execute(sa.text(CHANGE))
            began = time.monotonic()
            try:
                await bus.apublish(event("e"))
                said = ""
            except Exception as error:
                said = f"{type(error).__name__}: {error}"
            seconds = time.monotonic() - began
            await session.commit()
        await engine.dispose()
        return seconds, said

    return asyncio.run(main())


def by_django(bus: Bus, file: str) -> tuple[float, str]:
    from django.conf import settings  # type: ignore[import-untyped]  # Django ships no types

    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": file}}, USE_TZ=True)
    import django  # type: ignore[import-untyped]  # Django ships no types

    django.setup()
    from django.db import connection, transaction  # type: ignore[import-untyped]  # Django ships no types

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(CHANGE)
        told = attempt(lambda: bus.publish(event("e")))
    connection.close()
    return told


def main(file: str, scenario: str) -> None:
    host = sqlite3.connect(file, isolation_level=None)
    host.execute("PRAGMA journal_mode = WAL")
    host.execute("CREATE TABLE host (status TEXT)")
    host.execute("INSERT INTO host VALUES ('waiting')")
    host.close()
    how, _, where = scenario.partition(", ")
    hands: dict[str, Any] = {
        "driver": by_the_driver,
        "session": by_a_session,
        "async session": by_an_async_session,
        "django": by_django,
    }
    bus = make_bus(file, "off" if where == "alone" else "embedded")
    if where == "alone":
        seconds, said = hands[how](bus, file)
    else:
        with others_threads():
            seconds, said = hands[how](bus, file)
    before = len(bus.outbox.events())
    bus.publish(event("e"))
    print(json.dumps({"seconds": seconds, "said": said, "before": before, "after": len(bus.outbox.events())}))
    bus.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
