"""TLS towards the services: whom a handshake is held to, and what is said when it fails.

HTTP/1.1 is all that is offered (ALPN), TLS 1.2 the least. A certificate is checked against the system's authorities,
those that the configuration adds, and one name: the operator's, or the node's host. It opens no connection.
"""

import asyncio
import ssl
from typing import cast, final

from ostiary.config.upstream_tls import TlsSpec
from ostiary.upstream.last_words import LastWords
from ostiary.upstream.tls_client import make_tls_context

HUNG_UP = (
    "it hung up during the TLS handshake: does it want a client certificate, or speak only what is older than 1.2?"
)
_HINTS = {
    "WRONG_VERSION_NUMBER": "does it speak https on this port?",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a client certificate, and is shown none so far",
}


def make_trust(spec: TlsSpec) -> ssl.SSLContext:
    """Make what certificates are checked by; it takes 35 ms, and the name is no part of it."""
    context = make_tls_context(verify=spec.verify, trusted_certificates=spec.trusted_certificates)
    context.set_alpn_protocols(["http/1.1"])
    return context


@final
class UpstreamContext:
    """What the connections of an upstream are made with.

    `trust` (`make_trust`) may serve several names: a name belongs to each handshake, and no session is resumed, so that
    what was proven for one serves no other.
    """

    __slots__ = ("_context", "_server_name")

    def __init__(self, server_name: str | None, trust: ssl.SSLContext) -> None:
        """Hold the name that certificates are held to (None: each node's host), and what they are checked by."""
        self._server_name = server_name
        self._context = trust

    async def shake_hands(
        self, lower: asyncio.Transport, protocol: asyncio.Protocol, host: str, timeout_s: float
    ) -> asyncio.Transport:
        """Put TLS on a connection to a node, for a caller that gives up after `timeout_s`.

        Returns the transport that encrypts for `protocol`, whose `connection_made` is the caller's to call. Raises
        OSError (ssl.SSLError among them), the connection closed.
        """
        if lower.is_closing():
            raise ConnectionResetError
        try:
            upper = await asyncio.get_running_loop().start_tls(
                lower,
                protocol,
                self._context,
                server_hostname=self._server_name or host,
                ssl_handshake_timeout=timeout_s + 1,  # the caller's is the one that counts; the library's own is 60 s
            )
        except BaseException:
            lower.abort()
            raise
        if upper is None or lower.is_closing():
            raise ConnectionResetError  # it ended right behind the handshake
        lower.set_protocol(LastWords(lower, cast("asyncio.BufferedProtocol", lower.get_protocol()), upper))
        return upper


def explain_tls_error(error: ssl.SSLError) -> str:
    """Return why TLS failed, in words for the log."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused ({error.verify_message.rstrip('.')}); see upstream.tls"
    reason = getattr(error, "reason", None) or "the server broke the protocol"
    hint = f": {_HINTS[reason]}" if reason in _HINTS else ""
    return f"TLS failed ({reason.replace('_', ' ').lower()}){hint}"
