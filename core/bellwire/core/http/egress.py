"""Where connections may go: a pure function of the address, asked after the name was resolved.

The tables are ours and not :mod:`ipaddress`'s: ``is_global`` says yes to ``64:ff9b::169.254.169.254``, knows no
metadata service outside 169.254.0.0/16, and changed its mind between patch releases of Python.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from .addresses import IPAddress, hidden_addresses

if TYPE_CHECKING:
    from collections.abc import Iterable

EgressMode: TypeAlias = Literal["internal", "public"]
_Table: TypeAlias = tuple[tuple[IPv4Network | IPv6Network, str], ...]


def _table(rows: Iterable[tuple[str, str]]) -> _Table:
    return tuple((ip_network(network), what) for network, what in rows)


_NEVER: Final = _table(
    [  # the more special first, since the first that matches gives the reason
        ("169.254.169.254/32", "the address of cloud metadata"),
        ("100.100.100.200/32", "Alibaba Cloud's metadata address"),
        ("168.63.129.16/32", "Azure's platform address"),
        ("192.0.0.192/32", "Oracle Cloud's metadata address"),
        ("fd00:ec2::/32", "in AWS's metadata network"),
        ("fd00:42::42/128", "Scaleway's metadata address"),
        ("fd20:ce::254/128", "Google Cloud's metadata address"),
        ("169.254.0.0/16", "a link-local address"),
        ("fe80::/10", "a link-local address"),
        ("0.0.0.0/32", "the unspecified address"),
        ("::/128", "the unspecified address"),
        ("0.0.0.0/8", "an address of this network itself"),
        ("224.0.0.0/4", "a multicast address"),
        ("ff00::/8", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved address"),
    ]
)

# Everything else in IPv6 is reserved by the IETF, among it the obsolete IPv4-compatible ::/96 and site-local fec0::/10.
_USABLE_IPV6: Final = tuple(
    IPv6Network(network) for network in ("2000::/3", "fc00::/7", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48")
)

_NOT_GLOBAL: Final = _table(  # IANA's special-purpose registries, RFC 6890 and its updates
    [
        ("127.0.0.0/8", "a loopback address"),
        ("10.0.0.0/8", "a private address"),
        ("172.16.0.0/12", "a private address"),
        ("192.168.0.0/16", "a private address"),
        ("100.64.0.0/10", "a carrier's shared address"),
        ("192.0.0.0/24", "an address of IETF protocols"),
        ("192.0.2.0/24", "an address for documentation"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("192.88.99.0/24", "an address of 6to4 relays"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("::1/128", "a loopback address"),
        ("fc00::/7", "a private address"),
        ("64:ff9b:1::/48", "an address of a local NAT64"),
        ("2001:db8::/32", "an address for documentation"),
        ("3fff::/20", "an address for documentation"),
        ("2001::/32", "a Teredo address"),
        ("2001::/23", "an address of IETF protocols"),
        ("2002::/16", "a 6to4 address"),
    ]
)


@attrs.frozen
class EgressPolicy:
    """Which addresses may be connected to.

    ``internal`` allows private, loopback and global addresses: receivers in this field are internal services.
    ``public`` allows global addresses only. Link-local, metadata, multicast, unspecified and reserved addresses are
    refused by both. What it does not stop: a NAT64 gateway with a prefix of its own, and a receiver that passes the
    request on.
    """

    mode: EgressMode = attrs.field(default="internal", validator=attrs.validators.in_(("internal", "public")))

    def refusal(self, address: IPAddress) -> str | None:
        """Why *address* may not be connected to, as a sentence without its full stop; ``None`` where it may.

        IPv4 addresses inside IPv6 ones (mapped, NAT64, 6to4, Teredo, ISATAP) must be allowed themselves as well.

        >>> EgressPolicy("public").refusal(IPv4Address("10.0.0.1"))
        '10.0.0.1 is a private address, and egress "public" allows global addresses only'
        >>> EgressPolicy("internal").refusal(IPv4Address("10.0.0.1"))
        """
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return f"{address} names a zone, which only link-local addresses have; they are always refused"
        chain = _chain(address)
        for judge in (_refused_always, self._refused_here):  # the graver reason before the lighter one
            for prefix, each in chain:
                if reason := judge(each):
                    return f"{prefix}{each} is {reason}"
        return None

    def _refused_here(self, address: IPAddress) -> str | None:
        if self.mode == "public" and (what := _kind(address, _NOT_GLOBAL)):
            return f'{what}, and egress "public" allows global addresses only'
        return None


def _chain(address: IPAddress) -> list[tuple[str, IPAddress]]:
    """*address* and those inside it, each with what says how it came into play."""
    if isinstance(address, IPv4Address):
        return [("", address)]
    if address.ipv4_mapped is not None:  # a spelling of that address, and no address of its own
        return [(f"{address} stands for ", address.ipv4_mapped)]
    return [("", address), *((f"{address} leads to ", hidden) for hidden in hidden_addresses(address))]


def _refused_always(address: IPAddress) -> str | None:
    what = _kind(address, _NEVER)
    if what is None and isinstance(address, IPv6Address) and not any(address in each for each in _USABLE_IPV6):
        what = "a reserved address"
    return what and f"{what}, which is always refused"


def _kind(address: IPAddress, table: _Table) -> str | None:
    return next((what for network, what in table if network.version == address.version and address in network), None)
