"""How a connection reached us, as its transport tells it: from where, to which port, by http or https.

What forwarding headers may add to that is `ostiary.http.forwarded`'s to judge.
"""

import asyncio

from ostiary.http.forwarded import Arrival, TrustedProxies

_NOWHERE = "0.0.0.0"  # noqa: S104 - an address nobody trusts


def read_arrival(transport: asyncio.BaseTransport, proxies: TrustedProxies) -> Arrival:
    """Judge the peer, once for the whole connection; where TLS is spoken the scheme is https."""
    peer = transport.get_extra_info("peername")
    scheme = "http" if transport.get_extra_info("sslcontext") is None else "https"
    return Arrival(peer[0] if isinstance(peer, tuple) else _NOWHERE, scheme, proxies)


def read_port(transport: asyncio.BaseTransport) -> int:
    """Return the port that was connected to, 0 where there are none."""
    name = transport.get_extra_info("sockname")
    return int(name[1]) if isinstance(name, tuple) else 0
