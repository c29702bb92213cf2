"""How much a receiver may send, and how many connections are kept to it."""

from __future__ import annotations

import attrs

_POSITIVE = attrs.validators.gt(0)


@attrs.frozen(kw_only=True)
class Limits:
    """Bounds of the transport; the defaults are far above what a webhook's receiver needs."""

    body_bytes: int = attrs.field(default=64 * 1024, validator=_POSITIVE)
    """A longer body is cut here, before and after decoding; the answer counts, its connection is closed."""
    head_bytes: int = attrs.field(default=64 * 1024, validator=_POSITIVE)
    """A longer head, or as much of anything else that is not the body, fails the exchange."""
    header_fields: int = attrs.field(default=128, validator=_POSITIVE)
    """Fields of the head and of the trailer together."""
    interim_answers: int = attrs.field(default=8, validator=_POSITIVE)
    """Answers of status 1xx that are skipped before the real one."""
    connections_per_origin: int = attrs.field(default=64, validator=_POSITIVE)
    """Further requests to one scheme, host and port wait in turn."""
    idle_seconds: float = attrs.field(default=15.0, validator=attrs.validators.gt(0.0))
    """How long an unused connection is kept. Short: receivers close theirs after a minute, and balancers forget."""
