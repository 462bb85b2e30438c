"""A small strict HTTP/1.1 request reader for the recording upstream: what it refuses, a gateway must never send.

Grammar of RFC 9112, nothing lenient: CRLF only, one space between the parts of the request line, one Host, tokens as
names, no obs-fold, visible ASCII (and space and tab) in values, Content-Length as plain digits and once, `chunked` as
the only transfer coding, never both, no chunk extensions, no trailers. It shares nothing with the gateway's own parser,
so that one misreading cannot hide on both sides.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

HEAD_LIMIT_BYTES = 262_144
BODY_LIMIT_BYTES = 64 * 1024 * 1024

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP/1\.([01])\Z")
_FIELD_LINE = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?)[ \t]*\Z"
)
_LENGTH = re.compile(r"[0-9]{1,15}\Z")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}\Z")

Receive = Callable[[], bytes]


class Violation(Exception):  # noqa: N818 - what the peer did, not what went wrong here
    """The peer sent something that is not HTTP/1.1 as this reader knows it."""


class Ended(Exception):  # noqa: N818 - an ordinary end of a connection
    """The peer closed between two requests."""


@dataclass
class RecordedRequest:
    """One request as it arrived. Header names keep their spelling; `body` is decoded from its chunks."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    connection_id: int
    body: bytes = b""
    is_chunked: bool = field(default=False, repr=False)

    def values(self, name: str) -> list[str]:
        """Return every value of the header `name`, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        """Return the only value of `name`, or None. Raises ValueError when it came twice."""
        values = self.values(name)
        if len(values) > 1:
            raise ValueError(f"{name} came {len(values)} times")
        return values[0] if values else None

    def names(self) -> set[str]:
        """Return the header names, lower-case."""
        return {name.lower() for name, _ in self.headers}


class StrictReader:
    """Reads the requests of one connection. `receive` returns the next bytes, or none at the end."""

    def __init__(self, receive: Receive, connection_id: int) -> None:
        """Read from `receive`."""
        self._receive = receive
        self._connection_id = connection_id
        self._buffer = b""

    def read_head(self) -> RecordedRequest:
        """Return the next request without its body. Raises Ended, or Violation."""
        if not self._buffer:
            self._buffer = self._receive()
        if not self._buffer:
            raise Ended
        head = self._read_until(b"\r\n\r\n", HEAD_LIMIT_BYTES)
        request_line, *field_lines = head.split(b"\r\n")
        match = _REQUEST_LINE.match(request_line)
        if not match:
            raise Violation(f"request line {request_line[:200]!r}")
        request = RecordedRequest(
            method=match[1].decode("ascii"),
            target=match[2].decode("ascii"),
            version=f"1.{match[3].decode('ascii')}",
            headers=[_read_field(line) for line in field_lines],
            connection_id=self._connection_id,
        )
        if request.version == "1.1" and len(request.values("host")) != 1:
            raise Violation(f"{len(request.values('host'))} Host headers")
        return request

    def read_body(self, request: RecordedRequest) -> None:
        """Put the body into `request`. Raises Violation, also when the connection ends within the body."""
        lengths = request.values("content-length")
        codings = request.values("transfer-encoding")
        if lengths and codings:
            raise Violation("Content-Length and Transfer-Encoding")
        if codings:
            if codings != ["chunked"] or request.version != "1.1":
                raise Violation(f"transfer coding {codings} on HTTP/{request.version}")
            request.is_chunked = True
            request.body = self._read_chunks()
        elif lengths:
            if len(lengths) > 1 or not _LENGTH.match(lengths[0]) or int(lengths[0]) > BODY_LIMIT_BYTES:
                raise Violation(f"Content-Length {lengths}")
            request.body = self._read_exactly(int(lengths[0]))

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            line = self._read_until(b"\r\n", 16)
            if not _CHUNK_SIZE.match(line):
                raise Violation(f"chunk size {line!r}")
            size = int(line, 16)
            if not size:
                break
            body += self._read_exactly(size)
            if self._read_exactly(2) != b"\r\n":
                raise Violation("a chunk is longer than it said")
            if len(body) > BODY_LIMIT_BYTES:
                raise Violation("body too large")
        if self._read_exactly(2) != b"\r\n":
            raise Violation("trailers")
        return bytes(body)

    def _read_until(self, end: bytes, limit_bytes: int) -> bytes:
        while (at := self._buffer.find(end)) < 0:
            if len(self._buffer) > limit_bytes:
                raise Violation(f"no {end!r} within {limit_bytes} bytes")
            self._fill()
        found, self._buffer = self._buffer[:at], self._buffer[at + len(end) :]
        return found

    def _read_exactly(self, count: int) -> bytes:
        parts = [self._buffer[:count]]
        self._buffer = self._buffer[count:]
        missing = count - len(parts[0])
        while missing:
            self._fill()
            parts.append(self._buffer[:missing])
            self._buffer = self._buffer[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)

    def _fill(self) -> None:
        more = self._receive()
        if not more:
            raise Violation(f"the connection ended within a message, after {self._buffer[:200]!r}")
        self._buffer += more


def _read_field(line: bytes) -> tuple[str, str]:
    match = _FIELD_LINE.match(line)
    if not match:
        raise Violation(f"header line {line[:200]!r}")
    return match[1].decode("ascii"), match[2].decode("ascii")
