from __future__ import annotations

import pytest
from tests.benchmarks.contenders import ALL
from tests.benchmarks.neighbours import CASES
from tests.benchmarks.samples import Sample, Samples
from tests.benchmarks.sections import FULL
from tests.benchmarks.targets import CELERY, ON_POSTGRESQL, PROCRASTINATE, TARGETS, Target


def drained(**per_second: list[float]) -> Samples:
    return Samples(
        tuple(
            Sample("drain", case.replace("_", "-"), number, {"per_second": rate, "cpu_per_1000": 1000 / rate})
            for case, rates in per_second.items()
            for number, rate in enumerate(rates, start=1)
        )
    )


def target(words: str) -> Target:
    (found,) = (target for target in TARGETS if words in target.text)
    return found


@pytest.mark.parametrize(("bellwire", "reached"), [([9.0, 10.0, 99.0], True), ([99.0, 9.9, 9.0], False)])
def test_the_median_round_decides(bellwire: list[float], reached: bool) -> None:
    verdict = target("bare aiohttp").verdict(drained(bellwire=bellwire, aiohttp=[10.0, 10.0, 10.0]))
    assert verdict is not None
    assert verdict.reached is reached


def test_celery_is_judged_by_its_better_pool() -> None:
    measured = drained(bellwire=[1200.0], celery_prefork=[100.0], celery_threads=[101.0])
    verdict = target("deliveries/s on SQLite, to Celery").verdict(measured)
    assert verdict is not None
    assert not verdict.reached
    assert verdict.spread.median == pytest.approx(1200 / 101)


def test_on_postgresql_each_is_judged_by_its_better_number_of_workers() -> None:
    measured = drained(
        bellwire_postgresql=[900.0],
        bellwire_postgresql_two=[1000.0],
        procrastinate=[100.0],
        procrastinate_two=[90.0],
    )
    verdict = target("on PostgreSQL, to Procrastinate").verdict(measured)
    assert verdict is not None
    assert (verdict.spread.median, verdict.reached) == (10, True)


def test_what_must_be_at_most_is_reached_from_below() -> None:
    cpu = target("CPU per delivery")
    just, over = (cpu.verdict(drained(bellwire=[rate], celery_prefork=[100.0])) for rate in (1200.1, 1199.0))
    assert just is not None
    assert over is not None
    assert (just.reached, over.reached) == (True, False)


def test_a_section_that_was_left_out_has_no_verdict() -> None:
    assert [target.verdict(Samples(())) for target in TARGETS] == [None] * len(TARGETS)


def test_every_target_is_measured_by_a_full_run() -> None:
    """No target speaks of a case that no section has, which would be silence and look like success."""
    publishes = [f"{name} {situation}" for name in ("bellwire", "raw") for situation in ("idle", "embedded", "worker")]
    cases = {
        "drain": [contender.name for contender in ALL],
        "publish": publishes,
        "backlog": [f"SQLite {waiting:,}" for waiting in FULL.backlogs],
        "neighbours": list(CASES),
    }
    figures = {"per_second": 1.0, "cpu_per_1000": 1.0, "p50": 1.0, "p99": 1.0}
    everything = Samples(tuple(Sample(section, case, 1, figures) for section in cases for case in cases[section]))
    assert [target.text for target in TARGETS if target.verdict(everything) is None] == []
    assert {*CELERY, *ON_POSTGRESQL, *PROCRASTINATE} <= set(cases["drain"])
