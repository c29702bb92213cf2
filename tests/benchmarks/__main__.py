"""The benchmark, ``make bench``: Bellwire beside other ways to send a webhook, all in one run.

    make bench                               everything, in about 25 minutes on two cores
    make bench ARGS="--quick"                everything, small, in about three minutes
    make bench ARGS="--only drain,publish"   some sections

Rounds take turns, A B C A B C, so that a machine whose speed drifts is fair to all. It writes `.bench/samples.json`
and, unless told otherwise, the figures and the plot of docs/explanation/performance.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import attrs
from tests.benchmarks import brokers, contenders
from tests.benchmarks.contender import REPOSITORY, Stage
from tests.benchmarks.machine import described, peers_problem, quietness
from tests.benchmarks.plot import panels, plot
from tests.benchmarks.receiver import nginx
from tests.benchmarks.report import into_page, report
from tests.benchmarks.samples import Samples
from tests.benchmarks.sections import FULL, QUICK, SECTIONS, Run

_PAGE: Final = REPOSITORY / "docs" / "explanation" / "performance.md"
_PLOT: Final = _PAGE.with_suffix(".svg")
_KEPT: Final = REPOSITORY / ".bench" / "samples.json"


def main() -> int:
    """Exit status 1 where the machine lacks what the benchmark needs."""
    options = _options()
    if absent := brokers.missing():
        print(f"the benchmark needs {', '.join(absent)}; on Debian: apt install nginx-light redis-server postgresql")
        return 1
    if problem := peers_problem(options.peers):
        print(f"{options.peers} has not all of the peers (`make bench` makes an environment that has): {problem}")
        return 1
    began = time.monotonic()
    scale = attrs.evolve(QUICK if options.quick else FULL, **({"rounds": options.rounds} if options.rounds else {}))
    with ExitStack() as stack:
        stage = _stage(stack, options)
        machine = described(options.peers, brokers.version_commands())
        run = Run(stage, scale)
        for name in options.only:
            SECTIONS[name](run)
    told = [machine, _how(options, scale, run, time.monotonic() - began)]
    _write(Samples(tuple(run.samples)), told, to_docs=not options.no_docs)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__, formatter_class=_Formatter)
    parser.add_argument(
        "--quick", action="store_true", help="a single small round: whether it works, no figures to quote"
    )
    parser.add_argument("--rounds", type=int, help="instead of three")
    parser.add_argument("--only", type=_sections, default=list(SECTIONS), help=f"of {','.join(SECTIONS)}")
    parser.add_argument("--no-docs", action="store_true", help="print the figures, leave the page alone")
    parser.add_argument("--folder", default="/var/tmp", help="on the disk to be measured (default: /var/tmp)")
    parser.add_argument("--peers", default=sys.executable, help="the interpreter that has Celery and the others")
    return parser.parse_args()


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """As above: the examples are lines."""


def _sections(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in SECTIONS]:
        raise argparse.ArgumentTypeError(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    return names


def _stage(stack: ExitStack, options: argparse.Namespace) -> Stage:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bellwire-bench-", dir=options.folder)))
    folder.chmod(0o755)  # PostgreSQL may run as a user of its own
    return Stage(
        url=stack.enter_context(nginx(folder)),
        arrivals=folder,
        folder=folder,
        peers=str(Path(options.peers).absolute()),
        redis=stack.enter_context(brokers.redis(folder)),
        postgresql=stack.enter_context(brokers.postgresql(folder)),
    )


def _how(options: argparse.Namespace, scale: object, run: Run, seconds: float) -> str:
    rounds = run.scale.rounds
    told = (
        f"{rounds} interleaved round{'s' if rounds > 1 else ''}, {seconds / 60:.0f} minutes. {quietness(run.listened)}"
    )
    return f"**Not figures to quote: made with `--quick`.** {told}" if options.quick else told


def _write(samples: Samples, told: list[str], *, to_docs: bool) -> None:
    titles = {contender.name: contender.title for contender in contenders.ALL}
    settings = {contender.title: contender.settings for contender in contenders.ALL}
    settings |= {"Redis": brokers.REDIS_SETTINGS, "PostgreSQL": brokers.POSTGRESQL_SETTINGS}
    written = report(samples, machine=told, titles=titles, settings=settings)
    _KEPT.parent.mkdir(exist_ok=True)
    _KEPT.write_text(json.dumps({"machine": told, "samples": samples.to_json()}, indent=1), "utf-8")
    print(f"\n{written}\n")
    if to_docs:
        _PAGE.write_text(into_page(_PAGE.read_text("utf-8"), written), "utf-8")
        if shown := panels(samples, titles):
            _PLOT.write_text(plot(shown), "utf-8")
        print(f"written: {_PAGE.relative_to(REPOSITORY)}; samples in {_KEPT.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    sys.exit(main())
