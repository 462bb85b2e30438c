"""An upstream over raw sockets that records every byte and every request, and answers as told.

    with RecordingUpstream() as upstream:                          # 200, and a JSON echo of each request
    with RecordingUpstream([Answer(b"HTTP/1.1 204 ...")]) as ...   # these answers in turn, then the echo
    with RecordingUpstream(lambda request: ...) as ...             # an Answer, or None for the echo

A thread for each connection, so that one that hangs holds up nobody else. What the strict reader refuses stands in
`violations`, is answered 400, and ends the connection. Not for measuring: that is nginx's part.
"""

import collections
import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from tests.e2e.counterparts.strict_reader import Ended, RecordedRequest, StrictReader, Violation

RECEIVE_BYTES = 65_536
JOIN_LIMIT_S = 5.0
WAIT_LIMIT_S = 30.0
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Answer:
    """What to send: bytes as they are, between them pauses in seconds, or events that are waited for.

    Then go on, close, or reset.
    """

    def __init__(self, *parts: bytes | float | threading.Event, close: bool = False, reset: bool = False) -> None:
        """Hold the script of one answer."""
        self.parts = parts
        self.close = close or reset
        self.reset = reset


Script = Callable[[RecordedRequest], Answer | None]


def build_response(
    status: int, body: bytes = b"", headers: Sequence[tuple[str, str]] = (), *, reason: str = "Scripted"
) -> bytes:
    """Return the bytes of a response with a Content-Length."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def build_echo(request: RecordedRequest) -> bytes:
    """Return the usual answer: method, target, headers in order, body length and the body as text."""
    echo = {
        "method": request.method,
        "target": request.target,
        "headers": [list(pair) for pair in request.headers],
        "body_bytes": len(request.body),
        "body": request.body[:4096].decode("latin-1"),
    }
    body = json.dumps(echo).encode("ascii")
    answer = build_response(200, body, [("Content-Type", "application/json")], reason="OK")
    return answer.removesuffix(body) if request.method == "HEAD" else answer


class RecordingUpstream:
    """A listening upstream. `requests`, `violations` and `raw` (bytes by connection) grow while it runs."""

    def __init__(
        self,
        script: Script | Sequence[Answer] | None = None,
        *,
        on_head: Script | None = None,
        port: int = 0,
        sends_continue: bool = True,
    ) -> None:
        """Listen on a loopback port and answer by `script`.

        What `on_head` answers is sent before the body is read, in place of the script's answer. `sends_continue`:
        answer `Expect: 100-continue` as a server does.
        """
        self.requests: list[RecordedRequest] = []
        self.violations: list[str] = []
        self.raw: dict[int, bytes] = {}
        self._script: Script = script if callable(script) else _in_turn(script or ())
        self._on_head = on_head
        self._next: collections.deque[Answer] = collections.deque()
        self._sends_continue = sends_continue
        self._open: dict[int, socket.socket] = {}
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._start_thread(self._accept, "recording-upstream")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """The node's address, as configurations name it."""
        return f"127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections were ever accepted."""
        return len(self.raw)

    @property
    def open_connections(self) -> int:
        """How many connections neither side has closed."""
        return len(self._open)

    @property
    def all_bytes(self) -> bytes:
        """Everything that arrived, connection by connection."""
        return b"".join(self.raw.values())

    def wait_until(self, wanted: Callable[[], bool], within_s: float = 15.0) -> None:
        """Return when `wanted()`, which is asked after each event. Raises AssertionError when time is up."""
        with self._changed:
            if not self._changed.wait_for(wanted, within_s):
                raise AssertionError(f"not within {within_s} s: {len(self.requests)} requests, {self.violations}")

    def wait_for_requests(self, count: int, within_s: float = 15.0) -> list[RecordedRequest]:
        """Return the requests when there are at least `count`. Raises AssertionError when time is up."""
        self.wait_until(lambda: len(self.requests) >= count, within_s)
        return self.requests

    def answer_next(self, *answers: Answer) -> None:
        """Give the next requests these answers, before the script is asked again."""
        self._next.extend(answers)

    def clear(self) -> None:
        """Forget requests, violations and bytes; connections go on."""
        with self._changed:
            self.requests.clear()
            self.violations.clear()
            for connection_id in self.raw:
                self.raw[connection_id] = b""

    def stop(self) -> None:
        """Stop listening, cut every connection and wait for the threads."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open.values()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(JOIN_LIMIT_S)

    def _start_thread(self, work: Callable[..., None], name: str, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                connection_id = len(self.raw)
                self.raw[connection_id] = b""
                self._open[connection_id] = connection
                self._changed.notify_all()
            self._start_thread(self._serve, f"upstream-{connection_id}", connection, connection_id)

    def _serve(self, connection: socket.socket, connection_id: int) -> None:
        reader = StrictReader(lambda: self._receive(connection, connection_id), connection_id)
        try:
            while self._serve_one(connection, reader):
                pass
        except Ended:
            pass
        except Violation as violation:
            with self._changed:
                self.violations.append(str(violation))
            with contextlib.suppress(OSError):
                connection.sendall(BAD_REQUEST)
        except OSError:
            pass
        finally:
            connection.close()
            with self._changed:
                self._open.pop(connection_id, None)
                self._changed.notify_all()

    def _receive(self, connection: socket.socket, connection_id: int) -> bytes:
        received = connection.recv(RECEIVE_BYTES)
        with self._changed:
            self.raw[connection_id] += received
            self._changed.notify_all()
        return received

    def _serve_one(self, connection: socket.socket, reader: StrictReader) -> bool:
        request = reader.read_head()
        early = self._on_head(request) if self._on_head else None
        if early is not None:
            self._record(request)
            if not self._send(connection, early):
                return False
            reader.read_body(request)
            return True
        if self._sends_continue and request.value("expect") == "100-continue":
            connection.sendall(CONTINUE)
        reader.read_body(request)
        self._record(request)
        return self._send(connection, self._choose(request))

    def _choose(self, request: RecordedRequest) -> Answer:
        with contextlib.suppress(IndexError):
            return self._next.popleft()
        return self._script(request) or Answer(build_echo(request), close=_wants_close(request))

    def _record(self, request: RecordedRequest) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def _send(self, connection: socket.socket, answer: Answer) -> bool:
        for part in answer.parts:
            if isinstance(part, bytes):
                connection.sendall(part)
            elif isinstance(part, threading.Event):
                part.wait(WAIT_LIMIT_S)
            else:
                time.sleep(part)
        if answer.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return not answer.close


def _in_turn(answers: Sequence[Answer]) -> Script:
    rest = iter(answers)
    lock = threading.Lock()

    def answer_next(request: RecordedRequest) -> Answer | None:
        with lock:
            return next(rest, None)

    return answer_next


def _wants_close(request: RecordedRequest) -> bool:
    connection = ",".join(request.values("connection")).lower()
    return "close" in connection or (request.version == "1.0" and "keep-alive" not in connection)
