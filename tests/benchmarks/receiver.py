"""nginx as a receiver that answers 200 to everything, on a port of its own, and counts what arrives."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.benchmarks.ports import free_port, when_it_listens

_LINE: Final = b".\n"
_LOG: Final = "arrivals.log"
_CONFIG: Final = """
worker_processes 1; daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
  log_format arrival '.'; access_log {folder}/{log} arrival; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200; }} }}
}}
"""


@contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """Its URL, for as long as the block lasts."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, log=_LOG, port=port))
    server = subprocess.Popen(["/usr/sbin/nginx", "-c", str(config), "-p", str(folder)], stderr=subprocess.DEVNULL)
    try:
        when_it_listens(port, server)
        yield f"http://127.0.0.1:{port}/hook"
    finally:
        server.terminate()
        server.wait(10)


class Arrivals:
    """Counts what the nginx in *folder* has answered since this was made: it logs one short line for each."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / _LOG
        self._before = self._lines()

    def _lines(self) -> int:
        return self._log.stat().st_size // len(_LINE)

    def count(self) -> int:
        """Requests so far."""
        return self._lines() - self._before
