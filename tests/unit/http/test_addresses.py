from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.http.addresses import hidden_addresses, read_address, show_endpoint


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0X7F.0x0.0X1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("10.65535", "10.0.255.255"),
        ("0xa9.254.0xa9fe", "169.254.169.254"),
        ("2852039166", "169.254.169.254"),
        ("0", "0.0.0.0"),
        ("0x", "0.0.0.0"),
        ("4294967295", "255.255.255.255"),
        ("::1", "::1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("１２７.0.0.1", "127.0.0.1"),
        ("127。0．0｡①", "127.0.0.1"),
        ("[::1]", "::1"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("fe80::1%25eth0", "fe80::1%eth0"),
    ],
)
def test_an_address_is_read_however_it_is_spelt(host: str, address: str) -> None:
    assert str(read_address(host)) in {address, str(IPv6Address(address)) if ":" in address else address}


@pytest.mark.parametrize(
    "host",
    ["example.org", "localhost", "", "1.2.3.4.5", "256.1.1.1", "1.2.3.256", "08.1.1.1", "4294967296", "1.16777216",
     "1..2", ".", "0x7g.1", "127.0.0.1..", "-1", "+1", "1_0.0.0.1", "\u0661.2.3.4", "a:b", "0xé", "127.0.0.1 "],
)  # fmt: skip
def test_what_is_no_address_is_a_name(host: str) -> None:
    assert read_address(host) is None


@given(st.integers(0, 2**32 - 1))
def test_a_number_is_the_address_that_it_counts(number: int) -> None:
    assert read_address(str(number)) == read_address(hex(number)) == read_address(f"0{number:o}") == IPv4Address(number)


@given(st.text(alphabet="0123456789abcdefxX.:%[]é ", max_size=24))
def test_reading_never_raises(host: str) -> None:
    read_address(host)


@pytest.mark.parametrize(
    ("address", "hidden"),
    [
        ("64:ff9b::10.1.2.3", ["10.1.2.3"]),
        ("64:ff9b:1:a9fe:a9:fe00::", ["169.254.169.254", "254.0.169.254", "169.254.0.0"]),  # /48, and misreadings
        ("64:ff9b:1::169.254.169.254", ["169.254.169.254"]),  # /96
        ("64:ff9b:1::a9:fea9:fe00:0", ["169.254.169.254", "254.169.254.0", "169.254.0.0"]),  # /64
        ("64:ff9b:1:a9:fe:a9fe::", ["169.254.169.254"]),  # /56
        ("64:ff9b:1::", ["0.0.0.0"]),
        ("2002:7f00:1::1", ["127.0.0.1"]),
        ("2001:0:a9fe:a9fe:0:0:f5ff:fffe", ["169.254.169.254", "10.0.0.1"]),
        ("2001:db8::5efe:10.0.0.1", ["10.0.0.1"]),
        ("2001:db8::200:5efe:10.0.0.1", ["10.0.0.1"]),
        ("2606:4700::1", []),
        ("::ffff:10.0.0.1", []),
    ],
)
def test_addresses_that_hide_inside_others_are_found(address: str, hidden: list[str]) -> None:
    found = [str(each) for each in hidden_addresses(IPv6Address(address))]
    assert set(found) >= set(hidden[:1])
    assert found == [] or hidden != []
    if not address.startswith("64:ff9b:1:"):
        assert found == hidden


@pytest.mark.parametrize("length", [48, 56, 64, 96])
@given(number=st.integers(2**24, 2**32 - 1))
def test_an_address_in_a_local_nat64_is_found_whatever_the_prefix_length(length: int, number: int) -> None:
    # RFC 6052, 2.2: the address follows the prefix, and jumps over bits 64 to 71
    bits = f"{int(IPv6Address('64:ff9b:1::')):0128b}"[:length]
    rest = f"{number:032b}"
    if length < 96:
        before = 64 - length
        rest = rest[:before] + "00000000" + rest[before:]
    address = IPv6Address(int((bits + rest).ljust(128, "0"), 2))
    assert IPv4Address(number) in hidden_addresses(address)


def test_an_endpoint_has_brackets_where_it_needs_them() -> None:
    assert show_endpoint("10.0.0.1", 80) == "10.0.0.1:80"
    assert show_endpoint("fd00::1", 80) == "[fd00::1]:80"
