"""HTTP as Bellwire does it: guarded, bounded, and every failure named by its stage.

The seam is httpx's transport: channels see an :class:`httpx.AsyncClient`, or the transport beneath it, and nothing
of ours but the failures. How a request walks::

    client ▸ transport ▸ head (request to bytes) ▸ pool ▸ connection ▸ answer (bytes to parts)
                                                    └ dialling: resolver ▸ egress ▸ socket ▸ tls
           └ proxy (httpx's own transport, told by journey where it is; conversations are kept)

``routes`` chooses between the two. ``certificates`` looks at what a receiver shows and ``witness`` takes down what is
sent, both for tests of channels. ``head``, ``answer``, ``egress``, ``addresses``, ``decoding``, ``faults`` and
``retry_after`` are pure.
Why it is our own: docs/decisions/0002-own-http-transport.md.
"""

from __future__ import annotations

from .addresses import IPAddress
from .certificates import Certificate, Shown, look_at
from .classify import failure_of
from .client import guarded_client, user_agent
from .egress import EgressMode, EgressPolicy
from .failures import (
    AnswerInvalid,
    AnswerLost,
    AnswerTimedOut,
    ConnectFailed,
    ConnectTimedOut,
    EgressRefused,
    NameNotFound,
    ProxyFailed,
    RequestRefused,
    SchemeRefused,
    SendFailed,
    TLSFailed,
    TransportClosed,
    TransportFailure,
    WaitTimedOut,
)
from .limits import Limits
from .proxy import ProxyTransport
from .resolver import Resolver, ThreadResolver, system_resolver
from .retry_after import retry_after
from .routes import Bounds, connecting_problems, transport_for
from .transport import GuardedTransport
from .witness import Notebook, SentRequest, Witness

__all__ = [
    "AnswerInvalid",
    "AnswerLost",
    "AnswerTimedOut",
    "Bounds",
    "Certificate",
    "ConnectFailed",
    "ConnectTimedOut",
    "EgressMode",
    "EgressPolicy",
    "EgressRefused",
    "GuardedTransport",
    "IPAddress",
    "Limits",
    "NameNotFound",
    "Notebook",
    "ProxyFailed",
    "ProxyTransport",
    "RequestRefused",
    "Resolver",
    "SchemeRefused",
    "SendFailed",
    "SentRequest",
    "Shown",
    "TLSFailed",
    "ThreadResolver",
    "TransportClosed",
    "TransportFailure",
    "WaitTimedOut",
    "Witness",
    "connecting_problems",
    "failure_of",
    "guarded_client",
    "look_at",
    "retry_after",
    "system_resolver",
    "transport_for",
    "user_agent",
]
