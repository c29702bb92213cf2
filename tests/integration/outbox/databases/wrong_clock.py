"""A process whose wall clock is wrong: ``HOURS COMMAND URL RECEIVER``.

``publish`` one event in its own transaction and one in a host's, on a bus that has asked the database nothing before;
``claim`` what is due; ``beat``, which takes over what has expired. One line tells how it went.
"""

from __future__ import annotations

import sys
import time

OFF = int(float(sys.argv[1]) * 3600 * 1_000_000_000)
REAL_NS, REAL = time.time_ns, time.time
time.time_ns = lambda: REAL_NS() + OFF
time.time = lambda: REAL() + OFF / 1e9

import sqlalchemy as sa  # noqa: E402  # the clock is wrong from the start

from bellwire.channels.webhook import WebhookConfig  # noqa: E402
from bellwire.core import Bus, Settings  # noqa: E402
from bellwire.core.outbox import DispatcherRow, LaneDemand  # noqa: E402
from bellwire.hookspecs import Workflow  # noqa: E402

DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


def main(command: str, url: str) -> None:
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


main(*sys.argv[2:])
