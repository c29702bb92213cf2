"""Built distributions and empty environments, for tests that try what a user would install."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import pytest


@attrs.frozen
class Distributions:
    """What a release uploads."""

    sdist: Path
    wheel: Path


@attrs.frozen
class Environment:
    """A virtual environment that knows nothing of this source tree."""

    folder: Path

    def run(self, program: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, elsewhere than here; what it writes is in the result."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BELLWIRE_"))}
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=cwd or self.folder,
            env={**outside, "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def install(self, *arguments: str) -> None:
        """``pip install`` into the environment."""
        _succeed(self.run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments))


def _succeed(run: subprocess.CompletedProcess[str]) -> None:
    assert run.returncode == 0, f"{run.args}\n{run.stdout}\n{run.stderr}"


def build(source: Path, output: Path, *formats: str) -> None:
    """Build the project in *source* with the backend that stands in this environment already, by its pinned hash."""
    command: Sequence[str] = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(output), *formats]
    _succeed(subprocess.run([*command, str(source)], capture_output=True, text=True, check=False))


@pytest.fixture(scope="session")
def distributions(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Bellwire's sdist, and the wheel that was built from that sdist and not from this folder."""
    output = tmp_path_factory.mktemp("dist")
    build(repository, output)
    (sdist,) = output.glob("*.tar.gz")
    (wheel,) = output.glob("*.whl")
    return Distributions(sdist, wheel)


@pytest.fixture(scope="session")
def new_environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Environment]:
    """Make an empty environment: an interpreter and pip."""

    def make() -> Environment:
        folder = tmp_path_factory.mktemp("environment")
        venv.create(folder, with_pip=True)
        return Environment(folder)

    return make


@pytest.fixture(scope="session")
def installed(
    distributions: Distributions, new_environment: Callable[[], Environment], repository: Path
) -> Environment:
    """An environment with Bellwire's wheel and the pinned versions of what it asks for; no extra, no tool."""
    environment = new_environment()
    environment.install("--require-hashes", "-r", str(repository / ".requirements" / "run.txt"))
    environment.install("--no-deps", "--no-index", str(distributions.wheel))
    return environment
