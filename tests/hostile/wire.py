"""The attacker's end of a connection: bytes out as cut, answers in one by one, nothing repaired.

Deliberately low: no HTTP library would send what these tests send. Reading is strict, so that an answer in doubt fails
the test: a status line, fields, a body framed by Content-Length, by chunks, or by the end of the connection.
"""

import contextlib
import re
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

TIMEOUT_S = 15.0
RECEIVE_BYTES = 65_536

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9]|100) [\x20-\x7e]*\Z")
_FIELD_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\x20-\x7e\t\x80-\xff]*)\Z")


@dataclass(frozen=True)
class Answer:
    """One answer. Header names are lower-case; `body` is decoded. `is_cut`: the connection ended inside it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_cut: bool = False

    def header(self, lower: str) -> str | None:
        """Return the first value of `lower`, or None."""
        return next((value for name, value in self.headers if name == lower), None)


class Wire:
    """A client connection to loopback."""

    def __init__(self, port: int) -> None:
        """Connect; every small write goes out by itself."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def send(self, pieces: Iterable[bytes]) -> None:
        """Send piece by piece. That the other side has had enough is not an error: its answer is what counts."""
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                self._socket.sendall(piece)

    def half_close(self) -> None:
        """Send no more, but go on reading."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def read_answer(self, method: str = "GET") -> Answer:
        """Return the next answer to a request with `method`. Raises AssertionError when none comes."""
        head = self._read_until(b"\r\n\r\n")
        assert head is not None, f"no answer, only {self._buffer[:200]!r} and the end"
        status_line, *field_lines = head.split(b"\r\n")
        match = _STATUS_LINE.match(status_line)
        assert match, f"a strange status line: {status_line[:200]!r}"
        status = int(match[1])
        headers = tuple(_read_field(line) for line in field_lines)
        if method == "HEAD" or status in {100, 204, 304}:
            return Answer(status, headers, b"")
        return self._read_body(status, headers)

    def wait_for(self, part: bytes) -> None:
        """Return when `part` has come; it stays to be read. Raises AssertionError at the end of the connection."""
        while part not in self._buffer:
            assert self._receive(), f"no {part!r}, only {self._buffer[:200]!r} and the end"

    def is_ended(self) -> bool:
        """Wait for the end: True when it comes without another byte."""
        if self._buffer:
            return False
        try:
            return not self._receive()
        except TimeoutError:
            return False

    def ends_by_reset(self) -> bool:
        """Read to the end: True when it is not an orderly one."""
        try:
            while self._socket.recv(RECEIVE_BYTES):
                pass
        except ConnectionResetError:
            return True
        return False

    def reset(self) -> None:
        """Leave without a word."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _read_body(self, status: int, headers: tuple[tuple[str, str], ...]) -> Answer:
        lengths = [value for name, value in headers if name == "content-length"]
        codings = [value for name, value in headers if name == "transfer-encoding"]
        assert len(lengths) + len(codings) <= 1, f"two framings: {headers}"
        if codings:
            assert codings == ["chunked"]
            body, is_whole = self._read_chunks()
            return Answer(status, headers, body, is_cut=not is_whole)
        if lengths:
            wanted = int(lengths[0])
            body = self._read_exactly(wanted)
            return Answer(status, headers, body, is_cut=len(body) < wanted)
        while self._receive():
            pass
        body, self._buffer = self._buffer, b""
        return Answer(status, headers, body)

    def _read_chunks(self) -> tuple[bytes, bool]:
        body = b""
        while True:
            line = self._read_until(b"\r\n")
            if line is None:
                return body, False
            size = int(line, 16)
            if size == 0:
                return body, self._read_exactly(2) == b"\r\n"
            piece = self._read_exactly(size + 2)
            body += piece[:size]
            if len(piece) < size + 2:
                return body, False
            assert piece.endswith(b"\r\n"), "a chunk that is longer than it said"

    def _read_until(self, end: bytes) -> bytes | None:
        while end not in self._buffer:
            if not self._receive():
                return None
        found, _, self._buffer = self._buffer.partition(end)
        return found

    def _read_exactly(self, count: int) -> bytes:
        while len(self._buffer) < count and self._receive():
            pass
        found, self._buffer = self._buffer[:count], self._buffer[count:]
        return found

    def _receive(self) -> bool:
        try:
            received = self._socket.recv(RECEIVE_BYTES)
        except ConnectionError:
            return False
        self._buffer += received
        return bool(received)


def _read_field(line: bytes) -> tuple[str, str]:
    match = _FIELD_LINE.match(line)
    assert match, f"a strange header line: {line[:200]!r}"
    return match[1].decode("ascii").lower(), match[2].decode("latin-1")


def cut_whole(sent: bytes) -> list[bytes]:
    """Everything in one write."""
    return [sent]


def cut_bytes(sent: bytes) -> list[bytes]:
    """Every byte by itself; what is huge goes in two halves around its last 512 bytes, which go by byte."""
    head, tail = sent[:-512], sent[-512:]
    return [*([head] if head else []), *(tail[at : at + 1] for at in range(len(tail)))]


def cut_at_line_ends(sent: bytes) -> list[bytes]:
    """A write ends before and after every CR and every LF."""
    return [piece for piece in re.split(rb"(\r|\n)", sent) if piece]


CUTS = {"whole": cut_whole, "byte by byte": cut_bytes, "at line ends": cut_at_line_ends}
