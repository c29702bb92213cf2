"""What every test may rely on: an environment without anybody's settings in it, and examples that come again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No deadline: on a machine that others use too, a slow example says nothing about the code.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that ``pyproject.toml`` stands in."""
    return Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own ``BELLWIRE_*`` and proxies would decide what a test sees."""
    for name in list(os.environ):
        if name.startswith("BELLWIRE_") or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
