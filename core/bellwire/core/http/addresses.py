"""IP addresses: reading them in every notation, and finding those that hide inside others. Pure."""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

IPAddress: TypeAlias = IPv4Address | IPv6Address

_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+", re.ASCII | re.IGNORECASE)
_MASK32: Final = 0xFFFF_FFFF

_NAT64: Final = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


def read_address(host: str) -> IPAddress | None:
    """The address that *host* spells, or ``None`` where it is a name.

    Besides the usual notations it reads what C's ``inet_aton`` and so most resolvers read: fewer than four parts,
    octal and hexadecimal numbers; and what browsers read: wide digits and dots (UTS 46), one dot at the end. A zone is
    kept: ``fe80::1%eth0``, also with its ``%`` escaped as in a URL (RFC 6874).

    >>> read_address("0x7f.1"), read_address("2130706433"), read_address("example.org")
    (IPv4Address('127.0.0.1'), IPv4Address('127.0.0.1'), None)
    """
    text = host if host.isascii() else unicodedata.normalize("NFKC", host).replace("\u3002", ".")
    text = text.removeprefix("[").removesuffix("]")
    if ":" in text:
        text = text.replace("%25", "%", 1)
    try:
        return ip_address(text)
    except ValueError:
        return _read_like_inet_aton(text.removesuffix("."))


def _read_like_inet_aton(text: str) -> IPv4Address | None:
    parts = text.split(".")
    if len(parts) > 4 or not all(map(_NUMBER.fullmatch, parts)):
        return None
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:  # 08 is neither octal nor decimal
        return None
    *leading, last = numbers
    if any(number > 255 for number in leading) or last >= 256 ** (4 - len(leading)):
        return None
    value = last
    for position, number in enumerate(leading):
        value |= number << (24 - 8 * position)
    return IPv4Address(value)


def _number(part: str) -> int:
    if part[:2].lower() == "0x":
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") else 10)


def is_usual(host: str) -> bool:
    """Whether *host* is an address in a notation that everybody reads alike; brackets are left out.

    >>> is_usual("8.8.8.8"), is_usual("[::1]"), is_usual("010.8.8.8"), is_usual("8.8.8.8.")
    (True, True, False, False)
    """
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def is_nat64(address: IPAddress) -> bool:
    """Whether *address* is an IPv4 address behind the well-known prefix of NAT64 (RFC 6052), and nothing else."""
    return isinstance(address, IPv6Address) and address in _NAT64


def hidden_addresses(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that packets to *address* may end at, by a gateway or a tunnel.

    NAT64 (RFC 6052, and the local-use prefix of RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380: server and client) and
    ISATAP (RFC 5214). A mapped address (``::ffff:0:0/96``) is not here: it *is* the IPv4 address, see
    :attr:`ipaddress.IPv6Address.ipv4_mapped`.

    >>> hidden_addresses(IPv6Address("64:ff9b::a9fe:a9fe"))
    (IPv4Address('169.254.169.254'),)
    """
    found: list[IPv4Address] = []
    value = int(address)
    if address in _NAT64:
        found.append(IPv4Address(value & _MASK32))
    elif address in _NAT64_LOCAL:
        found += _local_nat64_candidates(value)
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found += address.teredo
    if (value >> 32) & _MASK32 in _ISATAP:
        found.append(IPv4Address(value & _MASK32))
    return tuple(found)


def _local_nat64_candidates(value: int) -> list[IPv4Address]:
    # How long the operator's own prefix is cannot be known, so each length that RFC 6052 allows is read. Those that
    # do not apply read mostly as 0.x.y.z, which nobody can mean.
    ends_at_96 = value & _MASK32
    ends_at_64 = (value >> 24) & _MASK32  # bits 64 to 71 are always zero, and skipped
    ends_at_56 = ((value >> 64) & 0xFF) << 24 | (value >> 32) & 0xFF_FFFF
    ends_at_48 = ((value >> 64) & 0xFFFF) << 16 | (value >> 40) & 0xFFFF
    candidates = [ends_at_48, ends_at_56, ends_at_64, ends_at_96]
    return [IPv4Address(each) for each in dict.fromkeys(candidates) if each >> 24] or [IPv4Address(0)]


def show_endpoint(host: str, port: int) -> str:
    """``host:port`` as people write it, with brackets around what holds colons.

    >>> show_endpoint("::1", 8000)
    '[::1]:8000'
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
