"""An upstream that only says who it was told is asking: for tests with thousands of requests.

Each answer is 200 with a JSON object: `target`, and the identity headers that the gateway set, decoded: `sub` (of
X-Userinfo), `sid` (of X-ID-Token), `access_token`, `refresh_token`; None where there was none. It reads no bodies,
keeps no requests, and serves every connection in one loop. `RecordingUpstream` is the one that looks at every byte.
"""

import asyncio
import json
from base64 import b64decode
from types import TracebackType
from typing import Self

from tests.e2e.counterparts.loop_thread import LoopThread

END = b"\r\n\r\n"


class IdentityEcho:
    """A listening upstream. `answered` counts its answers."""

    def __init__(self) -> None:
        """Listen on a loopback port."""
        self.answered = 0
        self._loop = LoopThread("identity-echo")
        self._server = self._loop.run(self._listen())
        self.port: int = self._server.sockets[0].getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.run(self._close())
        self._loop.stop()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=1024)

    async def _close(self) -> None:
        self._server.close()


class _Connection(asyncio.Protocol):
    def __init__(self, echo: IdentityEcho) -> None:
        self._echo = echo
        self._unread = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, received: bytes) -> None:
        assert self._transport is not None
        self._unread += received
        while END in self._unread:
            head, _, self._unread = self._unread.partition(END)
            self._echo.answered += 1
            self._transport.write(build_answer(head))


def build_answer(head: bytes) -> bytes:
    """Return the bytes of the answer to a request with this head."""
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    userinfo, id_token = headers.get("x-userinfo"), headers.get("x-id-token")
    body = json.dumps(
        {
            "target": line.split(" ")[1],
            "sub": json.loads(b64decode(userinfo))["sub"] if userinfo else None,
            "sid": json.loads(b64decode(id_token)).get("sid") if id_token else None,
            "access_token": headers.get("x-access-token"),
            "refresh_token": headers.get("x-refresh-token"),
        }
    ).encode("ascii")
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
