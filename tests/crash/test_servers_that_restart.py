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
from tests.crash.smithy import until


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


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[PrivateServer]:
    with tempfile.TemporaryDirectory(prefix="bellwire-") as folder, closing(request.param(Path(folder))) as server:
        server.start()
        yield server


@pytest.mark.parametrize(
    ("server", "stop"), [(stop.server, stop) for stop in STOPS], indirect=["server"], ids=lambda it: getattr(it, "words", None)
)
def test_a_server_that_restarts_under_load_loses_nothing(
    server: PrivateServer, make_house: Callable[..., House], stop: Stop, repeats: int, tell: Callable[[Figures], None]
) -> None:
    house = make_house(server.kind, server.url, lease_seconds=2, heartbeat_seconds=0.2)
    publishers = [house.start(role="publisher", name=f"p{number}") for number in range(2)]
    worker = house.worker()
    for _ in range(repeats):
        arrived = len(house.receiver.arrivals)
        until(lambda arrived=arrived: len(house.receiver.arrivals) > arrived + 20, lambda: f"{worker.diary} {server.log}")
        server.stop(stop.signal)
        server.start()
        house.happened += 1
    for number, publisher in enumerate(publishers):
        said = len(publisher.diary)
        until(lambda publisher=publisher, said=said: len(publisher.diary) > said, lambda: "it does not go on")
        publisher.kill()
        house.note(publisher, f"p{number}")
    assert worker.status is None, worker.diary
    house.wait_until_settled()
    house.check()
    tell(house.figures("server", stop.words))
