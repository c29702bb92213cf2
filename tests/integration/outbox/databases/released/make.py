"""Writes ``vNNNN.KIND.sql``: a database as the present version leaves it, with something of everything in it.

Run once for each released schema, before the first change after the release; what it wrote never changes again, and
every later version must be able to take it over. ``python make.py URL`` on an empty database of each kind; pg_dump and
mariadb-dump must be at hand.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Literal

import attrs
import sqlalchemy as sa

from bellwire.channels.webhook import WebhookConfig
from bellwire.core import Bus, Settings
from bellwire.core.outbox import (
    AttemptRecord,
    ChannelHealth,
    Claim,
    Database,
    DispatcherRow,
    LaneDemand,
    Outbox,
    Settlement,
    schema,
)
from bellwire.hookspecs import Workflow
from bellwire.hookspecs.payload import JSONValue

MOMENT = 1_700_000_000_000_000
HOOK = WebhookConfig(enable=True, url="http://127.0.0.1:1/")


class Scene:
    """Plays what happens to an outbox, second by second."""

    def __init__(self, url: str) -> None:
        self.now = MOMENT
        self.outbox = Outbox(Database(url, clock=lambda: self.now))
        settings = Settings(database=url, dispatch="off", channels={"hook": HOOK, "held": HOOK})
        self.bus = Bus(settings, channel_types={})
        self.bus._outbox = self.outbox

    def publish(self, event_id: str, workflow: str, subject: str, **extra: JSONValue) -> None:
        self.now += 1_000_000
        about = Workflow(
            project_name="p", workflow_id=workflow, workflow_subject=subject, workflow_status="finished", extra=extra
        )
        self.bus.notify_workflow("create", about, event_id=event_id)

    def claim(self, slots: int, dispatcher: str = "first") -> list[Claim]:
        self.now += 1_000_000
        demands = [LaneDemand(channel="hook", slots=slots, ordered=True)]
        return list(self.outbox.exchange(dispatcher, (), demands, lambda health, _, __: health).claims)

    def settle(self, claims: list[Claim], outcome: Literal["sent", "failed", "retry"], *, delay: int = 0) -> None:
        [claim] = claims
        self.now += 1_000_000
        record = AttemptRecord(
            number=claim.attempt, outcome="sent", started_at=self.now, duration=1500, status_code=200
        )
        done = Settlement(claim=claim, state="delivered", record=record, error=claim.error)
        if outcome != "sent":
            failed = attrs.evolve(record, outcome="failed", stage="answer", detail="503 ‘busy’", status_code=503)
            state: Literal["waiting", "failed"] = "waiting" if outcome == "retry" else "failed"
            done = attrs.evolve(
                done, state=state, record=failed, error="503 ‘busy’", delay=delay * 1_000_000, hold_key=10**17
            )
        self.outbox.exchange("first", [done], (), advance)

    def play(self) -> None:
        self.publish("sent", "wf-sent", "went out")
        self.settle(self.claim(1), "sent")
        self.publish("failed", "wf-failed", "could not be sent")
        self.settle(self.claim(1), "failed")
        self.publish("replayed", "wf-replayed", "once more")
        [claim] = self.claim(1)
        self.settle([claim], "sent")
        self.now += 1_000_000
        self.outbox.replay([claim.delivery_id])
        self.settle(self.claim(1), "sent")
        self.publish("cancelled", "wf-cancelled", "not any more")
        self.outbox.cancel([view.id for view in self.outbox.deliveries_of("cancelled")])
        self.publish("retried", "wf-order", "the head of a key")
        self.settle(self.claim(1), "retry", delay=60)
        self.publish("parked", "wf-order", "waits for the head")
        assert self.claim(1) == []
        self.publish("claimed", "wf-claimed", "its dispatcher died")
        self.outbox.beat(DispatcherRow(id="dead", host="h", pid=1, process="{}", version="0", config_digest="x"), ())
        assert len(self.claim(1, dispatcher="dead")) == 1
        self.publish("waiting", "WF-waiting ", "🔔 'quoted' \"doubly\" \\ back; 工单\n", note="x" * 5000, null=None)
        self.outbox.set_paused("held", paused=True)
        self.outbox.close()


def advance(health: ChannelHealth, ended: object, now: int) -> ChannelHealth:
    return attrs.evolve(health, failures=health.failures + 1, failing_since=now)


def dump(url: sa.URL) -> str:
    """Without comments, and without what only the dumping program's own client understands."""
    if url.get_backend_name() == "sqlite":
        with sqlite3.connect(url.database or "") as connection:
            return "\n".join(connection.iterdump())
    where = [
        "-h",
        url.host or "127.0.0.1",
        *(["-P" if "mysql" in url.drivername else "-p", str(url.port)] if url.port else []),
    ]
    if url.get_backend_name() == "postgresql":
        command = ["pg_dump", *where, "-U", url.username or "", "--inserts", "--no-owner", "--no-privileges"]
    else:
        command = ["mariadb-dump", *where, "-u", url.username or "", "--compact", "--skip-extended-insert"]
    text = subprocess.run([*command, url.database or ""], capture_output=True, text=True, check=True).stdout
    return re.sub(r"(?m)^(--.*|\\.*|/\*M?!.*\*/;? ?|)\n", "", text)


if __name__ == "__main__":
    target = sa.make_url(sys.argv[1])
    Scene(sys.argv[1]).play()
    file = Path(__file__).with_name(f"v{schema.VERSION:04}.{target.get_backend_name()}.sql")
    file.write_text(dump(target).rstrip() + "\n", "utf-8")
