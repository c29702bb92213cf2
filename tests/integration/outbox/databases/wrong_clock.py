"""A process whose wall clock is wrong: ``HOURS COMMAND URL``.

``publish`` one event in a host's transaction, on a bus that has asked the database nothing before, and one by itself;
``claim`` what is due; ``beat``, which takes over what has expired. One line tells how it went.
"""

from __future__ import annotations

import sys
import time

import sqlalchemy as sa

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.core.outbox import DispatcherRow, LaneDemand
from bellwire.hookspecs import Workflow

DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


def set_wrong(hours: float) -> None:
    """What everything here asks for the time."""
    real_ns, real, off = time.time_ns, time.time, int(hours * 3600 * 1_000_000_000)
    time.time_ns = lambda: real_ns() + off
    time.time = lambda: real() + off / 1e9


def main(hours: str, command: str, url: str) -> None:
    set_wrong(float(hours))
    hook = WebhookConfig(enable=True, url="http://127.0.0.1:1/")
    bus = Bus(Settings(database=url, dispatch="off", channels={"hook": hook}), channel_types={})
    match command:
        case "publish":
            target = sa.make_url(url)
            engine = sa.create_engine(target.set(drivername=DRIVERS[target.get_backend_name()]))
            with engine.begin() as connection:
                bus.notify_workflow("create", workflow("within"), event_id="within", connection=connection)
            engine.dispose()
            bus.notify_workflow("create", workflow("alone"), event_id="alone")
            print("published")
        case "claim":
            demands = [LaneDemand(channel="hook", slots=10, ordered=True)]
            claims = bus.outbox.exchange("wrong", (), demands, lambda health, _, __: health).claims
            print(*sorted(claim.event_id for claim in claims))
        case "beat":
            row = DispatcherRow(id="wrong", host="h", pid=1, process="{}", version="0", config_digest="x")
            print(bus.outbox.beat(row, ()))
    bus.close()


def workflow(workflow_id: str) -> Workflow:
    return Workflow(project_name="p", workflow_id=workflow_id, workflow_subject="s", workflow_status="finished")


if __name__ == "__main__":
    main(*sys.argv[1:])
