"""How fast waiting deliveries leave, beside a loop that keeps nothing: ``make bench``.

Side by side in one run, in rounds that take turns, so that a machine whose speed drifts is fair to both. Each side runs
in a process of its own; nginx answers ``200`` to all. Options: ``ARGS="--deliveries 20000 --rounds 3"``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.benchmarks.receiver import nginx

SIDES: Final = ("bellwire", "aiohttp")


def main() -> int:
    """Prints one line per round and a Markdown table; exit status 1 where nginx is missing."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=64)
    options = parser.parse_args()
    if shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") is None:
        print("the benchmark needs nginx as the receiver: apt install nginx-light", file=sys.stderr)
        return 1
    rounds: list[dict[str, dict[str, float]]] = []
    with tempfile.TemporaryDirectory() as folder, nginx(Path(folder)) as url:
        for number in range(options.rounds):
            rounds.append({})
            for side in SIDES:
                result = _measure(side, url, options.deliveries, options.concurrency)
                rounds[-1][side] = result
                print(f"round {number + 1}: {side:8} {result['per_second']:8.0f}/s {result['cpu_us']:6.1f} µs CPU each")
    print()
    print(_table(rounds))
    return 0


def _measure(side: str, url: str, deliveries: int, concurrency: int) -> dict[str, float]:
    script = Path(__file__).parent / f"drain_{side}.py"
    command = [sys.executable, str(script), url, str(deliveries), str(concurrency)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _table(rounds: list[dict[str, dict[str, float]]]) -> str:
    lines = ["| | min | median | max |", "|---|---|---|---|"]
    for name, key in (("deliveries/s", "per_second"), ("µs CPU per delivery", "cpu_us")):
        lines += [_row(f"{side}: {name}", [each[side][key] for each in rounds]) for side in SIDES]
        ratios = [each["bellwire"][key] / each["aiohttp"][key] for each in rounds]
        lines.append(_row(f"ratio: {name}", ratios, places=2))
    return "\n".join(lines)


def _row(name: str, values: list[float], *, places: int = 0) -> str:
    low, middle, high = (f"{value:.{places}f}" for value in (min(values), statistics.median(values), max(values)))
    return f"| {name} | {low} | {middle} | {high} |"


if __name__ == "__main__":
    sys.exit(main())
