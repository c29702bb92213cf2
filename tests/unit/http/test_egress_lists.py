"""What the lists of the egress policy allow and deny, for names and addresses, and who wins."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellwire.core.http import EgressPolicy

Address: TypeAlias = IPv4Address | IPv6Address
Mode: TypeAlias = Literal["internal", "public"]
Row: TypeAlias = tuple[Mode, list[str], list[str], str, str | None]

HOST: Final = "hooks.corp.example"
UNNAMED: Final = "is not named in egress_allow"
NOT_GLOBAL: Final = 'egress "public" allows global addresses only'

ADDRESSES: Final[list[Row]] = [  # mode, allow, deny, address, what a refusal says
    # nothing named: the mode alone
    ("internal", [], [], "10.0.0.1", None),
    ("public", [], [], "10.0.0.1", NOT_GLOBAL),
    # what is denied is refused, in whatever wrapping
    ("internal", [], ["10.0.0.0/8"], "10.255.0.1", "10.255.0.1 is denied by '10.0.0.0/8' in egress_deny"),
    ("internal", [], ["10.0.0.0/8"], "11.0.0.1", None),
    ("internal", [], ["10.0.0.5"], "10.0.0.5", "denied by '10.0.0.5'"),
    ("internal", [], ["10.0.0.5"], "10.0.0.6", None),
    ("internal", [], ["10.0.0.5"], "::ffff:10.0.0.5", "stands for 10.0.0.5: that is denied"),
    ("internal", [], ["10.0.0.5"], "64:ff9b::10.0.0.5", "leads to 10.0.0.5: that is denied"),
    ("internal", [], ["10.0.0.5"], "2002:a00:5::1", "leads to 10.0.0.5: that is denied"),
    ("internal", [], ["64:ff9b::/96"], "64:ff9b::8.8.8.8", "denied by '64:ff9b::/96'"),
    ("internal", [], ["::ffff:10.0.0.0/104"], "10.9.9.9", "denied by '::ffff:10.0.0.0/104'"),
    ("internal", [], ["::ffff:10.0.0.5"], "10.0.0.5", "denied"),
    ("internal", [], ["127.0.0.0/8", "::1"], "127.1", "denied by '127.0.0.0/8'"),
    ("internal", [], ["127.0.0.0/8", "::1"], "::1", "denied by '::1'"),
    ("internal", [], ["0.0.0.0/0"], "8.8.8.8", "denied by '0.0.0.0/0'"),
    ("internal", [], ["0.0.0.0/0"], "2606:4700::1", None),
    ("internal", [], ["fd00::/8"], "fd12::1", "denied by 'fd00::/8'"),
    ("public", [], ["8.8.0.0/16"], "8.8.8.8", "denied by '8.8.0.0/16'"),
    # something named: that alone
    ("internal", ["10.0.0.0/8"], [], "10.0.0.1", None),
    ("internal", ["10.0.0.0/8"], [], "8.8.8.8", "8.8.8.8 is not named in egress_allow"),
    ("internal", ["10.0.0.0/8"], [], "192.168.0.1", UNNAMED),
    ("internal", ["10.0.0.0/8"], [], "::1", UNNAMED),
    ("internal", ["10.0.0.0/8"], [], "::ffff:10.0.0.1", None),
    ("internal", ["10.0.0.0/8"], [], "::ffff:8.8.8.8", "stands for 8.8.8.8: that is not named"),
    ("internal", ["10.0.0.0/8"], [], "64:ff9b::10.0.0.1", None),
    ("internal", ["64:ff9b::/96"], [], "64:ff9b::10.0.0.1", "leads to 10.0.0.1: that is not named"),
    ("internal", ["2002::/16"], [], "2002:a00:1::1", "leads to 10.0.0.1: that is not named"),
    ("internal", ["10.0.0.0/8"], [], "2002:a00:1::1", UNNAMED),
    ("internal", ["10.0.0.0/8", "2002::/16"], [], "2002:a00:1::1", None),
    ("internal", ["10.1.2.3"], [], "10.1.2.3", None),
    ("internal", ["10.1.2.3"], [], "0xa.0x10203", None),
    ("internal", ["10.1.2.3"], [], "10.1.2.4", UNNAMED),
    ("internal", [HOST], [], "10.0.0.1", UNNAMED),
    ("internal", ["0.0.0.0/0"], [], "10.0.0.1", None),
    ("internal", ["0.0.0.0/0"], [], "fd00::1", UNNAMED),
    # in public a network opens what is not global only where it is of it
    ("public", ["10.20.0.0/16"], [], "10.20.0.1", None),
    ("public", ["10.20.0.0/16"], [], "10.21.0.1", NOT_GLOBAL),
    ("public", ["10.20.0.0/16"], [], "8.8.8.8", UNNAMED),
    ("public", ["10.20.0.0/16", "0.0.0.0/0"], [], "8.8.8.8", None),
    ("public", ["0.0.0.0/0", "10.20.0.0/16"], [], "10.20.0.1", None),
    ("public", ["0.0.0.0/0", "::/0"], [], "10.20.0.1", NOT_GLOBAL),
    ("public", ["0.0.0.0/0", "::/0"], [], "127.0.0.1", NOT_GLOBAL),
    ("public", ["0.0.0.0/0", "::/0"], [], "fd00::1", NOT_GLOBAL),
    ("public", ["0.0.0.0/0", "::/0"], [], "::1", NOT_GLOBAL),
    ("public", ["0.0.0.0/0", "::/0"], [], "2606:4700::1", None),
    ("public", ["8.0.0.0/5"], [], "10.20.0.1", NOT_GLOBAL),
    ("public", ["fd12:3456::/32"], [], "fd12:3456::1", None),
    ("public", ["127.0.0.1"], [], "127.0.0.1", None),
    ("public", ["127.0.0.1"], [], "127.0.0.2", NOT_GLOBAL),
    ("public", ["10.20.0.0/16"], [], "64:ff9b::10.20.0.1", None),
    ("public", ["10.20.0.0/16"], [], "::ffff:10.20.0.1", None),
    ("public", [HOST], [], "10.20.0.1", NOT_GLOBAL),
    # deny beats allow, whichever is the narrower
    ("internal", ["10.0.0.0/8"], ["10.0.0.0/8"], "10.0.0.1", "denied"),
    ("internal", ["10.0.0.5"], ["10.0.0.0/8"], "10.0.0.5", "denied"),
    ("internal", ["10.0.0.0/8"], ["10.0.0.5"], "10.0.0.5", "denied"),
    ("internal", ["10.0.0.0/8"], ["10.0.0.5"], "10.0.0.6", None),
    ("public", ["10.0.0.0/8"], ["10.0.0.5"], "10.0.0.5", "denied"),
    # nothing beats what is always refused
    ("internal", ["169.254.169.254"], [], "169.254.169.254", "always refused"),
    ("internal", ["0.0.0.0/0"], [], "169.254.1.1", "always refused"),
    ("public", ["100.64.0.0/10"], [], "100.100.100.200", "always refused"),
    ("public", ["100.64.0.0/10"], [], "100.100.100.201", None),
    ("public", ["192.0.0.0/24"], [], "192.0.0.192", "always refused"),
    ("public", ["0.0.0.0/0"], [], "168.63.129.16", "always refused"),
    ("internal", ["fd00::/8"], [], "fd00:ec2::254", "always refused"),
    ("internal", ["fe80::/10"], [], "fe80::1%eth0", "always refused"),
    ("internal", [], ["169.254.0.0/16"], "169.254.169.254", "always refused"),
]  # fmt: skip

HOSTS: Final[list[Row]] = [  # mode, allow, deny, host name, what a refusal says before the look-up
    ("internal", [], [], HOST, None),
    ("public", [], [], HOST, None),
    ("internal", [], [HOST], HOST, "the host name hooks.corp.example is denied by 'hooks.corp.example' in egress_deny"),
    ("internal", [], [HOST], "HOOKS.Corp.Example", "denied"),
    ("internal", [], [HOST], "hooks.corp.example.", "denied"),
    ("internal", [], [HOST], "hooks.corp.example..", "denied"),
    ("internal", [], ["HOOKS.Corp.Example."], HOST, "denied by 'HOOKS.Corp.Example.'"),
    ("internal", [], [HOST], "a.hooks.corp.example", None),
    ("internal", [], [HOST], "corp.example", None),
    ("internal", [], ["*.corp.example"], HOST, "denied by '*.corp.example'"),
    ("internal", [], ["*.corp.example"], "a.b.corp.example", "denied"),
    ("internal", [], ["*.CORP.example"], "A.corp.EXAMPLE.", "denied"),
    ("internal", [], ["*.corp.example"], "corp.example", None),
    ("internal", [], ["*.corp.example"], "evilcorp.example", None),
    ("internal", [], ["*.corp.example"], "corp.example.evil.test", None),
    ("internal", [], ["*.corp.example"], ".corp.example", None),
    ("internal", [], ["*.local"], "printer.local", "denied"),
    ("internal", [], ["localhost"], "localhost", "denied"),
    ("internal", [], ["under_score.example"], "under_score.example", "denied"),
    ("internal", [], ["b\u00fccher.example"], "xn--bcher-kva.example", "denied"),
    ("internal", [], ["xn--bcher-kva.example"], "B\u00dcCHER.example", "denied"),
    ("internal", [], ["*.b\u00fccher.example"], "a.xn--bcher-kva.example", "denied"),
    ("internal", [], ["10.0.0.0/8"], HOST, None),  # its addresses will tell
    ("internal", [HOST], [], HOST, None),
    ("internal", [HOST], [], "other.example", "the host name other.example is not named in egress_allow"),
    ("internal", ["*.corp.example"], [], HOST, None),
    ("internal", ["*.corp.example"], [], "corp.example", UNNAMED),
    ("internal", ["*.corp.example"], [], "evilcorp.example", UNNAMED),
    ("internal", ["10.0.0.0/8"], [], "other.example", None),  # its addresses will tell
    ("internal", ["10.0.0.0/8", HOST], [], "other.example", None),
    ("internal", ["*.corp.example"], [HOST], HOST, "denied"),
    ("internal", [HOST], ["*.corp.example"], HOST, "denied"),
    ("internal", ["*.corp.example"], [HOST], "other.corp.example", None),
    ("public", [HOST], [], HOST, None),
    ("public", [HOST], [], "other.example", UNNAMED),
    ("internal", [], [], "metadata.google.internal", "always refused"),
    ("internal", [], [], "Metadata.Google.Internal.", "always refused"),
    ("internal", ["*.google.internal"], [], "metadata.google.internal", "always refused"),
    ("internal", [], [], "instance-data.ec2.internal", "always refused"),
    ("internal", [], [], "metadata.tencentyun.com", "always refused"),
    ("internal", [], [], "metadata", None),
    ("internal", [], [], "\u2603.example", "is no host name"),
    ("internal", [], ["10.0.0.0/8"], "0xa.1", "denied"),  # an address, however it is spelt
    ("internal", ["10.0.0.0/8"], [], "[::1]", UNNAMED),
]  # fmt: skip

PROXIED: Final[list[Row]] = [  # mode, allow, deny, the host that a proxy would be asked for, what a refusal says
    ("internal", [], [], HOST, None),
    ("internal", [], [], "10.0.0.1", None),
    ("internal", [], [], "169.254.169.254", "always refused"),
    ("internal", [], [], "0xa9fea9fe", "always refused"),
    ("internal", [], [], "[::ffff:a9fe:a9fe]", "always refused"),
    ("internal", [], [], "169.254.169.254.", "always refused"),
    ("internal", [], [], "metadata.google.internal", "always refused"),
    ("internal", [], [], "010.8.8.8", "010.8.8.8 must be written as 8.8.8.8: a proxy may read another address"),
    ("internal", [], [], "0x7f.1", "must be written as 127.0.0.1"),
    ("internal", [], [], "8.8.8.8.", "must be written as 8.8.8.8"),
    ("internal", [], [], "[2606:4700:0::1]", None),
    ("internal", [], [], "169.254.169.254.5", "ends in a number"),
    ("internal", [], [], "169.254.169.08", "ends in a number"),
    ("internal", [], [], "169.254.169.0xfg", None),
    ("internal", [], [], "a.0xfe", "ends in a number"),
    ("internal", [], [HOST], HOST, "denied"),
    ("internal", [], ["10.0.0.0/8"], "10.0.0.1", "denied"),
    ("internal", [HOST], [], HOST, None),
    ("internal", [HOST], [], "other.example", UNNAMED),
    ("internal", ["10.0.0.0/8"], [], HOST, "a proxy resolves it, so networks do not count"),
    ("internal", ["10.0.0.0/8"], [], "10.0.0.1", None),
    ("public", [], [], HOST, "allows a proxy only where egress_allow has host names"),
    ("public", [], [], "8.8.8.8", "allows a proxy only where egress_allow has host names"),
    ("public", ["0.0.0.0/0"], [], HOST, "allows a proxy only where egress_allow has host names"),
    ("public", [HOST], [], HOST, None),
    ("public", [HOST], [], "other.example", UNNAMED),
    ("public", [HOST], [HOST], HOST, "denied"),
    ("public", [HOST, "0.0.0.0/0"], [], "other.example", "networks do not count"),
    ("public", [HOST, "0.0.0.0/0"], [], "8.8.8.8", None),
    ("public", [HOST], [], "10.0.0.1", NOT_GLOBAL),
]  # fmt: skip


def assert_says(said: str | None, expected: str | None) -> None:
    if expected is None:
        assert said is None
    else:
        assert said is not None
        assert expected in said


@pytest.mark.parametrize(("mode", "allow", "deny", "host", "expected"), ADDRESSES)
def test_addresses(mode: Mode, allow: list[str], deny: list[str], host: str, expected: str | None) -> None:
    assert_says(EgressPolicy(mode, allow, deny).refusal_of_host(host), expected)


@pytest.mark.parametrize(("mode", "allow", "deny", "host", "expected"), HOSTS)
def test_hosts_before_they_are_looked_up(
    mode: Mode, allow: list[str], deny: list[str], host: str, expected: str | None
) -> None:
    assert_says(EgressPolicy(mode, allow, deny).refusal_of_host(host), expected)


@pytest.mark.parametrize(("mode", "allow", "deny", "host", "expected"), PROXIED)
def test_hosts_that_a_proxy_is_asked_for(
    mode: Mode, allow: list[str], deny: list[str], host: str, expected: str | None
) -> None:
    assert_says(EgressPolicy(mode, allow, deny).refusal_of_proxying(host), expected)


@pytest.mark.parametrize(
    ("mode", "allow", "usable"),
    [
        ("internal", [], True),
        ("internal", ["10.0.0.0/8"], True),
        ("public", [], False),
        ("public", ["10.0.0.0/8"], False),
        ("public", ["*.corp.example"], True),
    ],
)
def test_whether_a_proxy_may_be_used_at_all(mode: Mode, allow: list[str], *, usable: bool) -> None:
    assert (EgressPolicy(mode, allow).refusal_of_proxying() is None) == usable


@pytest.mark.parametrize(
    ("mode", "allow", "deny", "address", "expected"),
    [
        ("internal", [HOST], [], "8.8.8.8", None),  # the name is named, so its addresses need not be
        ("internal", ["*.corp.example"], [], "8.8.8.8", None),
        ("internal", ["other.example"], [], "8.8.8.8", UNNAMED),
        ("internal", ["other.example", "8.0.0.0/8"], [], "8.8.8.8", None),
        ("internal", ["other.example", "10.0.0.0/8"], [], "8.8.8.8", UNNAMED),
        ("internal", [HOST], ["8.8.8.8"], "8.8.8.8", "denied"),  # whatever name leads to it
        ("internal", [HOST], [], "169.254.169.254", "always refused"),
        ("public", [HOST], [], "8.8.8.8", None),
        ("public", [HOST], [], "10.0.0.1", NOT_GLOBAL),  # who answers for a name does not decide what is private
        ("public", [HOST, "10.0.0.0/8"], [], "10.0.0.1", None),
    ],
)
def test_addresses_that_a_name_led_to(
    mode: Mode, allow: list[str], deny: list[str], address: str, expected: str | None
) -> None:
    assert_says(EgressPolicy(mode, allow, deny).refusal(ip_address(address), host="HOOKS.corp.example."), expected)


# --- laws ----------------------------------------------------------------------------------------------------------

addresses = st.ip_addresses()
networks = st.tuples(addresses, st.integers(0, 32)).map(
    lambda pair: (
        str(ip_network((int(pair[0]), pair[0].max_prefixlen - pair[1]), strict=False))
        if pair[0].version == 6
        else str(ip_network(f"{pair[0]}/{32 - pair[1]}", strict=False))
    )
)
lists = st.lists(networks, max_size=3)
modes = st.sampled_from(["internal", "public"])


@given(modes, lists, lists, addresses)
def test_no_lists_open_what_internal_alone_refuses(
    mode: Mode, allow: list[str], deny: list[str], address: Address
) -> None:
    if EgressPolicy(mode, allow, deny).refusal(address) is None:
        assert EgressPolicy().refusal(address) is None


@given(modes, lists, lists, addresses)
def test_what_is_denied_is_refused_whatever_else_is_said(
    mode: Mode, allow: list[str], deny: list[str], address: Address
) -> None:
    policy = EgressPolicy(mode, [*allow, str(address)], [*deny, str(address)])
    assert policy.refusal(address) is not None


@given(modes, lists, lists, lists, addresses)
def test_a_further_denial_opens_nothing(
    mode: Mode, allow: list[str], deny: list[str], more: list[str], address: Address
) -> None:
    if EgressPolicy(mode, allow, [*deny, *more]).refusal(address) is None:
        assert EgressPolicy(mode, allow, deny).refusal(address) is None


@given(modes, lists, lists, st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_judged_alike_in_every_wrapping(
    mode: Mode, allow: list[str], deny: list[str], number: int
) -> None:
    plain = IPv4Address(number)
    ipv4_only = [each for each in deny if ":" not in each]
    policy = EgressPolicy(mode, [*allow, str(plain)], ipv4_only)
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        wrapped = IPv6Address(int(IPv6Address(prefix)) + number)
        assert (policy.refusal(wrapped) is None) == (policy.refusal(plain) is None)
