"""Whether this process can run a dispatcher in a thread of its own."""

from __future__ import annotations

import sys

from bellwire.core.errors import DispatchRefused

_WAY_OUT = 'set dispatch = "off" here and run `bellwire worker` beside it'


def require_threads() -> None:
    """Raises :class:`DispatchRefused` where a thread with an event loop cannot work, with the way out.

    gevent and eventlet turn threads into greenlets that share the host's own; uWSGI starts no Python threads unless
    it is told to.
    """
    gevent = sys.modules.get("gevent.monkey")
    if gevent is not None and (gevent.is_module_patched("threading") or gevent.is_module_patched("socket")):
        msg = f"gevent has patched this process, and an event loop cannot run beside it; {_WAY_OUT}"
        raise DispatchRefused(msg)
    eventlet = sys.modules.get("eventlet.patcher")
    if eventlet is not None and (eventlet.is_monkey_patched("thread") or eventlet.is_monkey_patched("socket")):
        msg = f"eventlet has patched this process, and an event loop cannot run beside it; {_WAY_OUT}"
        raise DispatchRefused(msg)
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and not {"enable-threads", "threads"} & {_text(name) for name in uwsgi.opt}:
        msg = f"uWSGI runs without threads here; start it with --enable-threads, or {_WAY_OUT}"
        raise DispatchRefused(msg)


def _text(name: object) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)
