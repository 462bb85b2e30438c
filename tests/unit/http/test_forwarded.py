"""Forwarding facts count from trusted proxies only, and are read from the right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.forwarded import MAX_HOPS, Arrival, TrustedProxies, find_client, parse_address

_TRUSTED = TrustedProxies(["10.0.0.0/8", "fd00::/8", "192.0.2.1"])


def _client(forwarded_for: bytes, peer: str = "10.0.0.1", trusted: TrustedProxies = _TRUSTED) -> str:
    return find_client(Arrival(peer, "http", trusted), forwarded_for)


def test_nobody_is_trusted_by_default() -> None:
    """Not even loopback; and what is no address is trusted by no list."""
    assert not any(TrustedProxies().trusts(address) for address in ("127.0.0.1", "::1", "", "unix"))
    assert not any(_TRUSTED.trusts(address) for address in ("", "unix", "10.0.0", "10.0.0.0/8"))


@pytest.mark.parametrize("address", ["10.1.2.3", "192.0.2.1", "fd12::1", "::ffff:10.1.2.3", "fd00::1%eth0"])
def test_a_listed_address_is_trusted(address: str) -> None:
    """Single addresses and networks; an IPv4 address in IPv6 clothes is an IPv4 address; a zone does not matter."""
    assert _TRUSTED.trusts(address)
    assert Arrival(address, "http", _TRUSTED).trusted


@pytest.mark.parametrize("address", ["11.0.0.1", "192.0.2.2", "fe80::1", "::ffff:11.0.0.1", "::1"])
def test_another_address_is_not(address: str) -> None:
    """Neighbours of a network are outside."""
    assert not Arrival(address, "http", _TRUSTED).trusted


@pytest.mark.parametrize("network", ["10.0.0.1/8", "example.com", "10.0.0.0/33", ""])
def test_a_network_that_is_none_is_refused(network: str) -> None:
    """Host bits set is a typing error that would trust more or less than was meant."""
    with pytest.raises(ValueError, match=r"does not appear to be|has host bits set"):
        TrustedProxies([network])


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7\t", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_an_address_is_read_in_its_usual_forms(text: str, address: str) -> None:
    """With port, with brackets, mapped into IPv6."""
    assert str(parse_address(text)) == address


@pytest.mark.parametrize(
    "text", ["", " ", "unknown", "_hidden", "example.com", "192.0.2", "192.0.2.07", "[::1", "1:2:3", "0x7f000001"]
)
def test_what_is_no_address_is_none(text: str) -> None:
    """Obfuscated identifiers and names are not guessed at."""
    parsed = parse_address(text)

    assert parsed is None or str(parsed) == "::1"


def test_an_untrusted_peer_is_the_client_whatever_it_says() -> None:
    """X-Forwarded-For is text that anybody can write."""
    assert _client(b"198.51.100.1", peer="203.0.113.9") == "203.0.113.9"


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        (b"", "10.0.0.1"),
        (b"203.0.113.9", "203.0.113.9"),
        (b"198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (b"198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (b"203.0.113.9,10.0.0.3,192.0.2.1", "203.0.113.9"),
        (b"10.0.0.3, 10.0.0.2", "10.0.0.3"),
        (b"203.0.113.9, unknown, 10.0.0.2", "10.0.0.2"),
        (b"unknown", "10.0.0.1"),
        (b"203.0.113.9, ", "10.0.0.1"),
        (b"\xff\xfe, 10.0.0.2", "10.0.0.2"),
        (b"[2001:db8::1]:99", "2001:db8::1"),
        (b"203.0.113.9:1234, 10.0.0.2:80", "203.0.113.9"),
    ],
)
def test_the_client_is_the_nearest_hop_that_is_not_trusted(forwarded_for: bytes, client: str) -> None:
    """From the right, past trusted hops; a hop that is no address ends the walk at the last good one."""
    assert _client(forwarded_for) == client


@pytest.mark.parametrize("hop", [b"fe80::1%eth0", b"fd00::1%<b>", "2001:db8::1%é".encode("latin-1")])
def test_a_hop_with_a_zone_is_no_address(hop: bytes) -> None:
    """A zone means something on one machine only, and holds any text at all."""
    assert _client(b"203.0.113.9, " + hop) == "10.0.0.1"


def test_the_walk_ends_after_so_many_hops() -> None:
    """A list of a thousand trusted-looking hops costs no more than the limit."""
    hops = b"203.0.113.9" + b", 10.0.0.9" * MAX_HOPS

    assert _client(hops) == "10.0.0.9"


@given(st.binary(max_size=80))
def test_the_client_is_always_an_address(forwarded_for: bytes) -> None:
    """Whatever the bytes: the peer, or something that reads back as itself."""
    client = _client(forwarded_for)

    assert str(parse_address(client)) == client
