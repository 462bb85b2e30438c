"""A TLS server whose every step is scripted: what it says, how it ends, and whether it says farewell.

    def script(peer: TlsPeer) -> None:
        peer.hears()            # a request
        peer.says(HELLO)
        peer.bids_farewell()    # close_notify; `peer.hangs_up()` without it

    with serve_tls(context, script) as port:

A thread for each connection; the script runs once the handshake is over. For services that behave, see `stand_in`.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

RECEIVE_BYTES = 65_536
LIMIT_S = 10.0


class TlsPeer:
    """A connection to us, after its handshake."""

    def __init__(self, line: socket.socket, context: ssl.SSLContext) -> None:
        """Shake hands. Raises OSError, after the alert was sent."""
        self.line = line
        self._received, self._sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._layer = context.wrap_bio(self._received, self._sent, server_side=True)
        self._step(self._layer.do_handshake)

    def hears(self, end: bytes = b"\r\n\r\n") -> bytes:
        """Return what is said up to `end`. Raises EOFError when the other side hung up before."""
        heard = b""
        while not heard.endswith(end):
            piece = self._step(lambda: self._layer.read(RECEIVE_BYTES))
            if not piece:
                raise EOFError
            heard += piece
        return heard

    def says(self, said: bytes) -> None:
        """Send, encrypted."""
        self._step(lambda: self._layer.write(said))

    def bids_farewell(self) -> None:
        """Say that nothing more will come (RFC 8446 §6.1); the connection stays."""
        with contextlib.suppress(ssl.SSLError):
            self._layer.unwrap()  # wants the other side's, too, for which nobody waits
        self.line.sendall(self._sent.read())

    def hangs_up(self) -> None:
        """Close; a reset when something was left unread."""
        self.line.close()

    def _step(self, action: Callable[[], object]) -> bytes:
        """Do something of TLS, feeding it and sending what it has to say."""
        while True:
            try:
                done = action()
            except ssl.SSLWantReadError:
                self.line.sendall(self._sent.read())
                raw = self.line.recv(RECEIVE_BYTES)
                if not raw:
                    raise EOFError from None
                self._received.write(raw)
            except ssl.SSLError:
                self.line.sendall(self._sent.read())
                raise
            else:
                self.line.sendall(self._sent.read())
                return done if isinstance(done, bytes) else b""


@contextlib.contextmanager
def serve_tls(context: ssl.SSLContext, script: Callable[[TlsPeer], None]) -> Iterator[int]:
    """Listen on a loopback port; yield it."""
    with serve_lines(lambda line: script(TlsPeer(line, context))) as port:
        yield port


@contextlib.contextmanager
def serve_lines(script: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a loopback port for a script of raw bytes; yield the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def attend(line: socket.socket) -> None:
        with line, contextlib.suppress(OSError, EOFError):
            line.settimeout(LIMIT_S)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else what waits is dropped with a reset
            script(line)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = listener.accept()
                threading.Thread(target=attend, args=(line,), name="tls-peer", daemon=True).start()

    threading.Thread(target=accept, name="tls-server", daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
