"""What a service said before it hung up, when writing to it fails first.

A service may answer early (413, 401) and close without reading the rest of the request (RFC 9112 §9.6). Its system then
resets the connection, and a write that meets the reset ends the transport although the answer lies in the socket. It
is taken from there. Not over TLS: what lies there is encrypted, and the layer that could read it is gone.
"""

import asyncio
import os

MAX_LAST_BYTES = 262_144


def read_last_words(transport: asyncio.BaseTransport) -> bytes:
    """Return what has arrived and was not read, 256 KiB at most; to be called in `connection_lost`, with an error."""
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
