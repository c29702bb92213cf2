"""The lab: where each fault waits, and what it was sent."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, final

import attrs

from bellwire.core.plugins import did_you_mean

from .certificates import Certificates
from .faults import FAULTS, Fault, checked_options
from .listener import Listener

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from .peer import LabRequest, Peer


@final
class Lab:
    """Receivers that fail, for the length of a ``with``; at its end no thread and no socket of them is left.

    It may be used from any thread. Listeners and certificates are made when the first URL asks for them.
    """

    def __init__(self) -> None:
        self._lock: Final = threading.RLock()
        self._stopped: Final = threading.Event()
        self._stack: Final = contextlib.ExitStack()
        self._certificates: Final = Certificates()
        self._listeners: Final[dict[object, Listener]] = {}
        self._requests: Final[list[LabRequest]] = []
        self._placed: Final[dict[str, tuple[Fault, Mapping[str, Any]]]] = {"/trap": (FAULTS["trap"], {})}
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def url(self, fault: str, **options: Any) -> str:  # noqa: ANN401 - each fault has its own
        """Where *fault* waits. The same fault may be asked for several times, with other options.

        Raises ``ValueError`` for a fault that there is not, ``TypeError`` for an option that it does not have, and
        :class:`NeedsTrustme` where a certificate is needed and cannot be made.
        """
        found = FAULTS.get(fault)
        if found is None:
            hint = did_you_mean(fault, FAULTS) or f"; there are: {', '.join(FAULTS)}"
            msg = f"the lab has no fault {fault!r}{hint}"
            raise ValueError(msg)
        checked_options(found, options)
        days = options.pop("days", 90)
        with self._lock:
            if self._stopped.is_set():
                msg = "the lab is closed"
                raise RuntimeError(msg)
            listener = self._listener(found, days)
            path = f"/{fault}"
            if self._placed.get(path, (found, options)) != (found, options):
                path = f"/{fault}-{len(self._placed)}"
            self._placed[path] = (found, dict(options))
            return f"{listener.origin}{path}"

    @property
    def requests(self) -> tuple[LabRequest, ...]:
        """What has come so far, to whichever fault, in the order of coming; without what came incomplete."""
        with self._lock:
            return tuple(self._requests)

    @property
    def ca_file(self) -> Path:
        """A PEM file with the authority that ``https``, ``expired`` and ``wrong-host`` have in common.

        Where it is not trusted these three are certificates of an unknown issuer, and no more. Raises
        :class:`NeedsTrustme`.
        """
        with self._lock:
            path = self._own_folder() / "authority.pem"
            if not path.exists():
                self._certificates.write_authority(path)
            return path

    def close(self) -> None:
        """Ends every conversation, and returns when the last thread has ended. Harmless a second time."""
        self._stopped.set()
        with self._lock:
            listeners = list(self._listeners.values())
            self._listeners.clear()
        for listener in listeners:
            listener.close()
        self._stack.close()

    def _own_folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bellwire-lab-")))
        return self._folder

    def _listener(self, fault: Fault, days: float) -> Listener:
        key = (fault.listens, fault.trust, days if fault.trust == "trusted" else 0)
        listener = self._listeners.get(key)
        if listener is None:
            secured = fault.trust not in {"", "none"}
            context = self._certificates.context(fault.trust, days, self._own_folder()) if secured else None
            listener = Listener(
                self._serve,
                self._stopped,
                tls=context,
                scheme="https" if fault.trust else "http",
                listens=fault.listens,
            )
            self._listeners[key] = listener
        return listener

    def _serve(self, peer: Peer) -> None:
        # the conversation of each request on one connection, in one of the listener's threads
        while (request := peer.read()) is not None:
            with self._lock:
                found = self._placed.get(request.target.partition("?")[0])
                self._requests.append(attrs.evolve(request, fault=found[0].name if found else ""))
            if found is None:
                peer.answer(404, b"the lab has nothing here; ask lab.url(...) for a place")
            else:
                fault, options = found
                fault.converse(peer, **options)
