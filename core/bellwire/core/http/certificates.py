"""Whose certificate a receiver shows, and for how long: looked at by a handshake of its own, whatever it is worth.

For people who ask why TLS fails. A context that refuses a certificate does not hand it out, so this one trusts
everything; therefore no request ever goes over it, and it is closed as soon as the handshake is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from .addresses import read_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .egress import EgressPolicy

_DAY: Final = 86400.0


@attrs.frozen(kw_only=True)
class Certificate:
    """What is told of one certificate (RFC 5280)."""

    subject: str
    """Its common name, else the first host that it is for, else its organisation."""
    issuer: str
    """Of whoever signed it, likewise."""
    self_signed: bool = False
    """Whether it says that nobody but itself did."""
    names: tuple[str, ...] = ()
    """The hosts and addresses that it is valid for."""
    not_after: datetime
    """When it expires, in UTC."""

    def days_left(self, now: datetime) -> int:
        """Whole days until it expires; negative once it has.

        >>> Certificate(subject="a", issuer="b", not_after=datetime(2026, 5, 2, tzinfo=UTC)).days_left(
        ...     datetime(2026, 5, 1, 1, tzinfo=UTC))
        0
        """
        seconds = (self.not_after - now).total_seconds()
        return int(seconds // _DAY) if seconds >= 0 else -int(-seconds // _DAY)

    def has_expired(self, now: datetime) -> bool:
        """Whether it has."""
        return self.not_after <= now


@attrs.frozen
class Shown:
    """What a receiver shows of itself when TLS begins."""

    chain: tuple[Certificate, ...]
    """Its own certificate first, then those above it, as far as it sends them; never the root, mostly."""


async def look_at(endpoint: str, host: str, policy: EgressPolicy, *, patience: float = 5.0) -> Shown | None:
    """What is shown at *endpoint* (``ip:port``) to who asks for *host*; ``None`` where it cannot be seen.

    The address is checked by *policy* like any other. It may take *patience* seconds.
    """
    address, _, port = endpoint.rpartition(":")
    parsed = read_address(address)
    if parsed is None or not port.isdecimal() or policy.refusal(parsed):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # said above: it is looked at, and nothing is sent
    context.set_alpn_protocols(["http/1.1"])
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(patience):
            _, writer = await asyncio.open_connection(
                str(parsed), int(port), ssl=context, server_hostname=host.rstrip(".") or None
            )
        try:
            found = writer.get_extra_info("ssl_object")
            return Shown(tuple(_certificates(found)))
        finally:
            writer.transport.abort()
    return None


def _certificates(found: ssl.SSLObject) -> Iterable[Certificate]:
    # Not public before Python 3.13, and even there without what stands in them; but the same since 3.10. Where it is
    # gone, the chain is not told, and nothing else is lost.
    inner: Any = getattr(found, "_sslobj", None)
    unverified = getattr(inner, "get_unverified_chain", lambda: None)
    for each in unverified() or ():
        with contextlib.suppress(AttributeError, KeyError, ValueError):
            yield read_certificate(each.get_info())


def read_certificate(info: Mapping[str, Any]) -> Certificate:
    """From :meth:`ssl.SSLSocket.getpeercert`'s form. Raises ``KeyError`` and ``ValueError`` for what is not of it."""
    names = tuple(str(value) for _, value in info.get("subjectAltName", ()))
    subject, issuer = info.get("subject", ()), info.get("issuer", ())
    return Certificate(
        subject=_common_name(subject) or (names[0] if names else _organisation(subject)),
        issuer=_common_name(issuer) or _organisation(issuer),
        self_signed=subject == issuer,
        names=names,
        not_after=datetime.fromtimestamp(ssl.cert_time_to_seconds(info["notAfter"]), UTC),
    )


_Name: TypeAlias = "Iterable[Iterable[tuple[str, str]]]"


def _fields(name: _Name) -> dict[str, str]:
    return {key: value for part in name for key, value in part}


def _common_name(name: _Name) -> str:
    return _fields(name).get("commonName", "")


def _organisation(name: _Name) -> str:
    fields = _fields(name)
    return fields.get("organizationName") or fields.get("organizationalUnitName") or "somebody without a name"
