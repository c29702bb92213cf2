"""Real processes that are killed, on each database, and a receiver that remembers.

``BELLWIRE_CRASH_REPEATS`` says how often each step is tried: once without it. `make crash` takes 30, and has the page
in the docs written by ``BELLWIRE_CRASH_PAGE``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from tests.conftest import Place
from tests.crash import page
from tests.crash.house import Figures, House
from tests.crash.receiver import Receiver
from tests.crash.smithy import Smithy

# Read here, because every test starts without anybody's BELLWIRE_ variables.
REPEATS: Final = int(os.environ.get("BELLWIRE_CRASH_REPEATS", "1"))
WRITES_PAGE: Final = bool(os.environ.get("BELLWIRE_CRASH_PAGE"))


@pytest.fixture(scope="session")
def smithy(repository: Path) -> Iterator[Smithy]:
    smithy = Smithy(repository)
    yield smithy
    smithy.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield receiver
    receiver.shutdown()
    receiver.server_close()
    thread.join(10)


@pytest.fixture
def make_house(smithy: Smithy, receiver: Receiver, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Makes a house on a database by its kind and URL."""
    houses: list[House] = []

    def make(kind: str, url: str, **orders: Any) -> House:
        houses.append(House(kind, url, smithy, receiver, tmp_path, orders=orders))
        return houses[-1]

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def house(place: Place, make_house: Callable[..., House]) -> House:
    """One with an empty outbox, on each database."""
    return make_house(place.kind, place.fresh())


@pytest.fixture
def repeats() -> int:
    """How often each step is tried."""
    return REPEATS


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[Figures], None]:
    """Keeps figures for the page."""
    return lambda figures: record_property("crash", attrs.asdict(figures))


# The page in the docs is written by the process that gathers the reports of all others.
_TOLD: Final[list[Figures]] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call":
        _TOLD.extend(page.told(report.user_properties))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if WRITES_PAGE and _TOLD and not hasattr(session.config, "workerinput"):
        told = page.keep(_TOLD)
        if exitstatus == 0:
            page.write(told)
