"""Lists of networks, addresses and host names, as they are read."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.http import EgressPolicy
from bellwire.core.http.destinations import Destinations, plain_name, read_entry


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ("10.0.0.0/8", IPv4Network("10.0.0.0/8")),
        ("10.0.0.0/255.0.0.0", IPv4Network("10.0.0.0/8")),
        ("10.1.2.3", IPv4Network("10.1.2.3/32")),
        ("0.0.0.0/0", IPv4Network("0.0.0.0/0")),
        ("fd00::/8", IPv6Network("fd00::/8")),
        ("FD00::1", IPv6Network("fd00::1/128")),
        ("::/0", IPv6Network("::/0")),
        ("::ffff:10.0.0.0/104", IPv4Network("10.0.0.0/8")),
        ("::ffff:10.1.2.3", IPv4Network("10.1.2.3/32")),
        ("hooks.example.org", "hooks.example.org"),
        ("Hooks.Example.ORG.", "hooks.example.org"),
        ("localhost", "localhost"),
        ("a_b.example", "a_b.example"),
        ("3com.example", "3com.example"),
        ("*.corp.example", ".corp.example"),
        ("*.example", ".example"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("*.\u5de5\u5355.example", ".xn--4krr9v.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_an_entry_names_a_network_or_a_host(entry: str, named: object) -> None:
    assert read_entry(entry) == named


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("10.1.2.3/8", "is one address of a network: write '10.1.2.3' or '10.0.0.0/8'"),
        ("fd00::1/8", "is one address of a network: write 'fd00::1' or 'fd00::/8'"),
        ("10.0.0.0/33", "is no network"),
        ("10.0.0.0/", "is no network"),
        ("10.0.0.256/24", "is no network"),
        ("010.0.0.0/8", "is no network"),
        ("corp.example/8", "must be a host name or a network, not a URL"),
        ("0x7f.1", "must be written as '127.0.0.1'"),
        ("127.1", "must be written as '127.0.0.1'"),
        ("2130706433", "must be written as '127.0.0.1'"),
        ("127.0.0.1.", "must be written as '127.0.0.1'"),
        ("[::1]", "must be written as '::1'"),
        ("fe80::1%eth0", "must be without its zone"),
        ("[fe80::1%25eth0]", "must be without its zone"),
        ("http://hooks.example.org", "must be a host name or a network, not a URL"),
        ("hooks.example.org/hook", "must be a host name or a network, not a URL"),
        ("hooks.example.org:8000", "must be without its port"),
        ("10.0.0.1:80", "must be without its port"),
        ("[::1]:80", "neither"),
        ("*", "a star stands only for whole labels at the beginning"),
        ("*.", "a star"),
        ("*corp.example", "a star"),
        ("hooks.*.example", "a star"),
        ("*.*.example", "a star"),
        ("*.10.0.0.1", "a star"),
        ("", "neither a network, nor an address, nor a host name"),
        (" ", "neither"),
        (" 10.0.0.1", "neither"),
        (".", "neither"),
        (".corp.example", "neither"),
        ("a..b", "neither"),
        ("-a.example", "neither"),
        ("1.2.3.4.5", "neither"),
        ("a.0x1", "neither"),
        ("x" * 64 + ".example", "neither"),
        ("a." * 127 + "example", "neither"),
        ("\u2603.example", "neither"),
        ("a b.example", "neither"),
        ("caf\u00e9..example", "neither"),
        ("a\n.example", "neither"),
    ],
)
def test_what_names_nothing_is_told_with_the_way_out(entry: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"^'") as caught:
        read_entry(entry)
    assert told in str(caught.value)
    with pytest.raises(ValueError, match=r"^'"):
        EgressPolicy(deny=["10.0.0.0/8", entry])


@given(st.text(max_size=40) | st.from_regex(r"[0-9a-fx.:/%*\[\]]{0,20}", fullmatch=True))
def test_reading_raises_nothing_but_its_sentence(entry: str) -> None:
    with contextlib.suppress(ValueError):
        assert read_entry(entry)


@given(st.from_regex(r"[a-z][a-z0-9]{0,9}(\.[a-z][a-z0-9]{0,9}){0,3}", fullmatch=True))
def test_a_name_is_named_by_itself_and_by_the_star_above_it_and_names_below_it_by_its_star(name: str) -> None:
    assert Destinations.of([name]).naming_host(name) == name
    assert Destinations.of([f"*.{name}"]).naming_host(f"a.{name}") == f"*.{name}"
    assert Destinations.of([f"*.{name}"]).naming_host(name) is None
    assert Destinations.of([f"*.{name}"]).naming_host(f"a{name}") is None


@given(st.text(max_size=30))
def test_a_plain_name_stays_as_it_is(host: str) -> None:
    name = plain_name(host)
    if name is not None:
        assert plain_name(name) == name
