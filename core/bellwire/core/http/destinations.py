"""Lists of networks, addresses and host names, as an administrator writes them. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final

import attrs
import httpx

from .addresses import is_usual, read_address
from .special import contains, within

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .addresses import IPAddress
    from .special import IPNetwork  # noqa: TC004 - attrs keeps the name alone

_LONGEST_NAME: Final = 253
_name: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*").fullmatch
_numeric: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)", re.ASCII | re.DOTALL).fullmatch
_MAPPED: Final = IPv6Network("::ffff:0:0/96")


@attrs.frozen
class Destinations:
    """What a list names. With each stands the entry as it was written, for messages."""

    networks: tuple[tuple[IPNetwork, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    """Host names; one that begins with a dot stands for all names that end in it."""

    @classmethod
    def of(cls, entries: Iterable[str]) -> Destinations:
        """What *entries* name; raises ``ValueError`` with a sentence for the first that names nothing.

        >>> Destinations.of(["10.0.0.0/8", "*.Corp.example."]).naming_host("hooks.corp.example")
        '*.Corp.example.'
        """
        networks: list[tuple[IPNetwork, str]] = []
        names: list[tuple[str, str]] = []
        for entry in entries:
            named = read_entry(entry)
            if isinstance(named, str):
                names.append((named, entry))
            else:
                networks.append((named, entry))
        return cls(tuple(networks), tuple(names))

    def __bool__(self) -> bool:
        return bool(self.networks or self.names)

    def naming(self, address: IPAddress) -> str | None:
        """The entry that names *address*, or a network that it is in."""
        return next((entry for network, entry in self.networks if contains(network, address)), None)

    def naming_host(self, name: str) -> str | None:
        """The entry that names the host *name*, as :func:`plain_name` gives it."""
        return next(
            (
                entry
                for named, entry in self.names
                if (name.endswith(named) and len(name) > len(named) if named.startswith(".") else name == named)
            ),
            None,
        )


def read_entry(entry: str) -> IPNetwork | str:
    """The network or the host name that *entry* names; of ``*.corp.example`` what follows the star.

    An address is a network of one. A mapped network (``::ffff:10.0.0.0/104``) is the IPv4 network that it stands for.
    Raises ``ValueError`` with a sentence: only the usual notations are taken here, where a slip would open a door.
    """
    if "/" in entry:
        return _read_network(entry)
    address = read_address(entry)
    if address is not None:
        return _read_address(entry, address)
    dot = "." if entry.startswith("*.") else ""
    name = plain_name(entry.removeprefix("*."))
    if name is None or not _name(name) or len(name) > _LONGEST_NAME or looks_numeric(name):
        raise ValueError(_name_problem(entry))
    return dot + name


def _read_network(entry: str) -> IPNetwork:
    try:
        return _unmapped(ip_network(entry))
    except ValueError as error:
        written, _, _ = entry.partition("/")
        if read_address(written) is None and not looks_numeric(written):
            raise ValueError(_name_problem(entry)) from error
        try:
            whole = ip_network(entry, strict=False)
        except ValueError:
            msg = f"{entry!r} is no network such as '10.0.0.0/8' or 'fd00::/8'"
        else:
            msg = f"{entry!r} is one address of a network: write {written!r} or {str(whole)!r}"
        raise ValueError(msg) from error


def _read_address(entry: str, address: IPAddress) -> IPNetwork:
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        msg = f"{entry!r} must be without its zone: addresses with one are always refused"
        raise ValueError(msg)
    if entry.startswith("[") or not is_usual(entry):  # read by us, maybe as another address than the one that was meant
        msg = f"{entry!r} must be written as {str(address)!r}"
        raise ValueError(msg)
    return _unmapped(ip_network(address))


def _unmapped(network: IPNetwork) -> IPNetwork:
    if isinstance(network, IPv6Network) and within(network, _MAPPED):
        return ip_network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - 96))
    return network


def _name_problem(entry: str) -> str:
    if "/" in entry:
        return f"{entry!r} must be a host name or a network, not a URL"
    if entry.count(":") == 1:
        return f"{entry!r} must be without its port: all ports of a host are meant"
    if "*" in entry:
        return f"{entry!r}: a star stands only for whole labels at the beginning, as in '*.corp.example'"
    return f"{entry!r} is neither a network, nor an address, nor a host name such as 'hooks.example.org'"


def plain_name(host: str) -> str | None:
    """*host* as names are compared: in ASCII (IDNA 2008, as httpx has it), lower case, without the root's dot.

    ``None`` for what no name in ASCII can stand for.

    >>> plain_name("Hooks.Example.ORG."), plain_name("b\u00fccher.example")
    ('hooks.example.org', 'xn--bcher-kva.example')
    """
    name = host.lower().rstrip(".")
    if name.isascii():
        return name
    try:
        return httpx.URL(scheme="http", host=name).raw_host.decode("ascii")
    except httpx.InvalidURL:
        return None


def looks_numeric(name: str) -> bool:
    """Whether some parser may take *name* for an address: its last label is a number (WHATWG URL, 3.5).

    >>> looks_numeric("1.2.3.08"), looks_numeric("1.2.3.example")
    (True, False)
    """
    return _numeric(name) is not None
