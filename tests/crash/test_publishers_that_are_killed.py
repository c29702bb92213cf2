"""Publishers die by ``kill -9`` at every step: what ``publish`` returned for is there, and nothing is half there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from tests.conftest import Place
from tests.crash.house import Figures, House
from tests.crash.smithy import until
from tests.crash.steps import PUBLISHER, Step

from bellwire.core.outbox.tables import events

_AFTER_THE_COMMIT = {"publish: after COMMIT", "publish: after"}


@pytest.fixture
def fan_out(place: Place, make_house: Callable[..., House]) -> House:
    """Each event goes to two channels, so that it can be stored by halves."""
    return make_house(place.kind, place.fresh(), channels=("hook", "second"))


def stored(house: House) -> int:
    rows: int = house.read(sa.select(sa.func.count()).select_from(events))[0][0]
    return rows


@pytest.mark.parametrize("step", PUBLISHER, ids=lambda step: step.words)
def test_a_publisher_that_dies_at_a_step_leaves_all_or_nothing(
    fan_out: House, repeats: int, step: Step, tell: Callable[[Figures], None]
) -> None:
    house = fan_out
    for repeat in range(PUBLISHER.index(step), PUBLISHER.index(step) + repeats):
        before, name, after, batch = stored(house), f"p{repeat}", 1 + repeat % 5, 1 + 2 * (repeat // 2 % 2)
        orders = {"role": "publisher", "name": name, "batch": batch, "amount": 8 * batch}
        publisher = house.start(**orders, moment=step.moment, after=after)
        house.dies(publisher)
        assert house.note(publisher, name) == batch * (after - 1)
        assert stored(house) - before == batch * (after - 1 + (step.moment in _AFTER_THE_COMMIT))
        assert house.halves() == []
        if repeat % 2:  # its successor publishes all of it again, as after any crash
            successor = house.start(**orders)
            assert successor.wait() == 0
            assert house.note(successor, name) == 8 * batch
            assert stored(house) - before == 8 * batch
    house.finish()
    house.check()
    figures = house.figures("publisher", step.words)
    assert figures.twice == 0, "no worker died"
    tell(figures)


def die_after(house: House, name: str, published: int) -> None:
    """A publisher is killed from outside, wherever it is then."""
    before = stored(house)
    publisher = house.start(role="publisher", name=name)
    until(lambda: publisher.says(f"published {published}"), lambda: "it is idle")
    publisher.kill()
    house.happened += 1
    assert 0 <= stored(house) - before - house.note(publisher, name) <= 1
    assert house.halves() == []


def test_a_publisher_that_dies_at_any_moment_leaves_all_or_nothing(
    fan_out: House, repeats: int, tell: Callable[[Figures], None]
) -> None:
    for repeat in range(repeats):
        die_after(fan_out, f"p{repeat}", repeat)
    fan_out.finish()
    fan_out.check()
    tell(fan_out.figures("publisher", "at any moment"))
