"""The steps at which a process is killed: each has words for the reader and names one moment of :mod:`seams`."""

from __future__ import annotations

from typing import Final, Literal

import attrs

Role = Literal["publisher", "worker"]
Scene = Literal[
    "ordinary",
    "failing",
    "slow",
    "after a crash",
    "after a first crash",
    "impatient",
    "out of order",
    "old",
    "stopping",
]
"""What goes on around the step:

- ``ordinary``: events wait, the receiver answers 200
- ``failing``: the receiver refuses each delivery once
- ``slow``: the receiver takes its time, so that leases are renewed
- ``after a crash``: a worker before it was killed with claims in its hands
- ``after a first crash``: the same, and nothing was broken off before
- ``impatient``: a delivery fails for longer than its followers wait
- ``out of order``: the channel has no order
- ``old``: what was delivered need not be kept
- ``stopping``: the worker ends by itself when nothing is due
"""


@attrs.frozen
class Step:
    """A place to die."""

    words: str
    moment: str
    role: Role = "worker"
    scene: Scene = "ordinary"
    once: bool = False
    """Whether it comes once in a worker's life; else there is a first time, with nothing else under way, and others."""

    @property
    def is_write(self) -> bool:
        """Whether it stands before or after a statement, rather than between two things that a process does."""
        return self.moment.split()[-1] not in {"before", "after", "arrived"}


def _around(
    part: str, write: str, words: str, *, role: Role = "worker", scene: Scene = "ordinary", once: bool = False
) -> tuple[Step, ...]:
    once = once or scene in {"after a crash", "after a first crash", "impatient", "out of order", "old", "stopping"}
    return tuple(Step(f"{side} {words}", f"{part}: {side} {write}", role, scene, once) for side in ("before", "after"))


_INSERT_EVENT: Final = "INSERT bellwire_events"
_INSERT_DELIVERY: Final = "INSERT bellwire_deliveries"
_INSERT_ATTEMPT: Final = "INSERT bellwire_attempts"
_UPDATE: Final = "UPDATE bellwire_deliveries"

PUBLISHER: Final = (
    Step("before its transaction", "publish: before", "publisher"),
    *_around("publish", _INSERT_EVENT, "the event row", role="publisher"),
    *_around("publish", _INSERT_DELIVERY, "the delivery rows", role="publisher"),
    *_around("publish", "COMMIT", "COMMIT", role="publisher"),
    Step("before publish returns", "publish: after", "publisher"),
)
CLAIM: Final = (
    Step("before the claim", "claim: before"),
    *_around("claim", _UPDATE, "the claim is written"),
    Step("before the claim's COMMIT", "claim: before COMMIT"),
    Step("after the claim's COMMIT, before the send", "claim: after COMMIT"),
)
SEND: Final = (Step("the request has arrived, its answer is not read", "arrived"),)
SETTLE: Final = (
    Step("after the answer, before the settlement", "settle: before"),
    *_around("settle", _INSERT_ATTEMPT, "the attempt is written"),
    *_around("settle", _UPDATE, "the outcome is written"),
    *_around("release", _UPDATE, "the key's next delivery is freed"),
    Step("before the settlement's COMMIT", "settle: before COMMIT"),
    Step("after the settlement's COMMIT, before it is applied", "settle: after COMMIT"),
)
FAILURE: Final = (
    *_around("settle", _UPDATE, "a failure is written", scene="failing"),
    *_around(
        "visit", "INSERT bellwire_channel_state", "the channel's first failure is counted", scene="failing", once=True
    ),
    *_around("visit", "UPDATE bellwire_channel_state", "a further failure or the recovery is counted", scene="failing"),
    Step("before a failure's COMMIT", "visit: before COMMIT", scene="failing"),
    Step("after a failure's COMMIT", "visit: after COMMIT", scene="failing"),
)
HEARTBEAT: Final = (
    *_around("heartbeat", "INSERT bellwire_dispatchers", "the first heartbeat is written", once=True),
    *_around("heartbeat", "UPDATE bellwire_dispatchers", "a further heartbeat is written", scene="slow"),
    *_around("heartbeat", "COMMIT", "a heartbeat's COMMIT", scene="slow"),
    *_around("renew", _UPDATE, "leases are renewed", scene="slow"),
    *_around("renew", "COMMIT", "the renewal's COMMIT", scene="slow"),
)
TAKE_OVER: Final = (
    *_around("take-over", _INSERT_ATTEMPT, "the interruption is written", scene="after a crash"),
    *_around("take-over", _UPDATE, "a dead worker's deliveries are freed", scene="after a crash"),
    *_around("take-over", "DELETE bellwire_dispatchers", "the dead worker is forgotten", scene="after a crash"),
    *_around("take-over", "COMMIT", "the take-over's COMMIT", scene="after a crash"),
    *_around("visit", _UPDATE, "it is written how long what was broken off holds its key", scene="after a first crash"),
)
ORDER: Final = (
    *_around("let pass", _UPDATE, "followers may pass a failing delivery", scene="impatient"),
    *_around("let pass", "COMMIT", "the COMMIT that lets them pass", scene="impatient"),
    *_around("unpark", _UPDATE, "a channel without order is freed", scene="out of order"),
    *_around("unpark", "COMMIT", "the COMMIT that frees it", scene="out of order"),
)
RETENTION: Final = (
    *_around("retention", "DELETE bellwire_attempts", "old attempts are removed", scene="old"),
    *_around("retention", "DELETE bellwire_deliveries", "old deliveries are removed", scene="old"),
    *_around("retention", "DELETE bellwire_events", "old events are removed", scene="old"),
    *_around("retention", "COMMIT", "the removal's COMMIT", scene="old"),
)
LEAVING: Final = (
    *_around("leave", "DELETE bellwire_dispatchers", "a worker that stops signs off", scene="stopping"),
    *_around("leave", "INSERT bellwire_meta", "it is first written when a worker left", scene="stopping"),
    *_around("leave", "UPDATE bellwire_meta", "it is written again when a worker left", scene="stopping"),
    *_around("leave", "COMMIT", "the COMMIT of that", scene="stopping"),
)
WORKER: Final = (*CLAIM, *SEND, *SETTLE, *FAILURE, *HEARTBEAT, *TAKE_OVER, *ORDER, *RETENTION, *LEAVING)
