"""Where a dispatcher in a thread cannot work, it is refused with the way out."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from bellwire.core.dispatch import require_threads
from bellwire.core.errors import DispatchRefused


def test_an_ordinary_process_may() -> None:
    require_threads()


@pytest.mark.parametrize("patched", ["threading", "socket"])
def test_under_gevent_it_is_refused(monkeypatch: pytest.MonkeyPatch, patched: str) -> None:
    module = SimpleNamespace(is_module_patched=lambda name: name == patched)
    monkeypatch.setitem(sys.modules, "gevent.monkey", module)
    with pytest.raises(DispatchRefused, match="gevent.*bellwire worker"):
        require_threads()


def test_gevent_that_patched_nothing_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gevent.monkey", SimpleNamespace(is_module_patched=lambda _: False))
    require_threads()


@pytest.mark.parametrize("patched", ["thread", "socket"])
def test_under_eventlet_it_is_refused(monkeypatch: pytest.MonkeyPatch, patched: str) -> None:
    module = SimpleNamespace(is_monkey_patched=lambda name: name == patched)
    monkeypatch.setitem(sys.modules, "eventlet.patcher", module)
    with pytest.raises(DispatchRefused, match="eventlet.*bellwire worker"):
        require_threads()


@pytest.mark.parametrize(
    ("options", "refused"),
    [({}, True), ({b"processes": b"4"}, True), ({b"enable-threads": True}, False), ({"threads": "2"}, False)],
)
def test_under_uwsgi_it_depends_on_its_options(
    monkeypatch: pytest.MonkeyPatch, options: dict[object, object], refused: bool
) -> None:
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt=options))
    if refused:
        with pytest.raises(DispatchRefused, match="--enable-threads.*bellwire worker"):
            require_threads()
    else:
        require_threads()
