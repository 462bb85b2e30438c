"""Requests that Ostiary itself makes (to identity providers) and their answers, as values.

Pure functions in `identity` build an `OutboundRequest` and read an `OutboundResponse`; between them is one line
that touches the network (`ports.HttpClient`). Limits travel with the request, so that no call is unbounded.
"""

from typing import final

import msgspec

from ostiary.http.proxies import Proxy

Address = tuple[str, int]  # host (IPv6 without brackets) and port


@final
class OutboundRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `headers` are (name, value) pairs; `tls_verify` is off only where the operator typed it.

    `trusted_certificates` are PEM certificates of authorities, trusted besides the system's. With a `proxy` the call
    goes there, and its authorization to nobody else. `addresses` are connected to in the place of the URL's host and
    port, in this order; the Host header, TLS's server name and what the certificate is held to stay the URL's.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    timeout_s: float = 3.0
    max_body_bytes: int = 262_144
    tls_verify: bool = True
    trusted_certificates: str = ""
    proxy: Proxy | None = None
    addresses: tuple[Address, ...] = ()

    def __repr__(self) -> str:
        """Name method and URL without its query; headers and body may hold secrets."""
        return f"OutboundRequest({self.method} {self.url.partition('?')[0]})"


@final
class OutboundResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, its body read whole up to the request's limit. Header names are lower-case."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return the first value of the lower-case `name`, or an empty text."""
        return next((value for key, value in self.headers if key == name), "")

    def __repr__(self) -> str:
        """Name the status and the size; the body may hold tokens."""
        return f"OutboundResponse({self.status}, {len(self.body)} bytes)"
