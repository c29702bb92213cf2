"""A bus crosses a fork: the child starts afresh, and the parent goes on."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.hosting.conftest import Receiver, Start

PUBLISH = """
import os, sys, threading, time
from bellwire.core import Bus
from bellwire.hookspecs import Workflow

bus = Bus.from_file()

def publish(workflow_id):
    bus.notify_workflow("create", Workflow(
        project_name="p", workflow_id=str(workflow_id), workflow_subject="s", workflow_status="wait_for_audit"))
"""


def script(tmp_path: Path, body: str) -> str:
    file = tmp_path / "host.py"
    file.write_text(PUBLISH + textwrap.dedent(body), "utf-8")
    return str(file)


def test_parent_and_child_publish_after_a_fork_and_both_deliver(
    receiver: Receiver, start: Start, tmp_path: Path
) -> None:
    body = """
        bus.start()
        publish("parent-before")
        child = os.fork()
        publish("child" if child == 0 else "parent-after")
        if child == 0:
            bus.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        publish("parent-at-the-end")
        bus.close()
    """
    host = start("python", script(tmp_path, body))
    assert host.ends() == 0, host.text
    assert sorted(receiver.workflow_ids) == ["child", "parent-after", "parent-at-the-end", "parent-before"]
    assert host.text == ""


def test_forking_amid_publishing_threads_locks_nobody_and_loses_nothing(
    receiver: Receiver, start: Start, tmp_path: Path
) -> None:
    body = """
        bus.start()
        threads = [threading.Thread(target=lambda n=n: [publish(f"{n}-{i}") for i in range(100)]) for n in range(4)]
        for thread in threads:
            thread.start()
        children = []
        for number in range(10):
            if (child := os.fork()) == 0:
                publish(f"child-{number}")
                bus.close()
                os._exit(0)
            children.append(child)
        for thread in threads:
            thread.join()
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 10
        bus.close()
    """
    host = start("python", script(tmp_path, body))
    assert host.ends() == 0, host.text
    expected = {f"{n}-{i}" for n in range(4) for i in range(100)} | {f"child-{number}" for number in range(10)}
    assert sorted(receiver.workflow_ids) == sorted(expected)


def test_a_child_that_never_publishes_starts_nothing_and_exits_at_once(
    receiver: Receiver, start: Start, tmp_path: Path
) -> None:
    body = """
        bus.start()
        if (child := os.fork()) == 0:
            sys.exit(threading.active_count())
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        publish("parent")
        bus.close()
    """
    host = start("python", script(tmp_path, body))
    assert host.ends() == 0, host.text
    assert host.text == "1\n"
    assert receiver.workflow_ids == ["parent"]


@pytest.mark.parametrize("how", ["sys.exit()", "os._exit(0)"])
def test_a_child_that_ends_abruptly_leaves_its_events_to_the_parent(
    how: str, receiver: Receiver, start: Start, tmp_path: Path
) -> None:
    body = f"""
        bus.start()
        if (child := os.fork()) == 0:
            publish("child")
            {how}
        os.waitpid(child, 0)
        publish("parent")
        waiting = lambda c: c.counts.due + c.counts.scheduled + c.counts.in_flight + c.counts.parked
        while any(waiting(channel) for channel in bus.status().channels):
            time.sleep(0.02)
        bus.close()
    """
    host = start("python", script(tmp_path, body))
    assert host.ends() == 0, host.text
    assert set(receiver.workflow_ids) == {"child", "parent"}


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="needs Linux's /proc/locks")
def test_a_child_holds_locks_of_its_own_on_the_database(receiver: Receiver, start: Start, tmp_path: Path) -> None:
    """Beside an inherited connection SQLite would believe that it holds them, and others could reset the file."""
    body = """
        bus.start()
        publish("parent")
        if (child := os.fork()) == 0:
            publish("child")
            inode = f":{os.stat('bellwire.db').st_ino} "
            mine = [line for line in open("/proc/locks") if inode in line and f" {os.getpid()} " in line]
            os._exit(not mine)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        bus.close()
    """
    host = start("python", script(tmp_path, body))
    assert host.ends() == 0, host.text
    assert host.text == "0\n"


def test_a_channel_may_fork(receiver: Receiver, start: Start, tmp_path: Path) -> None:
    """A hook runs on the dispatcher's own thread, or in one of the lane's: neither may wait for itself."""
    body = """
        import multiprocessing
        from bellwire.core import Settings
        from bellwire.hookspecs import ChannelConfig, Sent, channel_config, hookimpl

        class Forking:
            @hookimpl
            async def notify_workflow(self, event, delivery):
                return fork()

        class ForkingInThreads:
            @hookimpl
            def notify_workflow(self, event, delivery):
                return fork()

        def fork():
            if (child := os.fork()) == 0:
                os._exit(0)
            os.waitpid(child, 0)
            print("forked")
            return Sent()

        @channel_config
        class ForkingConfig(ChannelConfig):
            threads: bool = False

            async def open(self, context):
                return ForkingInThreads() if self.threads else Forking()

        channels = {"loop": ForkingConfig(enable=True), "threads": ForkingConfig(enable=True, threads=True)}
        with Bus(Settings(database="sqlite:///forking.db", channels=channels)) as bus:
            publish("1")
        assert not any(c.counts.due + c.counts.failed for c in bus.status().channels), bus.status()
    """
    host = start("python", script(tmp_path, body))
    assert host.ends() == 0, host.text
    assert host.text == "forked\n" * 2
