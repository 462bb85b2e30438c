"""What lies unread in the socket of a connection that broke: taken up to a limit, and never over TLS."""

import asyncio
import socket
import struct

import pytest

from ostiary.upstream import last_words
from ostiary.upstream.last_words import read_last_words

NOW = struct.pack("ii", 1, 0)  # closing resets


class Broken(asyncio.BaseTransport):
    """A transport with a real socket below."""

    def __init__(self, **extra: object) -> None:
        """Hold what `get_extra_info` tells."""
        super().__init__(extra)


def break_connection(said: bytes, *, resets: bool) -> socket.socket:
    """Return our end of a connection whose other end said something and hung up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    theirs.sendall(said)
    if resets:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
    theirs.close()
    ours.setblocking(False)
    return ours


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 413 Content Too Large\r\n\r\n"])
@pytest.mark.parametrize("resets", [True, False])
def test_what_was_said_before_the_end_is_there(said: bytes, resets: bool) -> None:
    """Whether it ended or was reset."""
    with break_connection(said, resets=resets) as ours:
        assert said == read_last_words(Broken(socket=ours))


def test_there_is_an_end_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that never stops is not listened to for ever."""
    monkeypatch.setattr(last_words, "MAX_LAST_BYTES", 5)
    with break_connection(b"much too much", resets=False) as ours:
        assert b"much " == last_words.read_last_words(Broken(socket=ours))


def test_nothing_is_read_where_there_is_no_socket_or_it_is_tls() -> None:
    """What lies below TLS is not for HTTP."""
    with break_connection(b"\x17\x03\x03", resets=False) as ours:
        assert b"" == read_last_words(Broken())
        assert b"" == read_last_words(Broken(socket=ours, ssl_object=object()))
        assert b"\x17\x03\x03" == ours.recv(9)
