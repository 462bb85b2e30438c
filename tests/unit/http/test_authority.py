"""Hosts and authorities: one spelling each, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.errors import ClientFault
from ostiary.http.authority import parse_authority


@pytest.mark.parametrize(
    ("raw", "scheme", "host", "port"),
    [
        (b"example.com", "http", "example.com", None),
        (b"EXAMPLE.Com", "http", "example.com", None),
        (b"example.com.", "http", "example.com", None),
        (b"example.com.:8080", "http", "example.com", 8080),
        (b"example.com:80", "http", "example.com", None),
        (b"example.com:080", "http", "example.com", None),
        (b"example.com:443", "http", "example.com", 443),
        (b"example.com:443", "https", "example.com", None),
        (b"example.com:80", "https", "example.com", 80),
        (b"a", "http", "a", None),
        (b"my_service:65535", "http", "my_service", 65535),
        (b"xn--bcher-kva.example", "https", "xn--bcher-kva.example", None),
        (b"127.0.0.1:1", "http", "127.0.0.1", 1),
        (b"[::1]", "http", "[::1]", None),
        (b"[0:0:0:0:0:0:0:1]:8080", "http", "[::1]", 8080),
        (b"[2001:DB8::A]", "http", "[2001:db8::a]", None),
    ],
)
def test_an_authority_has_one_spelling(raw: bytes, scheme: str, host: str, port: int | None) -> None:
    """Lower case, no trailing dot, no default port, compressed IPv6."""
    authority = parse_authority(raw, scheme)

    assert (authority.host, authority.port) == (host, port)


def test_the_text_is_what_is_sent_on() -> None:
    """Host, and the port where it is not the scheme's own."""
    texts = [parse_authority(raw, "http").text for raw in (b"A.example:80", b"A.example:8080", b"[::1]:81", b"[::1]")]

    assert texts == ["a.example", "a.example:8080", "[::1]:81", "[::1]"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b".",
        b"..",
        b"a..b",
        b"a..",
        b".a",
        b"-a",
        b"a-",
        b"a b",
        b" a",
        b"a/b",
        b"a@b",
        b"user:pw@a",
        b"a,b",
        b"a, b",
        b"a;b",
        b"a?b",
        b"a#b",
        b"a%62",
        b"a\\b",
        b"a\x00",
        b"a\n",
        b"b\xc3\xbccher.example",
        b"a" * 257,
        b"http://a",
    ],
)
def test_a_host_that_is_none_is_refused(raw: bytes) -> None:
    """Empty, with a path, with user information, a list, a percent-encoding, not ASCII."""
    with pytest.raises(ClientFault, match="host_invalid"):
        parse_authority(raw, "http")


@pytest.mark.parametrize(
    "port", [b"", b"0", b"65536", b"99999", b"-1", b"+80", b"8 0", b"0x50", b"80a", b"100000", b"80\n"]
)
def test_a_port_that_is_none_is_refused(port: bytes) -> None:
    """1 to 65535 in plain digits."""
    for host in (b"a:", b"[::1]:"):
        with pytest.raises(ClientFault, match="host_invalid"):
            parse_authority(host + port, "http")


@pytest.mark.parametrize(
    "raw",
    [
        b"[",
        b"[]",
        b"]",
        b"[::1",
        b"::1",
        b"::1]",
        b"[::1]x",
        b"[::1%25eth0]",
        b"[::g]",
        b"[1.2.3.4]",
        b"[:::]",
        b"[::1]]",
        b"[a]",
    ],
)
def test_an_address_that_is_no_ipv6_in_brackets_is_refused(raw: bytes) -> None:
    """No zone, no bare colons, nothing behind the bracket."""
    with pytest.raises(ClientFault, match="host_invalid"):
        parse_authority(raw, "http")


_AUTHORITIES = st.binary(max_size=30) | st.lists(
    st.sampled_from([b"a", b"B", b".", b"-", b"_", b":", b"80", b"443", b"[", b"]", b"::1", b"1", b"@", b"%"]),
    max_size=8,
).map(b"".join)


@given(_AUTHORITIES, st.sampled_from(["http", "https"]))
def test_an_accepted_authority_reads_back_as_itself(raw: bytes, scheme: str) -> None:
    """Canonical form is a fixed point, and nothing but ClientFault is ever raised."""
    try:
        authority = parse_authority(raw, scheme)
    except ClientFault:
        return
    again = parse_authority(authority.text.encode("ascii"), scheme)
    assert (again.host, again.port, again.text) == (authority.host, authority.port, authority.text)
    assert authority.host == authority.host.lower()
