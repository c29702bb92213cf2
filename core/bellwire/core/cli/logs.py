"""What the library logs, on standard error: in one line each, with nothing in it that a terminal would obey."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from datetime import datetime

from .safe import safe


def log_to_stderr(level: str = "WARNING", *, full: bool = False) -> None:
    """Bellwire's own loggers from *level* up, all others from WARNING up. *full* adds the time and the logger.

    Once more replaces what it did before. The library itself never configures logging; a process of its own may.
    """
    handler = _StandardError()
    handler.setFormatter(_Full() if full else _Terse())
    root = logging.getLogger()
    root.handlers = [other for other in root.handlers if not isinstance(other, _StandardError)]
    root.addHandler(handler)
    logging.getLogger("bellwire").setLevel(level.upper())


class _StandardError(logging.Handler):
    """Writes to whatever ``sys.stderr`` is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more; dispatching goes on
            print(self.format(record), file=sys.stderr, flush=True)  # noqa: T201 - this is where logs are printed


class _Terse(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = safe(self.heading(record) + record.getMessage())
        if record.exc_info:
            # a traceback has lines of its own; each of them may quote what came from outside
            line = "\n".join([line, *map(safe, self.formatException(record.exc_info).splitlines())])
        return line

    def heading(self, record: logging.LogRecord) -> str:
        return f"{record.levelname.lower()}: "


class _Full(_Terse):
    def heading(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone()
        return f"{moment:%Y-%m-%d %H:%M:%S}.{record.msecs:03.0f} {record.levelname:<7} {record.name}: "
