"""Where connections may go: a pure function of the host, and after the name was resolved of each of its addresses.

Who wins: what is always refused beats everything; then the deny list; then the mode, but for what is not global and the
allow list names by its network; then the allow list, which, where it is not empty, is all that may be reached.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from .addresses import IPAddress, hidden_addresses, is_nat64, is_usual, read_address
from .destinations import Destinations, looks_numeric, plain_name
from .special import METADATA_NAMES, contains, is_beside_the_internet, never_allowed, not_global

if TYPE_CHECKING:
    from collections.abc import Iterable

EgressMode: TypeAlias = Literal["internal", "public"]


def _destinations(entries: Iterable[str] | Destinations) -> Destinations:
    return entries if isinstance(entries, Destinations) else Destinations.of(entries)


@attrs.frozen
class EgressPolicy:
    """Which hosts and addresses may be connected to.

    ``internal`` allows private, loopback and global addresses: receivers in this field are internal services.
    ``public`` allows global addresses, and networks that are not global only where *allow* names them. Link-local,
    metadata, multicast, unspecified and reserved addresses are refused whatever the lists say.

    *allow*, where it is not empty, restricts both modes to what it names: hosts by their name, addresses by their
    network. *deny* beats it. Both take networks, addresses and host names (``*.corp.example`` for all below it), and
    raise ``ValueError`` with a sentence for anything else.

    What it does not stop: docs/guide/egress.md.
    """

    mode: EgressMode = attrs.field(default="internal", validator=attrs.validators.in_(("internal", "public")))
    allow: Destinations = attrs.field(default=Destinations(), converter=_destinations)
    deny: Destinations = attrs.field(default=Destinations(), converter=_destinations)

    def refusal(self, address: IPAddress, *, host: str = "") -> str | None:
        """Why *address* may not be connected to, as a sentence without its full stop; ``None`` where it may.

        *host* is the name that led to it, if one did; ask :meth:`refusal_of_host` about that one first. IPv4 addresses
        inside IPv6 ones (mapped, NAT64, 6to4, Teredo, ISATAP) must be allowed themselves as well.

        >>> EgressPolicy("public").refusal(IPv4Address("10.0.0.1"))
        '10.0.0.1 is a private address, and egress "public" allows global addresses only, unless egress_allow names it'
        >>> EgressPolicy("public", allow=["10.0.0.0/8"]).refusal(IPv4Address("10.0.0.1"))
        """
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return f"{address} names a zone, which only link-local addresses have; they are always refused"
        chain = _chain(address)
        for judge in (_never, self._denied, self._not_public):  # the graver reason before the lighter one
            for prefix, each in chain:
                if reason := judge(each):
                    return f"{prefix}{reason}"
        if not self.allow or (host and self.allow.naming_host(plain_name(host) or "")):
            return None
        for prefix, each in chain:
            if not (is_nat64(each) or self.allow.naming(each)):  # NAT64 is a way to the IPv4 address, no place
                return f"{prefix}not named in egress_allow"
        return None

    def refusal_of_host(self, host: str) -> str | None:
        """Why *host*, a name or an address however it is spelt, may not be connected to, by what is known before DNS.

        >>> EgressPolicy(deny=["*.example.org"]).refusal_of_host("hooks.example.org")
        "the host name hooks.example.org is denied by '*.example.org' in egress_deny"
        >>> EgressPolicy().refusal_of_host("0xa9fea9fe")
        '169.254.169.254 is the address of cloud metadata, which is always refused'
        """
        if address := read_address(host):
            return self.refusal(address)
        name = plain_name(host)
        if name is None:
            return f"{host!a} is no host name"
        if name in METADATA_NAMES:
            return f"{name} is a cloud's metadata service, which is always refused"
        if entry := self.deny.naming_host(name):
            return f"the host name {name} is denied by {entry!r} in egress_deny"
        if self.allow and not self.allow.networks and not self.allow.naming_host(name):
            return f"the host name {name} is not named in egress_allow"
        return None

    def refusal_of_proxying(self, host: str = "") -> str | None:
        """Why *host* may not be asked of a proxy, which resolves names itself; without one, why no proxy may be used.

        The proxy itself is a host like any other: :meth:`refusal_of_host`, and :meth:`refusal` for its address.
        """
        if self.mode == "public" and not self.allow.names:
            return (
                'egress "public" allows a proxy only where egress_allow has host names, since a proxy resolves names '
                "itself, and leads to private addresses too"
            )
        if not host or (reason := self.refusal_of_host(host)):
            return reason if host else None
        if address := read_address(host):
            return None if is_usual(host) else f"{host} must be written as {address}: a proxy may read another address"
        name = plain_name(host) or ""
        if looks_numeric(name):
            return f"the host name {name} ends in a number, and a proxy may read an address in it"
        if self.allow and not self.allow.naming_host(name):
            return f"the host name {name} is not named in egress_allow; a proxy resolves it, so networks do not count"
        return None

    def _denied(self, address: IPAddress) -> str | None:
        entry = self.deny.naming(address)
        return entry and f"denied by {entry!r} in egress_deny"

    def _not_public(self, address: IPAddress) -> str | None:
        if self.mode != "public" or (what := not_global(address)) is None:
            return None
        if any(contains(network, address) and is_beside_the_internet(network) for network, _ in self.allow.networks):
            return None  # 0.0.0.0/0 means the Internet, and opens nothing that is not of it
        return f'{what}, and egress "public" allows global addresses only, unless egress_allow names it'


def _never(address: IPAddress) -> str | None:
    what = never_allowed(address)
    return what and f"{what}, which is always refused"


def _chain(address: IPAddress) -> list[tuple[str, IPAddress]]:
    """*address* and those inside it, each with the beginning of a sentence about it."""
    itself = (f"{address} is ", address)
    if isinstance(address, IPv4Address):
        return [itself]
    if mapped := address.ipv4_mapped:  # a spelling of that address, and no address of its own
        return [(f"{address} stands for {mapped}: that is ", mapped)]
    return [itself, *((f"{address} leads to {hidden}: that is ", hidden) for hidden in hidden_addresses(address))]
