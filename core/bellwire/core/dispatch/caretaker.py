"""What a dispatcher does for the outbox besides delivering: heartbeats, takeovers, and letting go of what is old.

Blocking; called in the dispatcher's database thread.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

import attrs

from .presence import gone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bellwire.core.outbox import Claim, DispatcherRow, OpenPlace, Outbox, Retention

logger = logging.getLogger("bellwire.dispatch")

EXPIRE_EVERY: Final = 600.0
"""Seconds between two looks for events that need not be kept any longer."""
_FIRST_LOOK: Final = 5.0
"""Seconds until the first one: a process that starts has better things to do."""
_EXPIRE_SHARE: Final = 0.1
"""Of the time, while there is something to remove, at the most."""
_LEAST_PAUSE: Final = 0.05
MEND_EVERY: Final = 600.0
"""Seconds between two looks for deliveries that nobody has freed; the first comes when a dispatcher starts."""
_MEND_FOR: Final = 0.1
"""Seconds that such a look takes of one heartbeat, at the most; the next one goes on. Nothing is settled meanwhile."""


class Caretaker:
    """Looks after the outbox in the name of one dispatcher."""

    def __init__(self, outbox: Outbox, presence: DispatcherRow, keep: Retention) -> None:
        self._outbox: Final = outbox
        self._presence: Final = presence
        self._keep: Final = keep
        self._expire_from = 0
        self.seconds_until_expiring = _FIRST_LOOK
        """How long :meth:`expire` shall not be called."""
        self._mend_at = 0.0
        self._mend_from: OpenPlace | None = None

    def beat(self, held: Sequence[Claim], lanes: Mapping[str, str]) -> None:
        """The heartbeat: renews the leases of *held*, and takes over what dispatchers that are gone have left."""
        if held:
            self._outbox.renew(held)
        others = [row for row in self._outbox.dispatchers() if row.id != self._presence.id]
        freed = self._outbox.beat(attrs.evolve(self._presence, lanes=lanes), gone(others))
        if freed:
            logger.warning("took over %d deliveries whose dispatcher stopped", freed)
        self._outbox.let_pass()
        self._mend_order()

    def _mend_order(self) -> None:
        begun = time.monotonic()
        while time.monotonic() >= self._mend_at:
            freed, self._mend_from = self._outbox.mend_order(self._mend_from)
            if freed:
                logger.warning("freed %d parked deliveries that nothing held back any more", freed)
            if self._mend_from is None:
                self._mend_at = time.monotonic() + MEND_EVERY
            elif time.monotonic() > begun + _MEND_FOR:
                return

    def leave(self) -> None:
        """The dispatcher stops."""
        self._outbox.leave(self._presence.id)

    def expire(self) -> None:
        """Removes one small batch of what need not be kept any longer.

        While there is more, the next one may follow soon: slowly enough to keep nobody waiting, and fast enough for
        whatever can be delivered.
        """
        begun = time.monotonic()
        removed, next_from = self._outbox.expire(self._expire_from, self._keep)
        took = time.monotonic() - begun
        if removed:
            logger.debug("removed %d events that need not be kept any longer", removed)
        self._expire_from = next_from or 0
        pause = max(took / _EXPIRE_SHARE, _LEAST_PAUSE)
        self.seconds_until_expiring = EXPIRE_EVERY if next_from is None else pause
