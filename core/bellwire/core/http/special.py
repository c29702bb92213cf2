"""What an address is for, where that is more than reaching a machine: the tables behind the egress policy. Pure.

They are ours and not :mod:`ipaddress`'s: ``is_global`` says yes to ``64:ff9b::169.254.169.254``, knows no metadata
service outside 169.254.0.0/16, and changed its mind between patch releases of Python.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .addresses import IPAddress

IPNetwork: TypeAlias = IPv4Network | IPv6Network
_Table: TypeAlias = tuple[tuple[IPNetwork, str], ...]


def _table(rows: Iterable[tuple[str, str]]) -> _Table:
    return tuple((ip_network(network), what) for network, what in rows)


_NEVER: Final = _table(
    [  # the more special first, since the first that matches gives the reason
        ("169.254.169.254/32", "the address of cloud metadata"),
        ("100.100.100.200/32", "Alibaba Cloud's metadata address"),
        ("168.63.129.16/32", "Azure's platform address"),
        ("192.0.0.192/32", "Oracle Cloud's metadata address"),
        ("fd00:ec2::/32", "in AWS's metadata network"),
        ("fd00:100::100:200/128", "Alibaba Cloud's metadata address"),
        ("fd00:c1::a9fe:a9fe/128", "Oracle Cloud's metadata address"),
        ("fd00:42::42/128", "Scaleway's metadata address"),
        ("fd00:a9fe:a9fe::1/128", "Akamai's metadata address"),
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

METADATA_NAMES: Final = frozenset(
    {
        "instance-data.ec2.internal",
        "metadata.azure.internal",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.tencentyun.com",
    }
)
"""Names of metadata services: a proxy would resolve them where nobody checks the address."""


def never_allowed(address: IPAddress) -> str | None:
    """What *address* is that must never be connected to, such as ``a multicast address``; ``None`` for all others.

    >>> from ipaddress import ip_address
    >>> never_allowed(ip_address("169.254.1.1")), never_allowed(ip_address("10.0.0.1"))
    ('a link-local address', None)
    """
    what = _kind(address, _NEVER)
    if what is None and isinstance(address, IPv6Address) and not any(address in each for each in _USABLE_IPV6):
        return "a reserved address"
    return what


def not_global(address: IPAddress) -> str | None:
    """What *address* is that the Internet does not lead to, such as ``a private address``; ``None`` for global ones."""
    return _kind(address, _NOT_GLOBAL)


def is_never_allowed(network: IPNetwork) -> bool:
    """Whether no address of *network* may ever be connected to."""
    if any(within(network, never) for never, _ in _NEVER):
        return True
    return isinstance(network, IPv6Network) and not any(network.overlaps(usable) for usable in _USABLE_IPV6)


def is_beside_the_internet(network: IPNetwork) -> bool:
    """Whether all of *network* is of one kind that is not global, as of private addresses."""
    return any(within(network, each) for each, _ in _NOT_GLOBAL)


def contains(network: IPNetwork, address: IPAddress) -> bool:
    """Whether *address* is in *network*; never so for two versions of IP."""
    return network.version == address.version and address in network


def within(inner: IPNetwork, outer: IPNetwork) -> bool:
    """Whether all of *inner* lies in *outer*; never so for two versions of IP."""
    return inner.prefixlen >= outer.prefixlen and contains(outer, inner.network_address)


def _kind(address: IPAddress, table: _Table) -> str | None:
    return next((what for network, what in table if contains(network, address)), None)
