"""How one attempt ended."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import attrs

FailureStage: TypeAlias = Literal[
    "config", "policy", "dns", "connect", "proxy", "tls", "send", "response", "timeout", "status", "channel"
]
"""Where an attempt failed:

``config`` the channel cannot work as it is configured; ``policy`` the egress policy refused the address;
``dns`` the name did not resolve; ``connect`` no connection; ``proxy`` the proxy, not the receiver; ``tls`` no trust;
``send`` the request could not be written; ``response`` no, or no valid, answer; ``timeout`` it took too long;
``status`` the receiver answered, and said no; ``channel`` the channel's own code raised.
"""

FAILURE_STAGES: Final[tuple[FailureStage, ...]] = get_args(FailureStage)


@attrs.frozen
class Stage:
    """One step of an attempt, as it went: ``dns``, ``connect``, ``tls``, ``send``, ``response``."""

    name: str
    seconds: float
    """How long it took."""
    detail: str = ""
    """What is worth knowing about it, such as the address that was connected to."""


@attrs.frozen(kw_only=True)
class Sent:
    """The receiver has the message."""

    status_code: int | None = None
    response: str | None = None
    """The start of the answer; the engine caps it and scrubs known secrets."""
    stages: tuple[Stage, ...] = ()


@attrs.frozen(kw_only=True)
class Failed:
    """The receiver does not have the message, as far as can be known."""

    stage: FailureStage = attrs.field(validator=attrs.validators.in_(FAILURE_STAGES))
    detail: str
    """One sentence for a person: what happened, and where. Never a secret."""
    retryable: bool = True
    """Whether the same request may succeed later. ``False`` ends the delivery at once."""
    retry_after: float | None = None
    """Seconds that the receiver asked to be left alone (RFC 9110, ``Retry-After``)."""
    status_code: int | None = None
    response: str | None = None
    stages: tuple[Stage, ...] = ()


Outcome: TypeAlias = Sent | Failed


class DeliveryError(Exception):
    """Ends an attempt from any depth: it carries the :class:`Failed` that the attempt becomes.

    The guarded HTTP client raises it already classified, so a channel may just let it pass.
    """

    def __init__(self, failed: Failed, *, address: str | None = None, errno: int | None = None) -> None:
        super().__init__(failed.detail)
        self.failed: Final = failed
        self.address: Final = address
        """``host:port`` as it was dialled, where there was one."""
        self.errno: Final = errno
        """The operating system's error number, where there was one."""
