"""For the tests of hosts and of channels: a bus that leaves nothing behind, a channel that records, a clock to set.

::

    from bellwire.core.testing import bus_for_tests

    def test_approving_tells_the_world():
        with bus_for_tests() as bus:
            approve(workflow_id="1734", bus=bus)          # the host's own code
            assert [event.action for event in bus.published] == ["approve"]

``bus`` the bus · ``recording`` the channel · ``clock`` the clock. Nothing here needs pytest.
"""

from __future__ import annotations

from .bus import BusForTests, NotSettled, bus_for_tests
from .clock import FakeClock
from .recording import RecordedCall, Recording, RecordingChannel, RecordingConfig

__all__ = [
    "BusForTests",
    "FakeClock",
    "NotSettled",
    "RecordedCall",
    "Recording",
    "RecordingChannel",
    "RecordingConfig",
    "bus_for_tests",
]
