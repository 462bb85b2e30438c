"""A client that speaks TLS with a gateway, without a socket between them: asyncio's own TLS layer on a fake transport.

with Conversation() as talk:
    entrance = open_entrance(talk, context)              # a listener for https
    client = TlsClient(talk, make_client_context(authority))
    client.shakes_hands()
    client.says(request("GET /a"))
    assert client.hears().startswith(b"HTTP/1.1 200")
"""

import asyncio
import ssl
from typing import Any

from ostiary.gateway.doorstep import TlsEntrance
from tests.fakes.conversation import Conversation
from tests.fakes.messages import CLIENT
from tests.fakes.transport import FakeTransport


class FixedCertificate:
    """Implements `ostiary.gateway.doorstep.Certificate`."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Show always the same."""
        self.context = context


class TlsConversation(Conversation):
    """A conversation in which clients speak TLS too."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """Serve as any other."""
        super().__init__(*arguments, **settings)
        self.tls_clients: list[TlsClient] = []

    def open_entrance(self, context: ssl.SSLContext) -> TlsEntrance:
        """Let the gateway listen for https."""
        entrance = TlsEntrance(FixedCertificate(context), self.log)
        self.loop.run(self.server.listen("127.0.0.1", 9443, entrance))
        return entrance

    def connect_tls(self, context: ssl.SSLContext, listener: int = 1) -> "TlsClient":
        """Let a client connect to a listener for https (by its number)."""
        self.tls_clients.append(TlsClient(self, context, listener))
        return self.tls_clients[-1]

    def _stop(self) -> None:
        for client in self.tls_clients:
            self.loop.call_soon(client.transport.reset)
        super()._stop()


class TlsTransport(FakeTransport):
    """A fake transport that TLS can be put on."""

    _start_tls_compatible = True

    def set_protocol(self, protocol: Any) -> None:
        """Deliver to another protocol from now on."""
        self.protocol = _Fed(protocol) if isinstance(protocol, asyncio.BufferedProtocol) else protocol

    def _force_close(self, error: Exception | None) -> None:
        """End it now, as asyncio's TLS layer asks for."""
        self.fate = "aborted"
        self.unsent.clear()
        self._lose(error)

    def _lose(self, error: Exception | None) -> None:
        """Tell whoever is delivered to by then, as the real ones do."""
        if not self.is_lost:
            self.is_lost = True
            self._loop.call_soon(lambda: self.protocol.connection_lost(error))

    def get_protocol(self) -> Any:
        """Return who is delivered to."""
        return self.protocol.inner if isinstance(self.protocol, _Fed) else self.protocol


class _Fed(asyncio.Protocol):
    """Gives bytes to a protocol that brings its own buffer."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def data_received(self, data: bytes) -> None:
        while data:
            space = self.inner.get_buffer(len(data))
            count = min(len(space), len(data))
            space[:count] = data[:count]
            self.inner.buffer_updated(count)
            data = data[count:]

    def eof_received(self) -> Any:
        return self.inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        self.inner.resume_writing()


class TlsClient:
    """The other end. `transport` is below TLS."""

    def __init__(self, talk: Conversation, context: ssl.SSLContext, listener: int) -> None:
        """Connect; nothing is said yet."""
        self._talk = talk
        self._received, self._sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.layer = context.wrap_bio(self._received, self._sent, server_hostname="localhost")
        factory = talk.loop.listeners[listener].factory
        peer = (CLIENT, 40_000)
        self.transport: TlsTransport
        talk.loop.do(lambda: setattr(self, "transport", TlsTransport(talk.loop, factory(), peer, ("127.0.0.1", 9443))))

    def shakes_hands(self) -> None:
        """Shake hands up to the client's last word, which the next `says` or `sends` takes along."""
        while True:
            try:
                self.layer.do_handshake()
            except ssl.SSLWantReadError:
                self.sends(self._sent.read())
                assert self.transport.sent, "the gateway does not answer the handshake"
                self._receive()
            else:
                return

    def says(self, said: bytes) -> None:
        """Send, encrypted."""
        self.layer.write(said)
        self.sends(self._sent.read())

    def sends(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self._talk.loop.do(self.transport.deliver, raw)

    def hello(self) -> bytes:
        """Return the first message of a handshake."""
        try:
            self.layer.do_handshake()
        except ssl.SSLWantReadError:
            return self._sent.read()
        raise AssertionError("the handshake is over")

    def hears(self) -> bytes:
        """Return what came, decrypted."""
        self._receive()
        heard = b""
        try:
            while piece := self.layer.read(65_536):
                heard += piece
        except ssl.SSLWantReadError:
            pass
        return heard

    def _receive(self) -> None:
        self._received.write(bytes(self.transport.sent))
        self.transport.sent.clear()
