"""What a service said before it hung up, when writing to it fails first.

A service may answer early (413, 401) and close without reading the rest of the request (RFC 9112 §9.6). Its system then
resets the connection, and a write that meets the reset ends the transport although the answer lies in the socket. It
is taken from there: by the connection itself, or over TLS by `LastWords` below the layer that can decrypt it.

TLS layers keep what they were given while reading is paused, and drop it when the connection ends. An answer that is
whole would be cut for clients that are slow. So what is kept is handed over before the layer learns of the end: it is
bounded by the layer's own limit (256 KiB, and one read).
"""

import asyncio
import os
from typing import final

MAX_LAST_BYTES = 262_144


def read_last_words(transport: asyncio.BaseTransport) -> bytes:
    """Return what has arrived and was not read, 256 KiB at most; to be called in `connection_lost`, with an error.

    Nothing for a transport of TLS: what lies below it is no HTTP.
    """
    socket = transport.get_extra_info("socket")
    if socket is None or transport.get_extra_info("ssl_object") is not None:
        return b""
    pieces = []
    left = MAX_LAST_BYTES
    try:
        while left and (piece := os.read(socket.fileno(), left)):
            pieces.append(piece)
            left -= len(piece)
    except OSError:
        pass  # nothing is left but the reset
    return b"".join(pieces)


@final
class LastWords(asyncio.BufferedProtocol):
    """Stands between a transport and its TLS layer, and gives the layer what is left to read before the end."""

    def __init__(self, lower: asyncio.Transport, layer: asyncio.BufferedProtocol, upper: asyncio.Transport) -> None:
        """Pass on everything, the layer's own methods where that is all. `upper` is what the layer reads for."""
        self._lower = lower
        self._layer = layer
        self._upper = upper
        self.get_buffer = layer.get_buffer  # type: ignore[method-assign]
        self.buffer_updated = layer.buffer_updated  # type: ignore[method-assign]
        self.pause_writing = layer.pause_writing  # type: ignore[method-assign]
        self.resume_writing = layer.resume_writing  # type: ignore[method-assign]

    def eof_received(self) -> bool | None:
        """Let the layer hand over what it kept, then tell it."""
        self._hand_over(b"")
        return self._layer.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the layer read to the end, then tell it."""
        if isinstance(exc, ConnectionError):
            self._hand_over(read_last_words(self._lower))
        self._layer.connection_lost(exc)

    def _hand_over(self, rest: bytes) -> None:
        """Give the layer `rest`, and have it read now whatever it holds, although reading may be paused."""
        if self._upper.is_closing():
            return  # nobody wants it
        self._upper.resume_reading()
        while True:
            space = memoryview(self._layer.get_buffer(max(1, len(rest))))
            count = min(len(space), len(rest))
            space[:count] = rest[:count]
            self._layer.buffer_updated(count)
            rest = rest[count:]
            if not rest:
                return
