"""Before the handshake: a connection to a TLS listener, from its acceptance to its first decrypted byte.

It counts as a connection from the beginning and has as long as a request head may take, for its first byte and for the
handshake each. The first byte tells TLS (RFC 8446 §5.1) from plain HTTP, which is answered in words; OpenSSL is not
bothered with anything else. The handshake is asyncio's `start_tls`, with the certificate of that moment.
"""

import asyncio
import ssl
from typing import TYPE_CHECKING, Protocol, cast, final

from ostiary.gateway.connection import ClientConnection
from ostiary.gateway.secure_transport import SecureTransport
from ostiary.ports import Log

if TYPE_CHECKING:
    from ostiary.gateway.server import Server

REPORT_S = 10.0
FAREWELL_S = 3600.0  # the connection's own deadlines are stricter, and know a slow reader from one who has gone
_HANDSHAKE = 0x16
_SAID = b"This port speaks https: begin the address with https://\n"
PLAIN_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b"
) % (len(_SAID), _SAID)


class Certificate(Protocol):
    """What a listener shows."""

    @property
    def context(self) -> ssl.SSLContext:
        """The present certificate, ready for a handshake."""
        ...


@final
class TlsEntrance:
    """What the connections of one TLS listener share: the certificate, and the report of handshakes that failed."""

    __slots__ = ("_log", "_report_at", "_untold", "certificate")

    def __init__(self, certificate: Certificate, log: Log) -> None:
        """Begin with a certificate; it may be replaced by another at any time."""
        self.certificate = certificate
        self._log = log
        self._report_at = 0.0
        self._untold = 0

    def report(self, peer: str, reason: str, now: float) -> None:
        """Tell of a handshake that failed, at most once in ten seconds: anybody on the network can make one fail."""
        if now < self._report_at:
            self._untold += 1
            return
        self._report_at = now + REPORT_S
        untold, self._untold = self._untold, 0
        self._log.event("warning", "handshake_failed", f"no TLS connection: {reason}", peer=peer, others=untold)


@final
class Doorstep(asyncio.Protocol):
    """An accepted connection that has not shaken hands."""

    __slots__ = ("_entrance", "_first", "_is_lost", "_server", "_transport", "deadline_at")

    _transport: asyncio.Transport

    def __init__(self, server: "Server", entrance: TlsEntrance) -> None:
        """Be made by the listening socket's factory."""
        self._server = server
        self._entrance = entrance
        self._first = b""
        self._is_lost = False
        self.deadline_at = float("inf")

    # ------------------------------------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place among the connections, and wait for the first byte."""
        self._transport = transport  # type: ignore[assignment]
        if not self._server.connection_opened(self):
            self._transport.abort()
        self.deadline_at = self._server.coarse_now + self._server.snapshot.gateway.header_s

    def data_received(self, data: bytes) -> None:
        """Begin the handshake; what comes before it has begun waits."""
        is_first = not self._first
        self._first += data
        if not is_first or self._transport.is_closing():
            return
        if data[0] != _HANDSHAKE:
            self._turn_away(data)
            return
        self._transport.pause_reading()
        self.deadline_at = float("inf")
        loop = asyncio.get_running_loop()
        self._server.spawner.spawn("handshake", self._shake())
        # In the turn in which the task takes its first step, this is next; so what it calls comes right behind what
        # `start_tls` calls in that step, and before anything else can be read.
        loop.call_soon(loop.call_soon, self._hand_over)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        self._is_lost = True
        self._server.connection_closed(self)

    def _turn_away(self, data: bytes) -> None:
        if data[:1].isalpha():
            self._transport.write(PLAIN_ANSWER)
            self._transport.close()
        else:
            self._transport.abort()

    # --------------------------------------------------------------------------------------------- the handshake

    def _hand_over(self) -> None:
        """Give the TLS layer the bytes that came before it was there."""
        layer = cast("asyncio.BufferedProtocol", self._transport.get_protocol())
        rest, self._first = memoryview(self._first), b""
        while rest and not self._is_lost:
            space = memoryview(layer.get_buffer(len(rest)))
            count = min(len(space), len(rest))
            space[:count] = rest[:count]
            layer.buffer_updated(count)
            rest = rest[count:]

    async def _shake(self) -> None:
        server, lower = self._server, self._transport
        if self._is_lost:
            return
        lobby = Lobby()
        try:
            upper = await asyncio.get_running_loop().start_tls(
                lower,
                lobby,
                self._entrance.certificate.context,
                server_side=True,
                ssl_handshake_timeout=server.snapshot.gateway.header_s,
                ssl_shutdown_timeout=FAREWELL_S,
            )
        except OSError as error:
            self._report(error)
            lower.abort()
            upper = None
        finally:
            server.connection_closed(self)
        if upper is None:
            return
        if lobby.is_over:
            upper.abort()
            return
        connection = ClientConnection(server)
        transport = SecureTransport(upper, lower)
        transport.set_protocol(connection)
        connection.connection_made(transport)
        if lobby.arrived and not transport.is_closing():
            connection.data_received(lobby.arrived)

    def _report(self, error: OSError) -> None:
        peer = self._transport.get_extra_info("peername")
        name = peer[0] if isinstance(peer, tuple) else "unknown"
        if isinstance(error, ssl.SSLError):
            reason = (error.reason or "the peer broke the protocol").replace("_", " ").lower()
        elif isinstance(error, ConnectionAbortedError):
            reason = "the handshake took too long"
        else:
            return  # whoever connects and leaves has asked for nothing
        self._entrance.report(name, reason, self._server.coarse_now)

    # ------------------------------------------------------------------------------------------- for the server

    def check_deadline(self) -> None:
        """End the wait for a first byte."""
        self._transport.abort()

    def drain(self) -> None:
        """End at once: nothing was asked yet."""
        self._transport.abort()

    def cut(self) -> None:
        """End at once."""
        self._transport.abort()


@final
class Lobby(asyncio.Protocol):
    """Keeps what is decrypted in the moment between the end of a handshake and its being noticed."""

    __slots__ = ("arrived", "is_over")

    def __init__(self) -> None:
        """Be empty."""
        self.arrived = b""
        self.is_over = False

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        self.arrived += data

    def eof_received(self) -> None:
        """Learn that nobody waits for an answer."""
        self.is_over = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that nobody is there."""
        self.is_over = True
