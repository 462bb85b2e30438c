"""Forwarding facts: who the client is, and which scheme and host it used, when proxies stand in front.

`X-Forwarded-*` from a peer outside the operator's `trusted_proxies` changes nothing (DESIGN.md §9.5; the default list
is empty). From a trusted peer `X-Forwarded-For` is read from the right, past trusted hops, to the first that is not
(the leftmost is whatever the client wrote). `Forwarded` (RFC 7239) is neither read nor passed on.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import final

MAX_HOPS = 32


@final
class TrustedProxies:
    """The networks whose forwarding headers count."""

    __slots__ = ("_networks",)

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """Take addresses and networks in CIDR form. Raises ValueError for anything else."""
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(text) for text in networks)

    def trusts(self, address: str) -> bool:
        """Say whether the address belongs to a trusted proxy; what is no address is not trusted."""
        if not self._networks:
            return False
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self._networks)


@final
class Arrival:
    """How a connection reached us: the peer, whether its forwarding headers count, and the scheme it spoke."""

    __slots__ = ("peer", "proxies", "scheme", "trusted")

    def __init__(self, peer: str, scheme: str, proxies: TrustedProxies) -> None:
        """Judge the peer once for the whole connection."""
        self.peer = peer
        self.scheme = scheme
        self.proxies = proxies
        self.trusted = proxies.trusts(peer)


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an IP address as it stands in X-Forwarded-For (brackets and port allowed, zone left out), or None."""
    text = text.strip(" \t").partition("%")[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def find_client(arrival: Arrival, forwarded_for: bytes) -> str:
    """Return the client's address: the peer, or the nearest untrusted hop that trusted proxies report.

    A hop that is no address ends the walk at the last good one, and so does one with a zone, which means something on
    its own machine only; so do more than 32 hops.
    """
    client = arrival.peer
    if not arrival.trusted or not forwarded_for:
        return client
    hops = forwarded_for.decode("latin-1").split(",")
    for hop in reversed(hops[-MAX_HOPS:]):
        parsed = parse_address(hop)
        if parsed is None or "%" in hop:
            break
        client = str(parsed)
        if not arrival.proxies.trusts(client):
            break
    return client
