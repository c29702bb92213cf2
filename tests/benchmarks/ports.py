"""Ports for servers of our own, and when they are ready."""

from __future__ import annotations

import socket
import subprocess
import time


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def when_it_listens(port: int, server: subprocess.Popen[bytes], *, seconds: float = 20) -> None:
    """Returns as soon as *server* takes connections; raises ``RuntimeError`` if it ends or takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{server.args!r} does not listen on port {port} (exit status {server.poll()})")
