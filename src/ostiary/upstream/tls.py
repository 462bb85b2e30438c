"""TLS towards the services: whom a handshake is held to, and what is said when it fails.

HTTP/1.1 is all that is offered (ALPN), TLS 1.2 the least. A certificate is checked against the system's authorities,
those that the configuration adds, and one name: the operator's, or the node's host. It opens nothing.
"""

import ssl
from typing import Any, final

from ostiary.config.upstream_tls import TlsSpec
from ostiary.upstream.tls_client import make_tls_context


@final
class UpstreamContext:
    """What the connections of upstreams with equal wishes are made with."""

    __slots__ = ("_context", "_server_name")

    def __init__(self, spec: TlsSpec) -> None:
        """Make the context; it takes 35 ms."""
        self._server_name = spec.server_name
        self._context = make_tls_context(verify=spec.verify, trusted_certificates=spec.trusted_certificates)
        self._context.set_alpn_protocols(["http/1.1"])

    def plan(self, host: str) -> dict[str, Any]:
        """Return what `create_connection` needs to shake hands with a node."""
        return {"ssl": self._context, "server_hostname": self._server_name or host}


def explain_tls_error(error: ssl.SSLError) -> str:
    """Return why a handshake failed, in words for the log."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused ({error.verify_message.rstrip('.')}); see upstream.tls"
    reason = (getattr(error, "reason", None) or "the server broke the protocol").replace("_", " ").lower()
    return f"the TLS handshake failed ({reason}): does the server speak https on this port?"
