"""A dispatcher in a daemon thread of the host's process, with an event loop of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from bellwire.core.errors import SchemaError

from .environment import require_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dispatcher import Dispatcher

logger = logging.getLogger("bellwire.dispatch")

_RESTART_PAUSE: Final = 5.0
_FORK_PATIENCE: Final = 5.0


class EmbeddedDispatcher:
    """Runs what *make* gives until it is stopped; if that fails unexpectedly, says so and runs another.

    Raises :class:`~bellwire.core.errors.DispatchRefused` where threads cannot work.
    """

    def __init__(self, make: Callable[[], Dispatcher]) -> None:
        require_threads()
        self._make: Final = make
        self._dispatcher = make()
        self._ready: Final = threading.Event()
        self._stopped = False
        self._thread: Final = threading.Thread(target=self._run, name="bellwire-dispatcher", daemon=True)
        self._thread.start()
        self._ready.wait(10)

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Something was published."""
        self._dispatcher.wake()

    def wake_again(self) -> None:
        """Something is being committed right now."""
        self._dispatcher.wake_again()

    def before_fork(self) -> Callable[[], None]:
        """Halts the loop between two steps: a child that was forked amid one, such as an import, could never finish it.

        Call what it returns, in the parent, to go on.
        """
        if threading.current_thread() is self._thread:  # a channel forks: it cannot wait for itself
            return lambda: None
        return self._dispatcher.halt(_FORK_PATIENCE)

    def stop(self, drain: float) -> None:
        """Delivers what is due and stops, after *drain* seconds at most and a little more to close the channels."""
        self._stopped = True
        self._dispatcher.stop(drain, finish=True)
        self._thread.join(drain + 5.0)
        if self._thread.is_alive():
            logger.warning("the dispatcher did not stop in time; what it holds is taken over when its lease runs out")

    def _run(self) -> None:
        while not self._stopped:
            try:
                asyncio.run(self._dispatcher.run(self._ready.set))
            except SchemaError as error:
                logger.error("dispatching ends here: %s", error)  # noqa: TRY400 - the sentence says all
                return
            except Exception:
                logger.exception("the dispatcher failed; another one starts in %g s", _RESTART_PAUSE)
                time.sleep(_RESTART_PAUSE)
                self._dispatcher = self._make()
