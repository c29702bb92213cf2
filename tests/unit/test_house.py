"""The house stands as drawn: three roots, one name, nothing in the way."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parent.parent.parent
ROOTS = ("channels", "core", "hookspecs")
SOURCES = [path for root in ROOTS for path in sorted((REPOSITORY / root).rglob("*.py"))]

MAY_STAND_AT_THE_TOP = {
    *ROOTS,
    *("tests", "docs"),
    *("pyproject.toml", "Makefile", "README.md", "README.zh.md"),
    *("LICENSE", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md"),
    *("dist", "build"),  # a build's, and ignored by git
}


def module_name(path: Path) -> str:
    """The dotted name under which the file at *path* is meant to be imported."""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_nothing_stands_at_the_top_that_the_design_does_not_name() -> None:
    seen = {path.name for path in REPOSITORY.iterdir() if not path.name.startswith(".")}
    assert seen - MAY_STAND_AT_THE_TOP == set()


@pytest.mark.parametrize("root", ROOTS)
def test_a_root_holds_its_own_portion_of_the_name_and_nothing_else(root: str) -> None:
    def names(folder: Path) -> list[str]:
        return sorted(path.name for path in folder.iterdir() if path.name != "__pycache__")

    assert names(REPOSITORY / root) == ["bellwire"]
    # An __init__.py here would hide the two other roots (PEP 420).
    assert names(REPOSITORY / root / "bellwire") == [root]


@pytest.mark.parametrize("root", ROOTS)
def test_a_portion_is_typed_and_each_package_in_it_is_a_regular_one(root: str) -> None:
    portion = REPOSITORY / root / "bellwire" / root
    assert (portion / "py.typed").is_file()
    folders = {path.parent for path in portion.rglob("*.py")}
    assert sorted(str(folder) for folder in folders if not (folder / "__init__.py").is_file()) == []


# Each module in a child of its own, so that a circular import shows whichever module comes first. Forked, with the
# libraries loaded beforehand, that costs milliseconds where a new interpreter costs a third of a second.
_IMPORT_EACH = """
import importlib, json, os, sys, threading, traceback
for library in ("alembic", "attrs", "cattrs", "click", "httptools", "httpx", "pluggy", "rich", "sqlalchemy"):
    importlib.import_module(library)
failures = {}
for name, path in json.load(sys.stdin).items():
    receive, send = os.pipe()
    if (child := os.fork()) == 0:
        problem = ""
        try:
            module = importlib.import_module(name)
            if not os.path.samefile(module.__file__, path):
                problem = f"is taken from {module.__file__}"
            elif threading.active_count() > 1:
                problem = f"starts threads when it is imported: {threading.enumerate()}"
        except BaseException:
            problem = traceback.format_exc()
        os.write(send, problem.encode()[-4000:])
        os._exit(0)
    os.close(send)
    with open(receive, "rb") as pipe:
        problem = pipe.read().decode(errors="replace")
    os.waitpid(child, 0)
    if problem:
        failures[name] = problem
json.dump(failures, sys.stdout)
"""


def test_every_module_imports_under_its_bellwire_name_by_itself_and_starts_nothing() -> None:
    wanted = {module_name(path): str(path) for path in SOURCES}
    assert all(name.startswith(tuple(f"bellwire.{root}" for root in ROOTS)) for name in wanted)
    run = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", _IMPORT_EACH],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    failures = json.loads(run.stdout)
    assert failures == {}, "\n".join(f"{name}: {problem}" for name, problem in failures.items())


def test_every_entry_point_that_the_package_declares_is_there() -> None:
    declared = importlib.metadata.distribution("bellwire").entry_points
    assert {entry.group for entry in declared} >= {"bellwire.channels", "bellwire.commands", "console_scripts"}
    for entry in declared:
        assert entry.load() is not None, entry


_IMPORT_TIMED = "import time; start = time.process_time(); import {}; print(time.process_time() - start)"


def test_importing_the_core_costs_no_more_than_importing_httpx() -> None:
    """CPU seconds, the least of seven interleaved runs each: what else the machine does cancels out."""

    def seconds(module: str) -> float:
        command = [sys.executable, "-I", "-c", _IMPORT_TIMED.format(module)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    rounds = [(seconds("bellwire.core"), seconds("httpx")) for _ in range(8)][1:]  # the first writes bytecode
    ours, theirs = (min(column) for column in zip(*rounds, strict=True))
    assert ours <= theirs * 1.2, f"import bellwire.core: {ours * 1000:.0f} ms CPU; import httpx: {theirs * 1000:.0f} ms"


_SWITCHED_OFF = re.compile(r"#\s*(?:noqa|type:\s*ignore|pyright:\s*ignore)(?P<rest>.*)")
_WITH_CODE_AND_REASON = re.compile(r"(?:: ?[A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*|\[[\w, -]+\])\W+\w.{8,}")


def test_a_rule_that_is_switched_off_has_its_code_and_its_reason_beside_it() -> None:
    bare = [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for path in [*SOURCES, *sorted((REPOSITORY / "tests").rglob("*.py"))]
        if path != Path(__file__)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if (found := _SWITCHED_OFF.search(line)) and not _WITH_CODE_AND_REASON.match(found["rest"])
    ]
    assert bare == []


def _pins(name: str) -> list[Requirement]:
    text = (REPOSITORY / ".requirements" / name).read_text("utf-8")
    return [Requirement(line.rstrip(" \\")) for line in text.splitlines() if line[:1].isalnum()]


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_the_pinned_versions_are_those_that_the_package_allows(name: str) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    pins = {canonicalize_name(pin.name): pin for pin in _pins(name) if not pin.marker or pin.marker.evaluate()}
    for wanted in map(Requirement, project["dependencies"]):
        pin = pins.get(canonicalize_name(wanted.name))
        assert pin is not None, f"{wanted.name} is not in .requirements/{name}; run `make requirements`"
        (specifier,) = pin.specifier
        assert wanted.specifier.contains(specifier.version), f"{pin} does not fit {wanted}; run `make requirements`"


@pytest.mark.parametrize("name", ["run.txt", "build.txt", "dev.txt", "peers.txt"])
def test_the_pinned_versions_come_with_hashes_and_from_wherever_pip_is_told(name: str) -> None:
    text = (REPOSITORY / ".requirements" / name).read_text("utf-8")
    assert "://" not in text
    for block in re.split(r"\n(?=\w)", text)[1:]:
        assert "--hash=sha256:" in block, block


def test_what_runs_and_what_develops_are_pinned_to_the_same_versions() -> None:
    develops = {str(pin) for pin in _pins("dev.txt")}
    assert {str(pin) for name in ("run.txt", "build.txt") for pin in _pins(name)} <= develops
