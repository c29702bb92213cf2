"""Reads mutated answers twice, with our reader and with h11: ``python -m tests.fuzz.against_h11 --inputs 1000000``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

import attrs
from tests.fuzz.compare import Disagreement, Rule, compare
from tests.fuzz.inputs import inputs
from tests.fuzz.rules import LAXER, REUSE, STRICTER

SEED = 20231118
_SHOWN = 20


@attrs.define
class Tally:
    """What came of many inputs."""

    outcomes: Counter[str] = attrs.field(factory=Counter)
    rules: Counter[Rule] = attrs.field(factory=Counter)
    disagreements: list[Disagreement] = attrs.field(factory=list)


def tally(*, seed: int, count: int) -> Tally:
    """Compares *count* inputs."""
    found = Tally()
    for given in inputs(seed, count):
        try:
            verdict = compare(given)
        except Disagreement as disagreement:
            found.disagreements.append(disagreement)
        else:
            found.outcomes[verdict.outcome] += 1
            found.rules.update(verdict.rules)
    return found


def table(found: Tally) -> str:
    """The figures, as the documentation shows them."""
    words = {
        "refused": "both refuse",
        "read": "both read, and read the same",
        "stricter": "h11 reads, we refuse",
        "laxer": "we read, h11 refuses",
    }
    lines = ["| outcome | inputs |", "|---|---:|"]
    lines += [f"| {words[outcome]} | {found.outcomes[outcome]:,} |" for outcome in words]
    lines += [f"| differ otherwise | {len(found.disagreements):,} |", ""]
    for heading, rules in (
        ("h11 reads it, we refuse it", STRICTER),
        ("we read it, h11 refuses it", LAXER),
        ("we keep the connection, h11 does not", REUSE),
    ):
        lines += [f"| {heading} | section | why | inputs |", "|---|---|---|---:|"]
        lines += [f"| {rule.name} | {rule.section} | {rule.why} | {found.rules[rule]:,} |" for rule in rules]
        lines += [""]
    return "\n".join(lines)


def main() -> int:
    """The program."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inputs", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=SEED)
    given = options.parse_args()
    began = time.monotonic()
    found = tally(seed=given.seed, count=given.inputs)
    print(table(found))
    print(f"{given.inputs:,} inputs, seed {given.seed}, {time.monotonic() - began:.0f} s")
    for disagreement in found.disagreements[:_SHOWN]:
        print(disagreement, file=sys.stderr)
    return 1 if found.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
