"""The façade: what a host sees of publishing, of its failures, and of the bus's life."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bellwire.core import (
    BellwireError,
    Bus,
    ConfigError,
    ConfiguredChannel,
    DispatchRefused,
    InvalidEvent,
    NotFound,
    OutboxUnavailable,
    PublishUnknown,
    Settings,
)
from bellwire.core.dispatch import embedded as embedded_module
from bellwire.core.errors import DatabaseUnavailable
from bellwire.core.testing import RecordingConfig
from bellwire.hookspecs import Sent, Workflow, WorkflowEvent

WORKFLOW = Workflow(project_name="p", workflow_id="7", workflow_subject="s", workflow_status="finished")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bellwire.db"


@pytest.fixture
def bus(file: Path) -> Iterator[Bus]:
    bus = make(file)
    yield bus
    bus.close(drain=0)


def make(file: Path, *, dispatch: str = "off", **more: Any) -> Bus:
    channels = {"ops": ConfiguredChannel(name="ops", config=RecordingConfig())}
    settings = Settings(database=f"sqlite:///{file}", dispatch=dispatch, channels=channels)  # type: ignore[arg-type]  # a parameter is just str
    return Bus(settings, channel_types={"recording": RecordingConfig}, **more)


def event(event_id: str) -> WorkflowEvent:
    return WorkflowEvent(action="create", workflow=WORKFLOW, id=event_id)


def stored(bus: Bus) -> list[str]:
    return [view.id for view in bus.outbox.events()]


def test_notifying_gives_back_the_event_that_is_stored(bus: Bus) -> None:
    published = bus.notify_workflow("approve", WORKFLOW)
    assert (published.action, published.workflow) == ("approve", WORKFLOW)
    (view,) = bus.outbox.events()
    assert (view.id, view.payload) == (published.id, published.to_json())


def test_an_event_id_of_the_hosts_own_makes_it_safe_to_call_again(bus: Bus) -> None:
    for _ in range(3):
        bus.notify_workflow("approve", WORKFLOW, event_id="order-7")
    assert stored(bus) == ["order-7"]


def test_many_are_stored_in_their_order_or_none_at_all(bus: Bus) -> None:
    bus.publish_many([event("b"), event("a")])
    assert stored(bus) == ["b", "a"]
    with pytest.raises(InvalidEvent):
        bus.publish_many([event("c"), WorkflowEvent(action="nonsense", workflow=WORKFLOW)])
    assert stored(bus) == ["b", "a"]
    assert bus.publish_many([]) == []


def test_the_async_forms_store_the_same_and_keep_the_loop_free(bus: Bus, file: Path) -> None:
    async def main() -> None:
        bus.outbox.database.open()
        blocker = sqlite3.connect(file, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        publishing = asyncio.ensure_future(bus.apublish(event("a")))
        for _ in range(20):
            await asyncio.sleep(0.001)  # the loop goes round while the publisher waits for the lock
        assert not publishing.done()
        blocker.execute("COMMIT")
        blocker.close()
        await publishing
        await bus.anotify_workflow("create", WORKFLOW, event_id="b")

    asyncio.run(main())
    assert stored(bus) == ["a", "b"]


def test_an_invalid_event_touches_no_database(bus: Bus, file: Path) -> None:
    with pytest.raises(InvalidEvent):
        bus.notify_workflow("nonsense", WORKFLOW)
    assert not file.exists()


def test_when_the_database_refuses_nothing_is_stored_and_that_is_said(tmp_path: Path) -> None:
    bus = make(tmp_path / "missing" / "bellwire.db")
    with pytest.raises(OutboxUnavailable, match="nothing was stored, publish it again: .*does not exist; create it"):
        bus.publish(event("a"))
    (tmp_path / "missing").mkdir()
    bus.publish(event("a"))
    assert stored(bus) == ["a"]
    bus.close()


def fail_while_committing(bus: Bus, monkeypatch: pytest.MonkeyPatch, *, stores: bool) -> None:
    publish = bus.outbox.publish

    def broken(rows: Any) -> None:
        if stores:
            publish(rows)
        error = DatabaseUnavailable("the connection broke")
        error.while_committing = True
        raise error

    monkeypatch.setattr(bus.outbox, "publish", broken)


def test_a_commit_whose_end_is_unknown_is_looked_up_and_was_stored(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_while_committing(bus, monkeypatch, stores=True)
    assert bus.publish(event("a")).id == "a"
    assert stored(bus) == ["a"]


def test_a_commit_whose_end_is_unknown_is_looked_up_and_was_not_stored(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_while_committing(bus, monkeypatch, stores=False)
    with pytest.raises(OutboxUnavailable, match="nothing was stored"):
        bus.publish(event("a"))


def test_a_commit_that_cannot_even_be_looked_up_is_unknown(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_while_committing(bus, monkeypatch, stores=True)

    def gone(_: object) -> Any:
        raise DatabaseUnavailable("still gone")

    monkeypatch.setattr(bus.outbox, "stored", gone)
    with pytest.raises(PublishUnknown, match="publishing the same event id again is harmless: the connection broke"):
        bus.publish(event("a"))


def test_a_process_that_may_not_dispatch_stores_all_the_same_and_says_so_once(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> None:
        raise DispatchRefused("gevent; run `bellwire worker` beside it")

    monkeypatch.setattr(embedded_module, "require_threads", refuse)
    bus = make(file, dispatch="embedded")
    bus.publish(event("a"))
    bus.publish(event("b"))
    assert stored(bus) == ["a", "b"]
    assert caplog.text.count("nobody dispatches them here: gevent; run `bellwire worker`") == 1
    with pytest.raises(DispatchRefused):
        bus.start()
    bus.close()


def test_a_thread_that_cannot_be_started_does_not_make_a_stored_event_look_lost(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As at the interpreter's exit, where Python 3.12 starts no thread any more."""
    bus = make(file, dispatch="embedded")

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert bus.publish(event("a")).id == "a"
    assert "interpreter shutdown" in caplog.text
    assert stored(bus) == ["a"]
    bus.close()


