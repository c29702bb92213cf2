"""What a person does after the fact, as the outbox does it: choosing, cancelling, purging, adding; on each database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest
import sqlalchemy as sa

from bellwire.core.outbox import Overtaken, Place, Selection

if TYPE_CHECKING:
    from tests.integration.outbox.conftest import Desk

MANY = 2500
"""More than one statement takes ids at once."""


def ended(desk: Desk, *hows: str) -> None:
    """Each of what is due ends as told, in its order."""
    for how in hows:
        (claim, *_) = desk.claim(slots=1)
        desk.end(claim, how)  # type: ignore[arg-type]  # the callers write ends


# -- choosing ----------------------------------------------------------------------------------------------------------


def test_deliveries_and_events_are_found_by_their_ids_whatever_is_mixed(desk: Desk) -> None:
    desk.publish("e1", channels=("ops", "chat"))
    desk.publish("e2")
    desk.publish("nobody wants it", channels=())
    one = desk.view("e2")
    found = desk.outbox.find(["nobody", "nobody wants it", one.id, "e1", one.id, "E1", "e1 "])
    assert [chosen.id for chosen in found.deliveries] == [one.id]
    assert [(event.id, sorted(d.channel for d in event.deliveries)) for event in found.events] == [
        ("e1", ["chat", "ops"]),
        ("nobody wants it", []),
    ]
    assert found.unknown == ("nobody", "E1", "e1 ")
    assert desk.outbox.find([]).unknown == ()


def test_any_number_of_ids_is_looked_up(desk: Desk) -> None:
    desk.outbox.publish([desk.new_event(f"e{number}", key=str(number)) for number in range(MANY)])
    strangers = [f"nobody-{number}" for number in range(70_000)]
    found = desk.outbox.find([*strangers, *(f"e{number}" for number in reversed(range(MANY)))])
    assert [event.id for event in found.events] == [f"e{number}" for number in range(MANY)]
    assert all(len(event.deliveries) == 1 for event in found.events)
    assert len(found.unknown) == len(strangers)


def test_deliveries_are_selected_by_state_channel_workflow_and_the_time_of_settling(desk: Desk) -> None:
    desk.publish("early", key="a", channels=("ops", "chat"))
    desk.publish("late", key="b")
    early, late = desk.claim("ops")
    desk.end(early, "failed")
    desk.time.passes(60)
    moment = desk.time.now
    desk.end(late)
    desk.time.passes(60)
    desk.publish("open", key="a")

    def ids(*states: str, **narrowed: object) -> list[str]:
        wanted = Selection(states=states, **narrowed)  # type: ignore[arg-type]  # the callers write states
        return [chosen.id for chosen in desk.outbox.select(wanted)]

    assert ids("failed") == [early.delivery_id]
    assert ids("failed", "delivered") == [early.delivery_id, late.delivery_id]
    assert ids("failed", "delivered", since=moment) == [late.delivery_id]
    assert ids("failed", "delivered", until=moment) == [early.delivery_id, late.delivery_id]
    assert ids("failed", "delivered", until=moment - 1) == [early.delivery_id]
    assert ids("failed", "delivered", channel="chat") == []
    assert ids("failed", "delivered", ordering_key="b") == [late.delivery_id]
    assert ids("waiting", "parked", channel="chat") == [desk.view("early", "chat").id]
    assert ids("waiting", since=moment) == [desk.view("open").id], "what is open goes by when it was published"
    assert ids() == []


# -- what a replay would do --------------------------------------------------------------------------------------------


def places(desk: Desk, *events: str, channel: str = "ops") -> list[Place]:
    return [Place(channel, event.ordering_key, event.seq) for event in desk.outbox.find(events).events]


def test_a_workflow_whose_later_events_were_delivered_is_told(desk: Desk) -> None:
    desk.publish("e1", "e2", "e3", "e4")
    ended(desk, "failed", "sent", "failed", "sent")
    assert desk.outbox.overtaken(places(desk, "e1")) == [Overtaken("ops", "wf-1", 1, 2)]
    assert desk.outbox.overtaken(places(desk, "e1", "e3")) == [Overtaken("ops", "wf-1", 2, 2)]
    assert desk.outbox.overtaken(places(desk, "e3")) == [Overtaken("ops", "wf-1", 1, 1)]
    assert desk.outbox.overtaken(places(desk, "e4")) == []
    assert desk.outbox.overtaken([]) == []


def test_what_is_sent_again_itself_does_not_count_as_later(desk: Desk) -> None:
    desk.publish("e1", "e2")
    ended(desk, "failed", "sent")
    assert desk.outbox.overtaken(places(desk, "e1", "e2")) == []


def test_what_waits_already_goes_before_a_replay_and_counts(desk: Desk) -> None:
    desk.publish("e1", "e2", "e3")
    ended(desk, "failed", "failed")
    assert desk.outbox.overtaken(places(desk, "e1")) == [Overtaken("ops", "wf-1", 1, 1)]


def test_other_workflows_and_other_channels_do_not_count(desk: Desk) -> None:
    desk.publish("e1")
    ended(desk, "failed")
    desk.publish("other", key="WF-1")
    desk.publish("elsewhere", channels=("chat",))
    desk.publish("nowhere", channels=())
    assert desk.outbox.overtaken(places(desk, "e1")) == []
    assert desk.outbox.overtaken(places(desk, "e1", channel="chat")) == [Overtaken("chat", "wf-1", 1, 1)]


def test_each_workflow_is_looked_at_from_its_own_first_event_on(desk: Desk) -> None:
    desk.publish("a1", key="a")
    desk.publish("b1", key="b")
    ended(desk, "failed", "sent")
    desk.publish("b2", key="b")
    ended(desk, "failed")
    assert desk.outbox.overtaken(places(desk, "a1", "b2")) == []


def test_many_workflows_are_looked_at(desk: Desk) -> None:
    """So many that their keys need several statements."""
    keys = [f"{number:05}" for number in range(MANY)]
    desk.outbox.publish([desk.new_event(f"a{key}", key=key) for key in keys])
    desk.outbox.publish([desk.new_event(f"b{key}", key=key) for key in keys[::2]])
    found = desk.outbox.overtaken(places(desk, *(f"a{key}" for key in keys)))
    assert [(one.ordering_key, one.later) for one in found] == [(key, 1) for key in keys[::2]]


def test_a_replay_goes_in_publish_order_even_if_an_earlier_replay_changed_the_places(desk: Desk) -> None:
    desk.publish("e1", "e2")
    ended(desk, "sent", "sent")
    desk.outbox.replay([desk.view("e1").id])
    ended(desk, "sent")
    desk.outbox.replay([desk.view("e2").id, desk.view("e1").id])
    order = []
    for _ in range(2):
        (claim,) = desk.claim()
        order.append(claim.event_id)
        desk.end(claim)
    assert order == ["e1", "e2"]


# -- to a channel that had not wanted it -------------------------------------------------------------------------------


def test_a_channel_is_given_an_event_that_it_had_not_wanted_once(desk: Desk) -> None:
    desk.publish("e1", "e2", channels=())
    desk.time.passes(5)
    added = desk.outbox.deliver_to(["e2", "nobody", "e1"], "chat")
    assert added == (desk.view("e1", "chat").id, desk.view("e2", "chat").id)
    assert desk.outbox.deliver_to(["e1", "e2"], "chat") == ()
    (claim,) = desk.claim("chat")
    assert (claim.event_id, claim.payload, claim.attempt) == ("e1", '{"event":"workflow"}', 1)
    view = desk.view("e1", "chat")
    assert view.created_at == desk.outbox.events(event_id="e1")[0].created_at + 5_000_000, "so it was by hand"


def test_any_number_of_events_is_given_to_a_channel(desk: Desk) -> None:
    desk.outbox.publish([desk.new_event(f"e{number}", key=str(number), channels=()) for number in range(MANY)])
    assert len(desk.outbox.deliver_to([f"e{number}" for number in range(MANY)], "chat")) == MANY
    assert desk.outbox.counts()["chat"].due == MANY


# -- cancelling --------------------------------------------------------------------------------------------------------


def test_what_waits_is_cancelled_stays_in_the_log_and_frees_what_waited_behind_it(desk: Desk) -> None:
    desk.publish("e1", "e2")
    (claim,) = desk.claim()
    desk.end(claim, "retry", delay=5)
    assert desk.claim() == []
    assert (desk.state("e1"), desk.state("e2")) == ("waiting", "parked")
    head = desk.view("e1")
    assert desk.outbox.cancel([head.id, "nobody"]) == (head.id,)
    assert (desk.state("e1"), desk.view("e1").settled_at) == ("cancelled", desk.time.now)
    assert desk.outcomes("e1") == [(1, "failed")]
    assert desk.claimed_ids() == ["e2"]
    assert desk.outbox.cancel([head.id]) == ()
    desk.outbox.replay([head.id])
    assert desk.state("e1") == "waiting"


def test_what_is_parked_is_cancelled_too(desk: Desk) -> None:
    desk.publish("e1", "e2", "e3")
    (head,) = desk.claim()
    parked = desk.view("e2")
    assert parked.state == "parked"
    assert desk.outbox.cancel([parked.id]) == (parked.id,)
    desk.end(head)
    assert desk.claimed_ids() == ["e3"]


def test_what_is_being_sent_is_not_cancelled_and_settles_as_it_ends(desk: Desk) -> None:
    desk.publish("e1")
    (claim,) = desk.claim()
    assert desk.outbox.cancel([claim.delivery_id]) == ()
    assert desk.end(claim)
    assert desk.state("e1") == "delivered"
    assert desk.outbox.cancel([claim.delivery_id]) == ()


def test_any_number_is_cancelled(desk: Desk) -> None:
    desk.outbox.publish([desk.new_event(f"e{number}", key=str(number)) for number in range(MANY)])
    ids = [chosen.id for chosen in desk.outbox.select(Selection(states={"waiting"}))]
    assert len(desk.outbox.cancel([*ids, *(f"nobody-{number}" for number in range(70_000))])) == MANY
    assert desk.outbox.count_open() == 0


# -- purging -----------------------------------------------------------------------------------------------------------


def left(desk: Desk) -> dict[str, int]:
    """How many rows each table has."""
    with desk.outbox.database.read() as connection:
        return {
            table: connection.execute(sa.text(f"SELECT count(*) FROM bellwire_{table}")).scalar_one()
            for table in ("events", "deliveries", "attempts")
        }


@pytest.mark.parametrize("how", ["sent", "failed", "retry", None])
def test_a_purged_event_is_gone_from_every_table_and_no_other_is_touched(desk: Desk, how: str | None) -> None:
    desk.publish("kept", key="other")
    ended(desk, "sent")
    before = left(desk)
    desk.publish("e1", channels=("ops", "chat"))
    if how:
        ended(desk, how)
    assert desk.outbox.purge_event("e1") == 2
    assert left(desk) == before
    assert desk.outbox.events(event_id="e1") == []
    assert desk.outbox.purge_event("e1") == 0
    assert desk.outcomes("kept") == [(1, "sent")]


def test_what_a_purged_event_held_is_in_no_file_any_more(desk: Desk) -> None:
    if not desk.url.startswith("sqlite"):
        pytest.skip("a server's files are its own: it reuses the room when it cleans up")
    folder, _, name = desk.url.removeprefix("sqlite:///").rpartition("/")
    secret = "a-customers-name" * 400  # some overflow pages long
    for number in range(20):
        marked = secret if number == 10 else "x" * 5000
        desk.outbox.publish([attrs.evolve(desk.new_event(f"e{number}", key=f"{number}"), payload=marked)])
    (claim, *_) = [claim for claim in desk.claim(slots=20) if claim.event_id == "e10"]
    desk.exchange([desk.settlement(claim, "failed", detail="answered a-customers-name")])

    def legible() -> list[str]:
        return [path.name for path in Path(folder).glob(f"{name}*") if b"customers-name" in path.read_bytes()]

    _let_deleted_bytes_stay(desk)
    assert legible()
    assert desk.outbox.purge_event("e10") == 1
    assert legible() == []


def _let_deleted_bytes_stay(desk: Desk) -> None:
    """As SQLite does by itself; some systems build it so that it does not."""
    desk.outbox.database.write(lambda connection: connection.exec_driver_sql("PRAGMA secure_delete = OFF").close())


def test_what_waited_behind_a_purged_event_goes_on(desk: Desk) -> None:
    desk.publish("e1", "e2")
    (claim,) = desk.claim()
    assert desk.state("e2") == "parked"
    desk.outbox.purge_event("e1")
    assert desk.claimed_ids() == ["e2"]
    assert not desk.end(claim), "how it ended is not kept"
    assert left(desk) == {"events": 1, "deliveries": 1, "attempts": 0}


def test_a_purged_id_may_be_published_anew(desk: Desk) -> None:
    desk.publish("e1")
    ended(desk, "sent")
    desk.outbox.purge_event("e1")
    desk.publish("e1")
    assert desk.state("e1") == "waiting"


# -- what explains it --------------------------------------------------------------------------------------------------


def test_who_paused_a_channel_when_and_why_is_kept_until_it_is_resumed(desk: Desk) -> None:
    assert not desk.outbox.set_paused("ops", paused=True, by="ann", reason="moving").paused
    moment = desk.time.now
    desk.time.passes(60)
    assert desk.outbox.set_paused("ops", paused=True, by="bob").paused, "was paused already"
    health = desk.outbox.health()["ops"]
    assert (health.paused_at, health.paused_by, health.paused_reason) == (moment, "ann", "moving")
    desk.publish("e1", channels=("chat",))
    desk.end(desk.claim("chat")[0])
    assert desk.outbox.health()["ops"] == health
    assert desk.outbox.set_paused("ops", paused=False).paused
    health = desk.outbox.health()["ops"]
    assert (health.paused, health.paused_at, health.paused_by, health.paused_reason) == (False, None, None, None)
    assert not desk.outbox.set_paused("ops", paused=False).paused


def test_a_settled_attempt_leaves_who_paused_the_channel(desk: Desk) -> None:
    desk.publish("e1")
    (claim,) = desk.claim()
    desk.outbox.set_paused("ops", paused=True, by="ann", reason="moving")
    before = desk.outbox.health()["ops"]
    desk.end(claim, "retry")
    assert desk.outbox.health()["ops"] == before


def test_when_a_dispatcher_was_last_seen_outlives_it(desk: Desk) -> None:
    assert desk.outbox.last_seen() is None
    desk.beat("first")
    assert desk.outbox.last_seen() == desk.time.now
    desk.time.passes(60)
    desk.outbox.leave("first")
    assert desk.outbox.dispatchers() == []
    assert desk.outbox.last_seen() == desk.time.now
    desk.time.passes(60)
    desk.beat("second")
    desk.outbox.leave("second")
    assert desk.outbox.last_seen() == desk.time.now


def test_what_is_open_is_counted(desk: Desk) -> None:
    assert desk.outbox.count_open() == 0
    desk.publish("e1", "e2", "e3")
    ended(desk, "sent")
    desk.claim()
    assert desk.outbox.count_open() == 2
