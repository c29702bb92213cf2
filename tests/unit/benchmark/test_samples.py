from __future__ import annotations

import json

from tests.benchmarks.samples import Sample, Samples, Spread


def samples(**rounds: list[float]) -> Samples:
    """One figure, ``rate``, of each case in so many rounds."""
    return Samples(
        tuple(
            Sample("drain", case, number, {"rate": value})
            for case, values in rounds.items()
            for number, value in enumerate(values, start=1)
        )
    )


def test_a_spread_has_the_least_the_middle_and_the_greatest() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0)
    assert Spread.of([4.0, 1.0]) == Spread(1.0, 2.5, 4.0)


def test_a_ratio_is_taken_within_each_round_and_not_between_medians() -> None:
    measured = samples(ours=[10.0, 100.0, 1.0], theirs=[5.0, 10.0, 1.0])
    assert measured.ratio("drain", "rate", "ours", "theirs") == Spread(1.0, 2.0, 10.0)


def test_a_round_that_only_one_of_them_had_gives_no_ratio() -> None:
    measured = samples(ours=[10.0, 100.0], theirs=[5.0])
    assert measured.ratio("drain", "rate", "ours", "theirs") == Spread(2.0, 2.0, 2.0)


def test_what_was_not_measured_is_none_and_never_a_number() -> None:
    measured = samples(ours=[1.0])
    assert measured.spread("drain", "theirs", "rate") is None
    assert measured.spread("publish", "ours", "rate") is None
    assert measured.spread("drain", "ours", "cpu") is None
    assert measured.ratio("drain", "rate", "ours", "theirs") is None
    assert measured.best("drain", ("theirs",), "rate") is None


def test_the_best_is_the_one_with_the_highest_median_whatever_a_lucky_round_gave() -> None:
    measured = samples(steady=[5.0, 5.0, 5.0], lucky=[1.0, 1.0, 99.0])
    assert measured.best("drain", ("steady", "lucky", "absent"), "rate") == "steady"


def test_cases_come_in_the_order_in_which_they_were_measured() -> None:
    assert samples(b=[1.0], a=[1.0]).cases("drain") == ["b", "a"]


def test_samples_survive_their_file() -> None:
    measured = samples(ours=[1.5, 2.5])
    assert Samples.from_json(json.loads(json.dumps(measured.to_json()))) == measured
