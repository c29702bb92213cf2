"""The sections of a run, each measured in rounds that take turns, and how large they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
from tests.benchmarks import backlog, contenders, neighbours, publish
from tests.benchmarks.contender import Contender, Stage
from tests.benchmarks.drain import drain
from tests.benchmarks.machine import Quiet, listen
from tests.benchmarks.profile import profile
from tests.benchmarks.samples import Sample


@attrs.frozen(kw_only=True)
class Scale:
    """How much is measured."""

    rounds: int
    share: float
    """Of each contender's deliveries in a drain."""
    publishes: int
    drained_beside: int
    """Deliveries that a worker drains while publishes are timed."""
    from_backlog: int
    """Deliveries that are taken from a backlog in each round."""
    backlogs: tuple[int, ...] = (0, 100_000, 1_000_000)
    watched: int
    """Publishes of which a healthy channel's latency is taken."""
    further_of_neighbours: int = 0
    """Further rounds of these: a 99th percentile moves more from round to round than a rate."""


FULL: Final = Scale(
    rounds=3, share=1, publishes=1000, drained_beside=60_000, from_backlog=20_000, watched=2000, further_of_neighbours=2
)
QUICK: Final = Scale(
    rounds=1,
    share=0.2,
    publishes=300,
    drained_beside=8_000,
    from_backlog=4_000,
    backlogs=(0, 100_000),
    watched=400,
)


@attrs.define
class Run:
    """What is measured so far."""

    stage: Stage
    scale: Scale
    samples: list[Sample] = attrs.field(factory=list)
    listened: list[Quiet] = attrs.field(factory=list)

    def rounds(self, section: str, *, further: int = 0) -> Iterable[int]:
        """Their numbers; before each it listens whether the machine is quiet, and says so."""
        for number in range(1, self.scale.rounds + further + 1):
            quiet = listen(number)
            self.listened.append(quiet)
            print(f"{section}, round {number}: others use {quiet.busy:.0%} of the machine, load {quiet.load:.2f}")
            yield number

    def keep(self, section: str, case: str, number: int, figures: Mapping[str, float]) -> None:
        """Stores and prints what was measured."""
        self.samples.append(Sample(section, case, number, dict(figures)))
        told = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"  {section:10} {case:28} {told}", flush=True)


def _drain(run: Run) -> None:
    sized = [_sized(contender, run.scale) for contender in contenders.ALL]
    for number in run.rounds("drain"):
        for contender in sized:
            run.keep("drain", contender.name, number, drain(contender, run.stage))


def _sized(contender: Contender, scale: Scale) -> Contender:
    return attrs.evolve(contender, deliveries=max(1000, int(contender.deliveries * scale.share)))


def _publish(run: Run) -> None:
    scale = run.scale
    peers = (contenders.BELLWIRE_POSTGRESQL, contenders.CELERY[0], contenders.DRAMATIQ, contenders.PROCRASTINATE)
    for number in run.rounds("publish"):
        for case, figures in publish.bellwire(run.stage, publishes=scale.publishes, backlog=scale.drained_beside):
            run.keep("publish", case, number, figures)
        for contender in peers:
            for case, figures in publish.peer(contender, run.stage, publishes=scale.publishes):
                run.keep("publish", case, number, figures)


_DATABASES: Final = {"SQLite": contenders.BELLWIRE, "PostgreSQL": contenders.BELLWIRE_POSTGRESQL}


def _backlog(run: Run) -> None:
    scale = run.scale
    taken = scale.from_backlog * scale.rounds * 2
    with ExitStack() as stack:
        filled = {}
        for waiting in scale.backlogs:
            for database, contender in _DATABASES.items():
                case = f"{database} {waiting:,}"
                folder = Path(stack.enter_context(TemporaryDirectory(dir=run.stage.folder)))
                named = attrs.evolve(contender, name=f"backlog-{waiting}-{database.lower()}")
                filled[case] = backlog.fill(named, run.stage, folder, waiting + taken, busy_key=waiting > 0)
        for number in run.rounds("backlog"):
            for case, kept in filled.items():
                figures = kept.measure(deliveries=scale.from_backlog, publishes=scale.publishes)
                run.keep("backlog", case, number, figures)


def _neighbours(run: Run) -> None:
    for number in run.rounds("neighbours", further=run.scale.further_of_neighbours):
        for case in neighbours.CASES:
            figures = neighbours.measure(case, run.stage, publishes=run.scale.watched)
            run.keep("neighbours", case, number, figures)


def _profile(run: Run) -> None:
    for database, contender in _DATABASES.items():
        for name, spent in profile(contender, run.stage, deliveries=run.scale.from_backlog).items():
            run.keep("profile", f"{database}: {name}", 1, {"cpu_us": spent})


SECTIONS: Final[Mapping[str, Callable[[Run], None]]] = {
    "drain": _drain,
    "publish": _publish,
    "backlog": _backlog,
    "neighbours": _neighbours,
    "profile": _profile,
}
