"""A database server goes down under load, cleanly, hastily or by ``kill -9``, and comes back: nothing is lost."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import attrs
import pytest
from tests.crash.house import Figures, House
from tests.crash.servers import MariaDB, PostgreSQL, PrivateServer
from tests.crash.smithy import Forged, until


@attrs.frozen
class Stop:
    server: type[PrivateServer]
    words: str
    signal: int


STOPS: Final = (
    Stop(PostgreSQL, "stopped (fast) and started again", signal.SIGINT),
    Stop(PostgreSQL, "stopped at once (immediate) and started again", signal.SIGQUIT),
    Stop(PostgreSQL, "killed by kill -9 and started again", signal.SIGKILL),
    Stop(MariaDB, "stopped (SIGTERM) and started again", signal.SIGTERM),
    Stop(MariaDB, "killed by kill -9 and started again", signal.SIGKILL),
)


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[PrivateServer]:
    with tempfile.TemporaryDirectory(prefix="bellwire-") as folder, closing(request.param(Path(folder))) as server:
        server.start()
        yield server


def go_down(house: House, server: PrivateServer, stop: Stop) -> None:
    """Amid a lively traffic; and up again."""
    arrived = len(house.receiver.arrivals)
    until(lambda: len(house.receiver.arrivals) > arrived + 20, lambda: f"no traffic; the server says {server.log}")
    server.stop(stop.signal)
    server.start()
    house.happened += 1


def goes_on(publisher: Forged) -> None:
    """Waits for it to say more."""
    said = len(publisher.diary)
    until(lambda: len(publisher.diary) > said, lambda: "it does not go on")


@pytest.mark.parametrize(
    ("server", "stop"),
    [pytest.param(stop.server, stop, id=f"{stop.server.kind} {stop.words}") for stop in STOPS],
    indirect=["server"],
)
def test_a_server_that_restarts_under_load_loses_nothing(
    server: PrivateServer, make_house: Callable[..., House], stop: Stop, repeats: int, tell: Callable[[Figures], None]
) -> None:
    house = make_house(server.kind, server.fresh(), lease_seconds=2, heartbeat_seconds=0.2)
    publishers = {
        name: house.start(role="publisher", name=name, pause_seconds=0.02) for name in ("a publisher", "another")
    }
    worker = house.worker()
    for _ in range(repeats):
        go_down(house, server, stop)
    for name, publisher in publishers.items():
        goes_on(publisher)
        publisher.kill()
        house.note(publisher, name)
    assert worker.status is None, worker.diary
    house.wait_until_settled()
    house.check()
    tell(house.figures("server", stop.words))
