"""One drain of what waits: ``threads`` measures the CPU of the event loop's thread and of the others, ``functions``
profiles the loop's thread and sums its functions' own time by package.

Prints a JSON object: seconds by name. The profiler makes small Python functions look dearer than they are.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import pstats
import re
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Final

from tests.benchmarks.programs.workload import job

from bellwire.core import Bus

_ROOTS: Final = ("hookspecs", "core", "channels")
_PACKAGES: Final = ("asyncio", "json", "concurrent", "collections")
_generated: Final = re.compile(r"<attrs generated \w+ ([\w.]+)>")


def main(what: str) -> None:
    with Bus.from_file(f"{job()['folder']}/bellwire.toml", dispatch="off") as bus:
        dispatcher = bus.make_dispatcher(once=True)
        if what == "functions":
            profile = cProfile.Profile(time.thread_time, builtins=False)  # theirs counts as their callers'
            profile.runcall(asyncio.run, dispatcher.run())
            print(json.dumps(by_package(pstats.Stats(profile))))
            return
        everything, loop = time.process_time(), time.thread_time()
        asyncio.run(dispatcher.run())
        loop = time.thread_time() - loop
        print(json.dumps({"loop": loop, "others": time.process_time() - everything - loop}))


def by_package(stats: pstats.Stats) -> dict[str, float]:
    """Each function's own time, built-ins that it calls included, added to that of its package."""
    seconds: dict[str, float] = {}
    functions: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = stats.stats  # type: ignore[attr-defined]  # documented, but not in typeshed
    for (file, _, _), (_, _, own, _, _) in functions.items():
        place = package(file)
        seconds[place] = seconds.get(place, 0.0) + own
    return seconds


def package(file: str) -> str:
    """``bellwire.core.http``, ``sqlalchemy``, ``asyncio``."""
    if found := _generated.fullmatch(file):
        return ".".join(found[1].split(".")[:3])
    parts = ["", *Path(file).with_suffix("").parts]
    places = [place for place, pair in enumerate(pairwise(parts)) if pair[0] == "bellwire" and pair[1] in _ROOTS]
    if places:
        return ".".join(parts[places[-1] :][:3])
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    return parts[-2] if parts[-2] in _PACKAGES else parts[-1].strip("<>").removeprefix("frozen ")


if __name__ == "__main__":
    main(sys.argv[1])
