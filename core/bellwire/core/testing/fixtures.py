"""The lab as a pytest fixture: ``pytest_plugins = ["bellwire.core.testing.fixtures"]`` in the topmost ``conftest.py``.

The one module of this package that needs pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A failure lab, closed after the test."""
    with Lab() as lab:
        yield lab
