"""Telling whether SQLite's write lock is kept by this very thread, which would wait for itself for ever.

A host that has written in a transaction of its own, and then publishes without ``connection=``, locks itself out.
Linux tells which process has the lock (``/proc/locks``, proc(5)); where it is this one, what is known of its threads
and connections tells whether any other could let go of it. The usual question, ``fcntl(F_GETLK)``, needs the file
open, and POSIX drops every lock that a process has on a file when it closes it once.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bellwire.core.errors import LockedOut

from .sqlite_driver import OwnConnection, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_LOOK: Final = 0.1
"""Seconds of waiting before anybody asks why: other writers are done by then."""
NEXT_LOOK: Final = 0.05
HOST_PATIENCE: Final = 1.5
"""Seconds that a publisher waits for a transaction of its own process, where it may be its own thread's or may not."""

_LOCKS: Final = Path("/proc/locks")
_WRITE_LOCK: Final = 120
"""The byte of the ``-shm`` file that a writer locks: https://sqlite.org/walformat.html#wal_locks."""
# They run nothing but Bellwire's own statements; every other thread, a channel's too, may have a transaction open.
_ASKING: Final = "bellwire-asking"
_OWN_THREADS: Final = ("bellwire-database", "bellwire-announcer", "bellwire-dns", _ASKING)


class LockWatch:
    """One publisher's wait for the write lock of *file*."""

    def __init__(self, file: Path) -> None:
        self._file: Final = file
        self._look_at = time.monotonic() + FIRST_LOOK
        self._since: float | None = None
        self._proven = 0

    def look(self) -> None:
        """Raises :class:`LockedOut` once it is known, or after a while likely, that waiting longer is in vain."""
        now = time.monotonic()
        if now < self._look_at:
            return
        if _is_held_by_us(self._file) or not is_held_here(self._file):
            self._since, self._proven, self._look_at = None, 0, now + FIRST_LOOK
            return
        self._look_at = now + NEXT_LOOK
        self._since = self._since or now
        # twice in a row: between two looks another thread's transaction might just have ended
        self._proven = self._proven + 1 if _only_this_thread_can_let_go(self._file) else 0
        if self._proven > 1:
            msg = (
                f"{self._file}: this thread has a transaction of its own open, which keeps the write lock, and would "
                "wait for itself for ever; pass connection= to publish in that transaction, or commit it first"
            )
            raise LockedOut(msg)
        if now - self._since > HOST_PATIENCE:
            msg = (
                f"{self._file}: a transaction that this process has open has kept the write lock for "
                f"{HOST_PATIENCE:g} s; if it is the publisher's own, pass connection= to publish in it, or commit it "
                "first; if it is another's, make it shorter"
            )
            raise LockedOut(msg)


def _is_held_by_us(file: Path) -> bool:
    real = os.path.realpath(file)
    return any(it.file == real and _is_amid_a_transaction(it) for it in list(writing))


def is_held_here(file: Path) -> bool:
    """Whether a connection of this process has the write lock of *file*; ``False`` where the system does not tell."""
    try:
        inode = Path(f"{file}-shm").stat().st_ino
        table = _LOCKS.read_text(encoding="ascii")
    except OSError:
        return False
    return any(_is_ours(line.split(), inode) for line in table.splitlines())


def _is_ours(fields: list[str], inode: int) -> bool:
    """Of one line: number, class, mode, type, process, device and inode, first and last byte."""
    if len(fields) != 8 or fields[1] != "POSIX" or fields[3] != "WRITE" or fields[4] != str(os.getpid()):
        return False
    last = sys.maxsize if fields[7] == "EOF" else int(fields[7])  # neighbouring locks are shown as one
    return fields[5].rpartition(":")[2] == str(inode) and int(fields[6]) <= _WRITE_LOCK <= last


def _only_this_thread_can_let_go(file: Path) -> bool:
    if "gevent.monkey" in sys.modules or "eventlet.patcher" in sys.modules:
        return False  # other greenlets of this thread go on while this one sleeps
    return _is_alone() or _has_the_only_transaction(file)


def _is_alone() -> bool:
    own = {thread.ident for thread in threading.enumerate() if thread.name.startswith(_OWN_THREADS)}
    me = threading.get_ident()
    everybody = set(sys._current_frames())  # noqa: SLF001  # documented; sees threads that `threading` did not start
    return me not in own and everybody <= own | {me}


def _has_the_only_transaction(file: Path) -> bool:
    """Whether all of the host's connections amid a transaction are known to be this thread's, one of them on *file*."""
    # by type, because isinstance() asks a host's proxies, which may do anything
    hosts = (
        it for it in gc.get_objects() if issubclass(type(it), sqlite3.Connection) and type(it) is not OwnConnection
    )
    busy = [it for it in hosts if _is_amid_a_transaction(it)]
    djangos = set(map(id, _connections_of_django()))
    if not busy or not all(id(it) in djangos or _is_bound_here(it) for it in busy):
        return False
    return any(_is_on(it, file) for it in busy)


def _is_amid_a_transaction(connection: sqlite3.Connection) -> bool:
    try:
        return connection.in_transaction
    except sqlite3.Error:  # it is closed, or was never opened
        return False


def _connections_of_django() -> Iterator[object]:
    """Those of this thread, or of this task: Django keeps them apart."""
    database = sys.modules.get("django.db")
    if database is not None:
        with contextlib.suppress(Exception):  # Django is there, but has no settings here
            for wrapper in database.connections.all(initialized_only=True):
                yield wrapper.connection


def _is_bound_here(connection: sqlite3.Connection) -> bool:
    """Whether the driver allows *connection* to this thread and to no other (``check_same_thread``, its default)."""
    refused: list[bool] = []

    def ask() -> None:
        refused.append(not _may_use(connection))

    other = threading.Thread(target=ask, name=_ASKING, daemon=True)
    other.start()
    other.join()
    return refused == [True] and _may_use(connection)


def _may_use(connection: sqlite3.Connection) -> bool:
    try:
        sqlite3.Connection.cursor(connection).close()
    except sqlite3.Error:
        return False
    return True


def _is_on(connection: sqlite3.Connection, file: Path) -> bool:
    cursor = sqlite3.Connection.cursor(connection)
    cursor.row_factory = None
    try:
        names = [name for _, _, name in cursor.execute("PRAGMA database_list") if name]
        return any(Path(name).samefile(file) for name in names)
    except (sqlite3.Error, OSError):
        return False
    finally:
        cursor.close()
