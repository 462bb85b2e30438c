"""An upstream for bodies too large to keep: it makes and checks them as they pass, at the pace that it is told.

`GET /down/<bytes>` answers that many bytes of the pattern, chunked with `?chunked`. Everything else has its body read
to the end, and is answered with its length and checksum. One thread per connection.
"""

import contextlib
import io
import json
import socket
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self
from zlib import crc32

PIECE = bytes(range(256)) * 256  # 64 KiB
RECEIVE_BYTES = 262_144


def pattern_checksum(total: int) -> int:
    """Return the checksum of so many bytes of the pattern."""
    checksum = 0
    while total > 0:
        checksum = crc32(PIECE[:total], checksum)
        total -= len(PIECE)
    return checksum


class StreamingUpstream:
    """A listening upstream. While `reads` is clear it takes no byte of bodies; `passed` counts what it took or sent."""

    def __init__(self) -> None:
        """Listen on a loopback port."""
        self.reads = threading.Event()
        self.reads.set()
        self.passed = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._accepting = threading.Thread(target=self._accept, name="streaming-upstream", daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.reads.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # who waits in `accept` would go on, on whatever is opened next
        self._accepting.join()
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def address(self) -> str:
        """The node's address, as configurations name it."""
        return f"127.0.0.1:{self.port}"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.add(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as reader:
            while (line := reader.readline().decode("ascii")) != "":
                fields = _read_fields(reader)
                target = line.split(" ")[1]
                if target.startswith("/down/"):
                    self._send_down(connection, target)
                else:
                    self._answer(connection, self._read_up(reader, fields))
        self._open.discard(connection)

    def _send_down(self, connection: socket.socket, target: str) -> None:
        size, _, query = target.removeprefix("/down/").partition("?")
        left = int(size)
        framing = "Transfer-Encoding: chunked" if query == "chunked" else f"Content-Length: {left}"
        connection.sendall(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode("ascii"))
        while left:
            piece = PIECE[:left]
            left -= len(piece)
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if query == "chunked" else piece)
            self.passed += len(piece)
        if query == "chunked":
            connection.sendall(b"0\r\n\r\n")

    def _read_up(self, reader: io.BufferedReader, fields: dict[str, str]) -> dict[str, int]:
        total = checksum = 0
        for piece in _read_pieces(reader, fields):
            self.reads.wait()
            total += len(piece)
            checksum = crc32(piece, checksum)
            self.passed += len(piece)
        return {"body_bytes": total, "checksum": checksum}

    def _answer(self, connection: socket.socket, answer: dict[str, int]) -> None:
        body = json.dumps(answer).encode("ascii")
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def _read_fields(reader: io.BufferedReader) -> dict[str, str]:
    lines = iter(lambda: reader.readline().decode("latin-1").rstrip("\r\n"), "")
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def _read_pieces(reader: io.BufferedReader, fields: dict[str, str]) -> Iterator[bytes]:
    """Yield a request body piece by piece. Raises ConnectionError when it is cut."""
    if fields.get("transfer-encoding") != "chunked":
        yield from _read_exactly(reader, int(fields.get("content-length", "0")))
        return
    while (size := int(reader.readline(), 16)) > 0:
        yield from _read_exactly(reader, size)
        reader.readline()
    reader.readline()


def _read_exactly(reader: io.BufferedReader, left: int) -> Iterator[bytes]:
    while left:
        piece = reader.read1(min(left, RECEIVE_BYTES))
        if not piece:
            raise ConnectionError
        left -= len(piece)
        yield piece
