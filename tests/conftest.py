"""What every test may rely on: nobody's settings in the environment, examples that come again, and databases."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import attrs
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

# No deadline: on a machine that others use too, a slow example says nothing about the code.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that ``pyproject.toml`` stands in."""
    return Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own ``BELLWIRE_*`` and proxies would decide what a test sees."""
    for name in list(os.environ):
        if name.startswith("BELLWIRE_") or name.lower() in _PROXIES:
            monkeypatch.delenv(name)


# Read here, because every test starts without anybody's BELLWIRE_ variables.
_SERVERS: Final = {
    "postgresql": (os.environ.get("BELLWIRE_TEST_POSTGRES"), "postgresql://postgres@127.0.0.1:5432/postgres", 5432),
    "mysql": (os.environ.get("BELLWIRE_TEST_MYSQL"), "mysql://root@127.0.0.1:3306/mysql", 3306),
}
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
_IN_MEMORY: Final = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # what is tested is not the disk
_TABLES: Final = ("attempts", "deliveries", "events", "channel_state", "dispatchers")


@attrs.frozen
class Place:
    """A database that is at hand; :meth:`fresh` gives the URL of an outbox with nothing in it."""

    kind: str
    fresh: Callable[[], str]


@pytest.fixture(scope="session", params=["sqlite", "postgresql", "mysql"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Each database in turn. One that is not there is skipped; in CI it must be there."""
    from bellwire.core.outbox import Database

    kind: str = request.param
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="bellwire-", dir=_IN_MEMORY) as folder:
            numbers = iter(range(1_000_000))
            yield Place(kind, lambda: f"sqlite:///{folder}/{next(numbers)}.db")
        return
    with _a_database_of_our_own(kind) as url, ExitStack() as stack:
        engine = sa.create_engine(url.set(drivername=_DRIVERS[kind]))
        stack.callback(engine.dispose)

        def fresh() -> str:
            database = Database(url.render_as_string(hide_password=False))
            database.open()
            database.close()
            with engine.begin() as connection:
                for table in _TABLES:
                    connection.execute(sa.text(f"DELETE FROM bellwire_{table}"))
                connection.execute(sa.text("DELETE FROM bellwire_meta WHERE name = 'dispatcher_left_at'"))
            return url.render_as_string(hide_password=False)

        yield Place(kind, fresh)


class _a_database_of_our_own:  # noqa: N801 - reads as a sentence
    """On the server of that kind, for as long as the block lasts."""

    def __init__(self, kind: str) -> None:
        given, usual, port = _SERVERS[kind]
        self._server = sa.make_url(given or usual).set(drivername=_DRIVERS[kind])
        self._shown = sa.make_url(given or usual).set(database=f"bellwire_test_{os.getpid()}")
        if given is None and not _listens(port):
            reason = f"no {kind} server listens on 127.0.0.1:{port}; name one by BELLWIRE_TEST_{_variable(kind)}"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)

    def __enter__(self) -> sa.URL:
        self._run("DROP DATABASE IF EXISTS {}", "CREATE DATABASE {}")
        return self._shown

    def __exit__(self, *_: object) -> None:
        force = " WITH (FORCE)" if self._server.get_backend_name() == "postgresql" else ""
        self._run("DROP DATABASE IF EXISTS {}" + force)

    def _run(self, *statements: str) -> None:
        engine = sa.create_engine(self._server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.format(self._shown.database))


def _variable(kind: str) -> str:
    return {"postgresql": "POSTGRES", "mysql": "MYSQL"}[kind]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
