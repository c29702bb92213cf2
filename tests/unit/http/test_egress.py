from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.http import EgressPolicy
from bellwire.core.http.addresses import read_address

NEVER = [  # refused by both
    ("169.254.169.254", "cloud metadata"),
    ("169.254.170.2", "link-local"),
    ("169.254.0.0", "link-local"),
    ("169.254.255.255", "link-local"),
    ("0xa9fea9fe", "cloud metadata"),
    ("100.100.100.200", "Alibaba"),
    ("168.63.129.16", "Azure"),
    ("192.0.0.192", "Oracle"),
    ("0.0.0.0", "unspecified"),
    ("0", "unspecified"),
    ("0.1.2.3", "this network"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.1", "reserved"),
    ("254.255.255.255", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "unspecified"),
    ("fe80::1", "link-local"),
    ("febf::1", "link-local"),
    ("fe80::1%eth0", "zone"),
    ("fd00::1%eth0", "zone"),
    ("::1%lo", "zone"),
    ("fe80::a9fe:a9fe", "link-local"),
    ("fec0::1", "reserved"),
    ("ff02::1", "multicast"),
    ("ff0e::1", "multicast"),
    ("fd00:ec2::254", "AWS"),
    ("fd00:ec2::23", "AWS"),
    ("fd20:ce::254", "Google"),
    ("fd00:42::42", "Scaleway"),
    ("fd00:100::100:200", "Alibaba"),
    ("fd00:c1::a9fe:a9fe", "Oracle"),
    ("fd00:a9fe:a9fe::1", "Akamai"),
    ("0xa9.0xfe.0xa9.0xfe", "cloud metadata"),
    ("0251.0376.0251.0376", "cloud metadata"),
    ("169.254.43518", "cloud metadata"),
    ("169.254.169.254.", "cloud metadata"),
    ("１６９。２５４．１６９｡２５４", "cloud metadata"),
    ("[::ffff:a9fe:a9fe]", "stands for 169.254.169.254"),
    ("0x646464c8", "Alibaba"),
    ("0xa83f8110", "Azure"),
    ("::2", "reserved"),
    ("::127.0.0.1", "reserved"),
    ("::8.8.8.8", "reserved"),
    ("100::1", "reserved"),
    ("4000::1", "reserved"),
    ("fb00::1", "reserved"),
    ("64:ff9a::1", "reserved"),
    ("::ffff:169.254.169.254", "stands for 169.254.169.254"),
    ("::ffff:0.0.0.0", "stands for 0.0.0.0"),
    ("::ffff:224.0.0.1", "stands for 224.0.0.1"),
    ("::ffff:0:169.254.169.254", "reserved"),
    ("64:ff9b::169.254.169.254", "leads to 169.254.169.254"),
    ("64:ff9b::100.100.100.200", "leads to 100.100.100.200"),
    ("64:ff9b::", "leads to 0.0.0.0"),
    ("64:ff9b:1::169.254.169.254", "leads to 169.254.169.254"),
    ("64:ff9b:1:a9fe:a9:fe00::", "leads to 169.254.169.254"),
    ("64:ff9b:1::", "leads to 0.0.0.0"),
    ("2002:a9fe:a9fe::1", "leads to 169.254.169.254"),
    ("2002:e000:1::", "leads to 224.0.0.1"),
    ("2001:0:a9fe:a9fe::1", "leads to 169.254.169.254"),
    ("2001:0:808:808:0:0:5601:5601", "leads to 169.254.169.254"),
    ("2a00::5efe:169.254.169.254", "leads to 169.254.169.254"),
]

PRIVATE = [  # allowed internally, refused in public
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("0x7f.1", "loopback"),
    ("2130706433", "loopback"),
    ("017700000001", "loopback"),
    ("0177.0.0.1", "loopback"),
    ("127.1", "loopback"),
    ("127.0.0.1.", "loopback"),
    ("１２７.0.0.1", "loopback"),
    ("0x7f000001", "loopback"),
    ("0xa.1", "private"),
    ("[::1]", "loopback"),
    ("[::ffff:7f00:1]", "stands for 127.0.0.1"),
    ("10.0.0.0", "private"),
    ("10.255.255.255", "private"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.168.21.34", "private"),
    ("100.64.0.1", "shared"),
    ("100.127.255.255", "shared"),
    ("100.100.100.201", "shared"),
    ("192.0.0.8", "IETF"),
    ("192.0.2.1", "documentation"),
    ("198.51.100.1", "documentation"),
    ("203.0.113.1", "documentation"),
    ("198.18.0.1", "benchmarks"),
    ("198.19.255.255", "benchmarks"),
    ("192.88.99.1", "6to4"),
    ("::1", "loopback"),
    ("fc00::1", "private"),
    ("fd12:3456:789a::1", "private"),
    ("2001:db8::1", "documentation"),
    ("3fff::1", "documentation"),
    ("2001:2::1", "IETF"),
    ("2001:0:808:808:0:0:f7f7:f7f7", "Teredo"),
    ("2002:808:808::1", "6to4"),
    ("::ffff:10.0.0.1", "stands for 10.0.0.1: that is a private"),
    ("::ffff:127.0.0.1", "stands for 127.0.0.1"),
    ("64:ff9b::10.0.0.1", "leads to 10.0.0.1"),
    ("64:ff9b::127.0.0.1", "leads to 127.0.0.1"),
    ("64:ff9b:1::8.8.8.8", "local NAT64"),
    ("2002:a00:1::1", "6to4"),
    ("2a00::200:5efe:10.0.0.1", "leads to 10.0.0.1"),
]

GLOBAL = [  # allowed by both
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
    "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.1",
    "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "0x08080808", "2000::1",
    "2001:200::1", "2606:4700::1111", "3ffe::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2a00::5efe:8.8.8.8",
]  # fmt: skip


def refusal(mode: str, host: str) -> str | None:
    return EgressPolicy(mode).refusal_of_host(host)  # type: ignore[arg-type]  # a mode from the table


@pytest.mark.parametrize("mode", ["internal", "public"])
@pytest.mark.parametrize(("host", "reason"), NEVER)
def test_these_are_always_refused(mode: str, host: str, reason: str) -> None:
    said = refusal(mode, host)
    assert said is not None
    assert reason in said
    assert "always refused" in said


@pytest.mark.parametrize(("host", "reason"), PRIVATE)
def test_these_are_allowed_internally_and_refused_in_public(host: str, reason: str) -> None:
    assert refusal("internal", host) is None
    said = refusal("public", host)
    assert said is not None
    assert reason in said
    assert 'egress "public" allows global addresses only' in said


@pytest.mark.parametrize("mode", ["internal", "public"])
@pytest.mark.parametrize("host", GLOBAL)
def test_these_are_always_allowed(mode: str, host: str) -> None:
    assert refusal(mode, host) is None


def test_the_table_is_as_long_as_it_claims() -> None:
    hosts = [host for host, _ in NEVER + PRIVATE] + GLOBAL
    assert all(map(read_address, hosts))
    assert len(set(hosts)) == len(hosts) >= 130


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), st.integers(0, 2**32 - 1).map(IPv4Address)))
def test_public_allows_nothing_that_internal_refuses(address: IPv4Address | IPv6Address) -> None:
    if EgressPolicy("public").refusal(address) is None:
        assert EgressPolicy("internal").refusal(address) is None


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_judged_alike_in_every_wrapping(number: int) -> None:
    for mode in ("internal", "public"):
        policy = EgressPolicy(mode)
        refused = policy.refusal(IPv4Address(number)) is not None
        for prefix in ("::ffff:0:0", "64:ff9b::"):
            wrapped = IPv6Address(int(IPv6Address(prefix)) + number)
            assert (policy.refusal(wrapped) is not None) == refused


@given(st.ip_addresses())
def test_what_public_allows_the_standard_library_calls_global_too(address: IPv4Address | IPv6Address) -> None:
    if EgressPolicy("public").refusal(address) is None:
        assert ip_address(str(address)).is_global


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="mode"):
        EgressPolicy("open")  # type: ignore[arg-type]  # the very mistake
