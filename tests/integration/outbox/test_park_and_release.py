"""Two dispatchers at once: what one parks at the very moment at which another settles is not forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from bellwire.core.outbox import ChannelHealth, LaneDemand

if TYPE_CHECKING:
    from tests.integration.outbox.conftest import Desk


def test_what_is_published_and_looked_at_while_its_predecessor_is_being_settled_is_not_parked_for_ever(
    make_desk: Callable[[], Desk],
) -> None:
    desk = make_desk()
    other = desk.another()
    if desk.outbox.database.backend.has_our_clock:
        desk.close()
        pytest.skip("SQLite has one writer: nobody looks while another one settles")
    desk.publish("a")
    (claim,) = desk.claim()
    demand = LaneDemand(channel="ops", slots=10, ordered=True)

    def meanwhile(health: ChannelHealth, ended: Sequence[bool], now: int) -> ChannelHealth:
        """After the release, before the commit."""
        other.publish([desk.new_event("b")])
        assert other.exchange("second", [], [demand], meanwhile).claims == ()
        return health

    desk.outbox.exchange("first", [desk.settlement(claim)], [], meanwhile)
    assert desk.claimed_ids() == ["b"]
    other.close()
    desk.close()
