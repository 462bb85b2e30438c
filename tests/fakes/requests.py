"""Canonical requests for tests, made by the only maker there is: `read_head`.

`make_request("POST", "/a?b", {"Cookie": "a=1"})` is what a plugin would be given for that request. Header values are
text, or a list of texts for a header that is sent several times. Nothing here skips a check of `ostiary.http.head`.
"""

from collections.abc import Mapping, Sequence

from ostiary.http.forwarded import Arrival, TrustedProxies
from ostiary.http.head import RawHead, read_head
from ostiary.http.request import Request
from ostiary.http.section import HeadLimits

HeaderValues = str | Sequence[str]


def make_raw_head(
    method: str = "GET", target: str = "/", headers: Mapping[str, HeaderValues] | None = None, version: str = "1.1"
) -> RawHead:
    """Return what a parser would deliver. `Host: gateway.example` is added unless `headers` names one."""
    raw = RawHead()
    raw.method = method.encode("latin-1")
    raw.url = target.encode("latin-1")
    raw.version = version
    for name, values in {"Host": "gateway.example", **(headers or {})}.items():
        for value in [values] if isinstance(values, str) else values:
            raw.fields.append((name.encode("latin-1"), value.encode("latin-1")))
    return raw


def make_arrival(peer: str = "127.0.0.1", scheme: str = "http", trusted_proxies: Sequence[str] = ()) -> Arrival:
    """Return how the request reached the gateway; by default from a peer that nobody trusts."""
    return Arrival(peer, scheme, TrustedProxies(trusted_proxies))


def make_request(
    method: str = "GET",
    target: str = "/",
    headers: Mapping[str, HeaderValues] | None = None,
    scheme: str = "http",
    version: str = "1.1",
) -> Request:
    """Return the canonical request. Raises ClientFault for what the gateway would refuse."""
    return read_head(
        make_raw_head(method, target, headers, version), make_arrival(scheme=scheme), HeadLimits(), "req-1"
    )
