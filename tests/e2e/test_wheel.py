"""What is released can be installed where nothing else is, and rings."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Distributions, Environment

# One worker builds and installs; with a worker each it would be done twice.
pytestmark = pytest.mark.xdist_group("wheel")

ROOTS = ("channels", "core", "hookspecs")


def test_the_wheel_holds_every_module_of_the_three_roots_and_no_other(
    distributions: Distributions, repository: Path
) -> None:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    sources = {
        path.relative_to(repository / root).as_posix()
        for root in ROOTS
        for path in (repository / root).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert packed == sources
    assert {f"bellwire/{root}/py.typed" for root in ROOTS} <= packed


def test_the_wheel_carries_the_licence_and_says_what_it_needs(distributions: Distributions) -> None:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        (metadata,) = (wheel.read(name).decode() for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel.namelist())
    assert "License-Expression: MIT" in metadata
    assert "Requires-Python: >=3.11" in metadata
    assert "Requires-Dist: pluggy" in metadata


def test_the_sdist_holds_the_tests_and_the_docs_but_nobodys_leavings(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as sdist:
        names = {Path(*Path(name).parts[1:]).as_posix() for name in sdist.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "tests/e2e/test_wheel.py", "docs/index.md"} <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".db", ".key", ".pyc"))]


@pytest.mark.slow
def test_what_the_wheel_asks_for_is_all_that_it_needs(installed: Environment) -> None:
    check = installed.run("python", "-m", "pip", "check")
    assert check.returncode == 0, check.stdout

    hello = installed.run("python", "-I", "-c", "from bellwire.core import Bus; print(__import__('bellwire').__path__)")
    assert hello.returncode == 0, hello.stderr
    assert str(installed.folder) in hello.stdout


@pytest.mark.slow
def test_the_command_helps_and_finds_the_channels_that_were_shipped(installed: Environment) -> None:
    usage = installed.run("bellwire", "--help")
    assert (usage.returncode, usage.stderr) == (0, "")
    assert "Usage: bellwire" in usage.stdout

    types = installed.run("bellwire", "types")
    assert types.returncode == 0, types.stderr
    assert "webhook" in types.stdout
    assert "im" in types.stdout.split()