def test_dispatching_begins_with_the_first_publish_and_never_before(file: Path) -> None:
    bus = make(file, dispatch="embedded")
    assert not any(thread.name == "bellwire-dispatcher" for thread in threading.enumerate())
    assert not file.exists()
    bus.publish(event("a"))
    assert any(thread.name == "bellwire-dispatcher" for thread in threading.enumerate())
    bus.close()
    assert not any(thread.name == "bellwire-dispatcher" for thread in threading.enumerate())


def test_starting_and_closing_again_is_harmless_and_a_closed_bus_does_not_start(file: Path) -> None:
    bus = make(file, dispatch="embedded")
    bus.start()
    bus.start()
    assert sum(thread.name == "bellwire-dispatcher" for thread in threading.enumerate()) == 1
    bus.close()
    bus.close()
    with pytest.raises(BellwireError, match="this bus is closed; make another one"):
        bus.start()


def test_what_is_published_after_closing_is_stored_for_the_next_process(file: Path) -> None:
    bus = make(file, dispatch="embedded")
    bus.start()
    bus.close()
    bus.publish(event("late"))
    assert stored(bus) == ["late"]
    bus.close()


def test_threads_that_publish_first_all_at_once_share_one_dispatcher(file: Path) -> None:
    bus = make(file, dispatch="embedded")
    start = threading.Barrier(12)
    errors: list[BaseException] = []

    def publish(number: int) -> None:
        try:
            start.wait(60)
            bus.publish(event(str(number)))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert sum(thread.name == "bellwire-dispatcher" for thread in threading.enumerate()) == 1
    bus.close()
    assert len(stored(bus)) == 12
    bus.close()


def test_settings_that_cannot_be_used_are_refused_with_all_problems() -> None:
    with pytest.raises(ConfigError) as caught:
        Bus(Settings(database="postgres://x", max_event_bytes=1))
    assert [problem.path for problem in caught.value.problems] == ["database", "max_event_bytes"]


def test_replaying_sends_again_by_the_same_id(file: Path) -> None:
    with make(file, dispatch="embedded") as bus:
        bus.publish(event("a"))
        config = bus.settings.channels["ops"].config
        assert isinstance(config, RecordingConfig)
        wait(lambda: bus.outbox.deliveries_of("a")[0].state == "delivered")
        (view,) = bus.outbox.deliveries_of("a")
        assert bus.replay([view.id, "nobody"]).unknown == ("nobody",)
        wait(lambda: bus.outbox.deliveries_of("a")[0].attempts == 2)
        ids = {call.delivery.id for call in config.recording.calls}
    assert ids == {view.id}


def wait(condition: Any) -> None:
    import time

    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def test_a_channel_is_tried_by_its_name_and_an_unknown_one_is_told_with_those_there_are(bus: Bus) -> None:
    trial = bus.test("ops")
    assert (trial.channel, trial.enabled, trial.outcome) == ("ops", True, Sent())
    with pytest.raises(NotFound, match="no channel 'opps' is configured; there are: ops"):
        bus.test("opps")
    assert stored(bus) == [], "a test stores nothing"


def test_nothing_of_a_failed_publish_is_logged_with_its_content(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret_subject = Workflow(
        project_name="p", workflow_id="7", workflow_subject="canary-in-the-event", workflow_status="s"
    )
    bus.notify_workflow("create", secret_subject)
    assert "canary-in-the-event" not in caplog.text
