"""Telling observers and channels."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import attrs
import pytest

from bellwire.core.dispatch.delivering import Delivered
from bellwire.core.dispatch.telling import Teller
from bellwire.core.outbox import Claim, Exchange, Settlement
from bellwire.hookspecs import Delivery, Event, Outcome, Sent, sample_workflow_event

if TYPE_CHECKING:
    from bellwire.core.plugins import Plugins

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@attrs.define
class Observed:
    """An observer that leaves."""

    observed: bool = True

    def settled(self, event: Event, delivery: Delivery, outcome: Outcome) -> None:
        """As a script's own observer may."""
        raise SystemExit(3)


def test_an_observer_that_wants_to_exit_ends_nothing_but_its_own_telling(caplog: pytest.LogCaptureFixture) -> None:
    claim = Claim(1, 2, "d", "ops", "wf", 0, 0, 0, None, None, "e", "workflow", "{}", None)
    settlement = Settlement(claim=claim, state="delivered")
    delivered = Delivered(settlement, sample_workflow_event(), Delivery(id="d", channel="ops", deadline=NOW), Sent())
    published: list[object] = []

    async def publish(event: object) -> None:
        published.append(event)

    async def run() -> None:
        teller = Teller(cast("Plugins", Observed()), publish, lambda: None)
        teller.tell(Exchange(settled=(settlement,)), [delivered])
        await teller.finish()
        teller.close()

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert [record.message for record in caplog.records] == [
        "telling of what was settled was broken off: SystemExit: 3"
    ]
    assert not published
