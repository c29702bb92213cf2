"""Django's own transactions, on every database, and in a test database that only Django can reach."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import sqlalchemy as sa

SCRIPT = """
import json, sys, time
import django
from django.conf import settings

if sys.argv[1] == "mysql":
    import pymysql
    pymysql.version_info = (2, 2, 1, "final", 0)  # Django asks for mysqlclient's version
    pymysql.install_as_MySQLdb()
settings.configure(DATABASES={"default": json.loads(sys.argv[2])}, USE_TZ=True)
django.setup()

from django.db import connection, transaction
from bellwire.core import Bus, InvalidConnection, Settings
from bellwire.core.testing import RecordingConfig
from bellwire.hookspecs import Workflow

workflow = Workflow(project_name="p", workflow_id="1", workflow_subject="100 % done", workflow_status="x")
bus = Bus(Settings(database=sys.argv[3], channels={"record": RecordingConfig(enable=True)}),
          channel_types={"record": RecordingConfig})
bus.start()


def state(event):
    return [delivery.state for delivery in bus.outbox.deliveries_of(event.id)]


with transaction.atomic():
    kept = bus.notify_workflow("approve", workflow, connection=connection)
deadline = time.monotonic() + 10
while state(kept) != ["delivered"] and time.monotonic() < deadline:
    time.sleep(0.01)
assert state(kept) == ["delivered"], state(kept)

try:
    with transaction.atomic():
        lost = bus.notify_workflow("approve", workflow, connection=connection)
        raise RuntimeError("the host changes its mind")
except RuntimeError:
    pass
assert state(lost) == []

try:
    bus.notify_workflow("approve", workflow, connection=connection)
except InvalidConnection as error:
    assert "transaction.atomic()" in str(error), error
else:
    raise AssertionError("autocommit was not refused")
bus.close()
print("fine")
"""

TEST_DATABASE = """
import sys
from django.conf import settings
import django

settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, USE_TZ=True)
django.setup()

from django.db import connection, transaction
from bellwire.core import Bus, Settings
from bellwire.core.testing import RecordingConfig
from bellwire.hookspecs import Workflow

bus = Bus(Settings(database=sys.argv[1], dispatch="off", channels={"record": RecordingConfig(enable=True)}),
          channel_types={"record": RecordingConfig})
bus.create_tables(connection)
bus.create_tables(connection)
workflow = Workflow(project_name="p", workflow_id="1", workflow_subject="s", workflow_status="x")
with transaction.atomic():
    event = bus.notify_workflow("approve", workflow, connection=connection)
with connection.cursor() as cursor:
    cursor.execute("SELECT action FROM bellwire_events WHERE id = %s", [event.id])
    assert cursor.fetchall() == [("approve",)]
bus.close()
print("fine")
"""


def _django_database(url: sa.URL) -> dict[str, Any]:
    engine = {"sqlite": "sqlite3"}.get(url.get_backend_name(), url.get_backend_name())
    return {
        "ENGINE": f"django.db.backends.{engine}",
        "NAME": url.database,
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": url.host or "",
        "PORT": url.port or "",
    }


def _run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_what_django_commits_is_delivered_and_what_it_rolls_back_never_existed(place: Any) -> None:
    import json

    pytest.importorskip("django", reason="Django is in the test dependencies")
    url = place.fresh()
    assert _run(SCRIPT, place.kind, json.dumps(_django_database(sa.make_url(url))), url) == "fine"


def test_a_test_database_in_memory_gets_the_tables_over_djangos_connection(tmp_path: Any) -> None:
    assert _run(TEST_DATABASE, f"sqlite:///{tmp_path}/bellwire.db") == "fine"
