"""Whose request it is: forwarded headers count only from proxies we trust."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from ingest.clients import MAX_HOPS, Client, Clients

PROXY, VISITOR, STRANGER = "10.0.0.1", "203.0.113.7", "198.51.100.9"
LOCAL = "127.0.0.1"


def clients(*trusted: str) -> Clients:
    return Clients(ip_network(network) for network in trusted)


def find(peer, forwarded_for=None, forwarded=None, trusted=("10.0.0.0/8", "fd00::/8")):
    headers = [(b"host", b"stats.example.com"), (b"user-agent", b"Firefox")]
    headers += [(b"x-forwarded-for", value.encode("latin-1")) for value in _listed(forwarded_for)]
    headers += [(b"forwarded", value.encode("latin-1")) for value in _listed(forwarded)]
    return clients(*trusted).find(peer, headers)


def _listed(values):
    return [] if values is None else [values] if isinstance(values, str) else values


def test_a_direct_client_is_the_other_end_of_the_connection():
    assert find((VISITOR, 50123)) == Client(VISITOR, is_forwarded=False)


@pytest.mark.parametrize("header", ["1.2.3.4", "1.2.3.4:50123", f"{VISITOR}, 1.2.3.4", f"1.2.3.4, {PROXY}"])
def test_a_stranger_cannot_say_that_it_is_somebody_else(header):
    assert find((VISITOR, 50123), header) == Client(VISITOR, is_forwarded=False)
    assert find((VISITOR, 50123), forwarded=f"for={header}") == Client(VISITOR, is_forwarded=False)


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (VISITOR, VISITOR),
        (f"{VISITOR}:4711", VISITOR),
        (f" {VISITOR} ", VISITOR),
        (f"1.2.3.4, {VISITOR}", VISITOR),
        (f"1.2.3.4, {VISITOR}, 10.9.9.9", VISITOR),
        (["1.2.3.4", VISITOR, "10.9.9.9"], VISITOR),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        (f"::ffff:{VISITOR}", VISITOR),
        (f"{VISITOR}, ::ffff:10.0.0.9", VISITOR),
        ("10.0.0.5", "10.0.0.5"),
        ("", PROXY),
        (",,,", PROXY),
        ("unknown", PROXY),
        (f"{VISITOR}, garbage", PROXY),
        (f"{VISITOR}, garbage, 10.0.0.5", "10.0.0.5"),
        (f"{VISITOR}:port", PROXY),
        ("1.2.3.4.5", PROXY),
        ("[2001:db8::1", PROXY),
        ("\xff\xfe", PROXY),
        ("9" * 100_000, PROXY),
        (", ".join([VISITOR] + ["10.0.0.5"] * (MAX_HOPS - 1)), VISITOR),
        (", ".join([VISITOR] + ["10.0.0.5"] * 100_000), "10.0.0.5"),
    ],
)
def test_a_trusted_proxy_is_believed_from_the_right_to_the_first_stranger(header, address):
    assert find((PROXY, 50123), header) == Client(address, is_forwarded=True)


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (f"for={VISITOR}", VISITOR),
        (f"For={VISITOR};proto=https;by=10.0.0.1", VISITOR),
        (f"proto=https ; for={VISITOR}", VISITOR),
        ('for="[2001:db8::1]:4711"', "2001:db8::1"),
        (f"for=1.2.3.4, for={VISITOR};proto=https, for=10.0.0.5", VISITOR),
        ("for=_hidden", PROXY),
        ("for=unknown", PROXY),
        ("proto=https", PROXY),
        ("", PROXY),
    ],
)
def test_the_standard_header_is_read_where_the_plain_one_is_missing(header, address):
    assert find((PROXY, 50123), forwarded=header) == Client(address, is_forwarded=True)


def test_the_plain_header_wins_over_the_standard_one_which_few_proxies_take_away():
    assert find((PROXY, 50123), VISITOR, "for=1.2.3.4") == Client(VISITOR, is_forwarded=True)


def test_a_unix_socket_is_this_machine():
    assert find(None, VISITOR) == Client(LOCAL, is_forwarded=False)
    assert find(None, VISITOR, trusted=[LOCAL]) == Client(VISITOR, is_forwarded=True)


def test_a_connection_without_an_address_has_none():
    assert find(("testclient", 50000)) == Client("", is_forwarded=False)


@pytest.mark.parametrize(
    ("rewritten", "header"),
    [
        ((VISITOR, 0), VISITOR),
        ((VISITOR, 4711), f"{VISITOR}:4711"),
        ((VISITOR, 4711), f"1.2.3.4, {VISITOR}:4711, 127.0.0.1"),
        ((VISITOR, 99), f"{VISITOR}:0099"),
        (("2001:db8::1", 0), "2001:db8::1"),
        (("2001:db8::1", 4711), "[2001:db8::1]:4711"),
        ((VISITOR, 0), f"{VISITOR}, 1.2.3.4"),  # FORWARDED_ALLOW_IPS=*
    ],
)
def test_what_uvicorn_believes_of_its_own_accord_is_believed_only_if_we_trust_this_machine(rewritten, header):
    assert find(rewritten, header) == Client(LOCAL, is_forwarded=False)


def test_where_we_trust_this_machine_too_uvicorn_is_right():
    assert find((VISITOR, 0), f"1.2.3.4, {VISITOR}", trusted=[LOCAL]) == Client(VISITOR, is_forwarded=True)


def test_a_proxy_that_forwards_to_itself_is_still_the_proxy():
    assert find((PROXY, 50123), f"{VISITOR}, {PROXY}") == Client(VISITOR, is_forwarded=True)


@pytest.mark.parametrize(
    ("address", "network"),
    [(VISITOR, VISITOR), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("", "")],
)
def test_a_customer_of_a_provider_has_one_ipv4_address_or_a_network_of_ipv6(address, network):
    assert Client(address, is_forwarded=False).network == network
