"""What lies unread in the socket of a connection that broke: taken up to a limit, and never over TLS."""

import asyncio
import socket
import struct
from typing import cast

import pytest

from ostiary.upstream import last_words
from ostiary.upstream.last_words import LastWords, read_last_words

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


class Layer(asyncio.BufferedProtocol):
    """What decrypts, with a small buffer."""

    def __init__(self) -> None:
        """Remember what it is told."""
        self.told: list[object] = []
        self._space = bytearray(4)

    def get_buffer(self, sizehint: int) -> bytearray:
        """Lend the buffer."""
        return self._space

    def buffer_updated(self, nbytes: int) -> None:
        """Remember."""
        self.told.append(bytes(self._space[:nbytes]))

    def eof_received(self) -> None:
        """Remember."""
        self.told.append("end")

    def pause_writing(self) -> None:
        """Remember."""
        self.told.append("pause")

    def resume_writing(self) -> None:
        """Remember."""
        self.told.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember."""
        self.told.append(type(exc))


class Upper(asyncio.Transport):
    """What the layer reads for; its reading is paused."""

    def __init__(self, layer: Layer, *, closing: bool = False) -> None:
        """Be open, or on the way to the end."""
        super().__init__()
        self._layer = layer
        self._closing = closing

    def is_closing(self) -> bool:
        """Say which."""
        return self._closing

    def resume_reading(self) -> None:
        """Remember."""
        self._layer.told.append("read")


def stand_between(layer: Layer, *, closing: bool = False, **extra: object) -> LastWords:
    """Stand between a transport and a layer."""
    lower = cast("asyncio.Transport", Broken(**extra))
    return LastWords(lower, layer, Upper(layer, closing=closing))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionResetError(), ["read", b"last", b" wor", b"ds", ConnectionResetError]),
        (BrokenPipeError(), ["read", b"last", b" wor", b"ds", BrokenPipeError]),
        (None, [type(None)]),
    ],
)
def test_the_layer_reads_to_the_end_before_it_is_told(error: Exception | None, told: list[object]) -> None:
    """Where a write broke; an orderly end left nothing."""
    layer = Layer()
    with break_connection(b"last words", resets=True) as ours:
        stand_between(layer, socket=ours).connection_lost(error)

    assert told == layer.told


def test_everything_else_is_passed_on() -> None:
    """As it comes."""
    layer = Layer()
    between = stand_between(layer)
    memoryview(between.get_buffer(9))[:2] = b"ab"
    between.buffer_updated(2)
    between.pause_writing()
    between.resume_writing()

    assert [b"ab", "pause", "resume"] == layer.told


def test_what_the_layer_kept_is_read_before_the_end() -> None:
    """It may have been paused, and drops it then; nobody wants it of a connection that we are closing."""
    open_layer, closing_layer = Layer(), Layer()
    stand_between(open_layer).eof_received()
    stand_between(closing_layer, closing=True).eof_received()

    assert (["read", b"", "end"], ["end"]) == (open_layer.told, closing_layer.told)
