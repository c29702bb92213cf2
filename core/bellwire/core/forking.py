"""What must happen around a fork and at exit, for everything that holds threads, locks and connections.

A connection must not cross a fork, and neither must a lock that some other thread holds: so before it everything comes
to rest, after it the parent goes on, and the child starts afresh.
"""

from __future__ import annotations

import atexit
import os
import weakref
from abc import ABC, abstractmethod
from typing import Final


class Forkable(ABC):
    """Something that is told of forks and of the process's end, for as long as anybody holds it."""

    @abstractmethod
    def before_fork(self) -> None:
        """Comes to rest; the fork waits for it."""

    @abstractmethod
    def after_fork_in_parent(self) -> None:
        """Goes on."""

    @abstractmethod
    def after_fork_in_child(self) -> None:
        """Forgets the parent's threads, locks and connections without touching them."""

    @abstractmethod
    def at_exit(self) -> None:
        """The process ends; what nobody closed is given back."""


_watched: Final[weakref.WeakSet[Forkable]] = weakref.WeakSet()


def watch(thing: Forkable) -> None:
    """Tells *thing* from now on."""
    _watched.add(thing)


def _before() -> None:
    for thing in list(_watched):
        thing.before_fork()


def _in_parent() -> None:
    for thing in list(_watched):
        thing.after_fork_in_parent()


def _in_child() -> None:
    for thing in list(_watched):
        thing.after_fork_in_child()


def _at_exit() -> None:
    for thing in list(_watched):
        thing.at_exit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
atexit.register(_at_exit)
