"""Durations as people write them in settings: ``30s``, ``5m``, ``2h``, ``7d``."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION_PATTERN: Final = r"\d+(\.\d+)?(ms|s|m|h|d)"
_match: Final = re.compile(rf"(?P<number>\d+(?:\.\d+)?)(?P<unit>{'|'.join(_UNITS)})", re.ASCII).fullmatch


def parse_duration(text: str) -> float:
    """*text* in seconds; raises ``ValueError`` for anything but a number followed by ms, s, m, h or d.

    >>> parse_duration("5m"), parse_duration("1.5s")
    (300.0, 1.5)
    """
    found = _match(text)
    if found is None:
        msg = f"must be a duration such as '30s', '5m', '2h' or '7d', got {text!r}"
        raise ValueError(msg)
    return float(found["number"]) * _UNITS[found["unit"]]
