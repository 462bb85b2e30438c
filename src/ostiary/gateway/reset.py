"""Ending a connection so that the other side cannot take what it got for whole: by a reset (RFC 9293 §3.5.2).

A response that ends with its connection (HTTP/1.0) has no other sign of its completeness; an orderly end, which is what
closing sends, would complete it.
"""

import asyncio
import socket
import struct

_NO_LINGER = struct.pack("ii", 1, 0)  # linger for no time: the system discards what is unsent and resets


def reset(transport: asyncio.Transport) -> None:
    """Abort `transport` with a reset, where it stands on a socket."""
    connected = transport.get_extra_info("socket")
    if connected is not None:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
