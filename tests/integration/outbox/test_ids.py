"""Ids as hosts have them, through the whole house: published, delivered, explained, listed, and sent again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.integration.outbox.strange_ids import IDS

from bellwire.core import Bus, InvalidEvent, Settings
from bellwire.core.outbox import DeliveryFilter
from bellwire.core.testing import Recording, RecordingConfig
from bellwire.hookspecs import Workflow

if TYPE_CHECKING:
    from tests.conftest import Place


class House:
    """A bus with one channel, which records."""

    def __init__(self, database: str) -> None:
        config = RecordingConfig()
        self.recording: Recording = config.recording
        settings = Settings(database=database, dispatch="off", channels={"record": config})
        self.bus = Bus(settings, channel_types={"recording": RecordingConfig})

    def publish(self, event_id: str | None, workflow_id: str) -> None:
        workflow = Workflow(project_name="p", workflow_id=workflow_id, workflow_subject="s", workflow_status="x")
        self.bus.notify_workflow("create", workflow, event_id=event_id)

    def deliver(self) -> None:
        """All that is due."""
        asyncio.run(self.bus.make_dispatcher(once=True).run())

    def heard(self) -> Counter[str]:
        """How often each event came."""
        return Counter(call.event.id for call in self.recording.calls)


@pytest.fixture
def house(place: Place) -> Iterator[House]:
    house = House(place.fresh())
    house.bus.start()
    yield house
    house.bus.close()


def test_ids_that_differ_in_the_least_are_never_taken_for_each_other(house: House) -> None:
    for name in IDS:
        house.publish(name, "w" + name[:199])
        house.publish(name, "another")  # of an id that is there already nothing changes
    house.deliver()
    assert house.heard() == dict.fromkeys(IDS, 1)

    for name in IDS:
        explained = house.bus.explain(name)
        assert (explained.subject, [it.event.id for it in explained.events]) == ("event", [name])
        assert [it.verdict for it in explained.events[0].channels] == ["sent"]
        explained = house.bus.explain("w" + name[:199])
        assert (explained.subject, [it.event.id for it in explained.events]) == ("workflow", [name])
        [listed] = house.bus.outbox.deliveries(DeliveryFilter(ordering_key="w" + name[:199]))
        assert listed.event_id == name
        replayed = house.bus.replay([listed.id])
        assert replayed.reopened == (listed.id,)
        assert house.bus.explain(listed.id).subject == "delivery"

    house.deliver()
    assert house.heard() == dict.fromkeys(IDS, 2)


@pytest.mark.parametrize("name", ["a\0b", "\0", "a\ud800", "\udfff"], ids=ascii)
def test_an_id_that_no_database_holds_is_refused_by_name_and_was_never_published(house: House, name: str) -> None:
    with pytest.raises(InvalidEvent, match=r"WorkflowEvent\.id: holds U\+0000 or a lone surrogate"):
        house.publish(name, "1")
    with pytest.raises(InvalidEvent, match=r"WorkflowEvent\.ordering_key: holds U\+0000 or a lone surrogate"):
        house.publish("e", name)
    assert house.bus.outbox.events() == []

    outbox = house.bus.outbox
    assert house.bus.explain(name).subject == "nothing"
    assert outbox.deliveries(DeliveryFilter(ordering_key=name)) == []
    assert outbox.deliveries(DeliveryFilter(channel=name)) == []
    assert outbox.attempts(name) == []
    assert house.bus.replay([name]).unknown == (name,)
    assert outbox.cancel([name]) == ()
    assert outbox.purge_event(name) == 0
    assert outbox.stored({name}) == set()


def test_an_id_is_not_cut_to_what_fits(house: House) -> None:
    house.publish("x" * 200, "k" * 255)
    for limit, field in ((201, "id"), (256, "ordering_key")):
        ids = ("x" * limit, "1") if field == "id" else ("e", "k" * limit)
        with pytest.raises(InvalidEvent, match=rf"WorkflowEvent\.{field}: is {limit} characters long; at most"):
            house.publish(*ids)
    assert house.bus.explain("x" * 201).subject == "nothing"
    assert house.bus.explain("k" * 256).subject == "nothing"
    assert house.bus.explain("k" * 255).subject == "workflow"
