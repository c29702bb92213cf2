"""The states of a delivery, and which may follow which.

::

    publish ─▶ waiting ─▶ claimed ─▶ delivered
                 │  ▲        │  │
                 ▼  └────────┘  └──▶ failed        cancelled ◀─ waiting, parked
               parked (an earlier delivery with the same key is still open)

``replay`` reopens: delivered, failed and cancelled become waiting again. A delivery is *open* until it is settled.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

State: TypeAlias = Literal["waiting", "parked", "claimed", "delivered", "failed", "cancelled"]

STATES: Final[tuple[State, ...]] = get_args(State)
OPEN: Final[frozenset[State]] = frozenset({"waiting", "parked", "claimed"})
FINAL: Final[frozenset[State]] = frozenset(STATES) - OPEN
