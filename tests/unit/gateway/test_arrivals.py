"""How a connection reached us."""

import asyncio

import pytest

from ostiary.gateway.arrivals import read_arrival, read_port
from ostiary.http.forwarded import TrustedProxies

PROXIES = TrustedProxies(["192.0.2.0/24"])


@pytest.mark.parametrize(("facts", "scheme"), [({}, "http"), ({"sslcontext": object()}, "https")])
def test_the_scheme_is_what_is_spoken(facts: dict[str, object], scheme: str) -> None:
    """Whatever a header says."""
    arrival = read_arrival(asyncio.BaseTransport({"peername": ("192.0.2.7", 1), **facts}), PROXIES)

    assert ("192.0.2.7", True, scheme, PROXIES) == (arrival.peer, arrival.trusted, arrival.scheme, arrival.proxies)


@pytest.mark.parametrize("name", [None, "", "/run/socket"])
def test_a_peer_without_an_address_is_trusted_by_nobody(name: str | None) -> None:
    """And its port is none."""
    transport = asyncio.BaseTransport({"peername": name, "sockname": name})

    assert ("0.0.0.0", False) == (read_arrival(transport, PROXIES).peer, read_arrival(transport, PROXIES).trusted)
    assert 0 == read_port(transport)


def test_the_port_is_ours() -> None:
    """Not the peer's."""
    assert 9443 == read_port(asyncio.BaseTransport({"peername": ("::1", 1, 0, 0), "sockname": ("::1", 9443, 0, 0)}))
