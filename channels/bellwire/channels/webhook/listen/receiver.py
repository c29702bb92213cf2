"""Receives webhooks, and takes down what arrived: for ``bellwire listen`` and for tests.

A tool for developers, not for the open network: everybody is served, and nothing is stored.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from datetime import datetime
from typing import TYPE_CHECKING, Final, Self

import attrs

from .checks import Verdict, examine
from .server import Request, Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from .signature import SignatureCheck

_KEPT_REQUESTS: Final = 10_000
_KEPT_IDS: Final = 100_000


@attrs.frozen(kw_only=True)
class Received:
    """One request, and what was made of it."""

    number: int
    """From 1, in the order of arrival."""
    at: datetime
    request: Request
    verdict: Verdict
    status: int
    """What it is answered."""
    failing: bool = False
    """Whether that is a failure on purpose."""
    webhook_id: str | None = None
    duplicate_of: int | None = None
    """The number of the first request with the same ``webhook-id``."""


@attrs.frozen(kw_only=True)
class Noise:
    """A connection that brought no whole request."""

    at: datetime
    text: str


class Receiver:
    """Listens in a thread of its own, from :meth:`start` to :meth:`stop`; it is a context manager too.

    :param port: 0 lets the system choose; :attr:`url` has the real one.
    :param token: the bearer token that requests must bring; others get 401.
    :param signature: the signature that requests must bring; others get 401.
    :param fail: how many requests are answered with *status* though nothing is wrong with them; ``None``: all.
    :param on_arrival: called once for each arrival, one at a time, before it is answered.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        signature: SignatureCheck | None = None,
        fail: int | None = 0,
        status: int = 500,
        on_arrival: Callable[[Received | Noise], None] | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._token, self._signature = token, signature
        self._fail, self._status = fail, status
        self._on_arrival = on_arrival
        self._lock = threading.RLock()  # on_arrival may look at requests
        self._number = 0
        self._failed = 0
        self._first_seen: OrderedDict[str, int] = OrderedDict()
        self._kept: deque[Received] = deque(maxlen=_KEPT_REQUESTS)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Binds, and answers from here on. Raises ``OSError`` where the address cannot be had."""
        server = Server(self._host, self._port, self)
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="bellwire-receiver", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answers what has arrived, closes all connections, and frees the port. Calling it again does nothing."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.close_connections()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None:
            msg = "the receiver is not started"
            raise RuntimeError(msg)
        return self._server.server_port

    @property
    def url(self) -> str:
        """Where to send to."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    @property
    def requests(self) -> tuple[Received, ...]:
        """What has arrived, the latest 10,000 at most."""
        with self._lock:
            return tuple(self._kept)

    def arrived(self, request: Request, refusal: Verdict | None) -> int:
        """Takes down one request, reports it, and returns what to answer."""
        headers = {name.lower(): value for name, value in request.headers}
        verdict = refusal or examine(
            request.method, headers, request.body, token=self._token, signature=self._signature
        )
        webhook_id = headers.get("webhook-id")
        with self._lock:
            self._number += 1
            failing = verdict.status == 200 and (self._fail is None or self._failed < self._fail)
            self._failed += failing
            received = Received(
                number=self._number,
                at=_now(),
                request=request,
                verdict=verdict,
                status=self._status if failing else verdict.status,
                failing=failing,
                webhook_id=webhook_id,
                duplicate_of=self._seen_before(webhook_id),
            )
            self._kept.append(received)
            self._report(received)
        return received.status

    def noise(self, text: str) -> None:
        """Reports a connection that brought no whole request."""
        with self._lock:
            self._report(Noise(at=_now(), text=text))

    def _seen_before(self, webhook_id: str | None) -> int | None:
        if not webhook_id:
            return None
        first = self._first_seen.setdefault(webhook_id, self._number)
        if len(self._first_seen) > _KEPT_IDS:
            self._first_seen.popitem(last=False)
        return first if first != self._number else None

    def _report(self, arrival: Received | Noise) -> None:
        if self._on_arrival is not None:
            self._on_arrival(arrival)


def _now() -> datetime:
    return datetime.now().astimezone()
