"""Forward proxies: a small one that records what it is asked, and tinyproxy, which somebody else wrote.

    with ForwardProxy(credentials="user:password") as proxy:    # http://127.0.0.1:<port>; over TLS with a `context`
    with start_tinyproxy(folder, credentials=...) as proxy:

Both forward absolute-form requests and open tunnels by CONNECT (RFC 9110 §9.3.6), and answer 407 without credentials.
"""

import asyncio
import base64
import contextlib
import ssl
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.e2e.counterparts.loop_thread import LoopThread
from tests.e2e.counterparts.processes import Outputs, RunningProgram, free_port, wait_until_accepting
from tests.requires import require

HOW_TO_GET = "apt-get install tinyproxy"
START_LIMIT_S = 10.0
REFUSED = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
)
UNREACHABLE = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
HOP_BY_HOP = (b"proxy-authorization:", b"proxy-connection:", b"connection:")


def build_basic(credentials: str) -> str:
    """Return the header value for `user:password`."""
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


class ForwardProxy:
    """A listening proxy. `heads` are the request heads it was sent, `connections` how many were opened."""

    def __init__(
        self, credentials: str | None = None, context: ssl.SSLContext | None = None, *, hangs: bool = False
    ) -> None:
        """Listen on a loopback port. One that `hangs` reads and never answers."""
        self.heads: list[bytes] = []
        self.connections = 0
        self._wanted = None if credentials is None else build_basic(credentials).encode()
        self._hangs = hangs
        self._thread = LoopThread("forward-proxy")
        self._server = self._thread.run(self._listen(context))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"{'http' if context is None else 'https'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.loop.call_soon_threadsafe(self._server.close)
        self._thread.stop()

    async def _listen(self, context: ssl.SSLContext | None) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):  # cancelled: the end
            while await self._serve_one(reader, writer):
                pass
        writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        if self._hangs:
            await reader.read()
            return False
        if self._wanted is not None and _read_field(head, b"proxy-authorization") != self._wanted:
            writer.write(REFUSED)
            await writer.drain()
            return True
        method, target, _ = head.split(b" ", 2)
        if method == b"CONNECT":
            await self._tunnel(target.decode(), reader, writer)
            return False
        body = await reader.readexactly(int(_read_field(head, b"content-length") or b"0"))
        return await self._forward(head, target.decode(), body, writer)

    async def _tunnel(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = target.rpartition(":")
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.write(UNREACHABLE)
            return
        writer.write(ESTABLISHED)
        try:
            await asyncio.gather(_pump(reader, upstream_writer), _pump(upstream_reader, writer))
        finally:
            upstream_writer.close()

    async def _forward(self, head: bytes, target: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
        """Ask for the target in origin form, on a connection of its own, and hand the answer back whole."""
        parts = urlsplit(target)
        lines = head.split(b"\r\n")
        method = lines[0].split(b" ")[0]
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}".encode()
        kept = [line for line in lines[1:] if not line.lower().startswith(HOP_BY_HOP)]
        upstream_reader, upstream_writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        upstream_writer.write(b"\r\n".join([method + b" " + path + b" HTTP/1.1", b"Connection: close", *kept]) + body)
        answer = await upstream_reader.readuntil(b"\r\n\r\n")
        length = _read_field(answer, b"content-length")
        content = await upstream_reader.readexactly(int(length)) if length else await upstream_reader.read()
        upstream_writer.close()
        writer.write(answer + content)
        await writer.drain()
        return length is not None and _read_field(answer, b"connection") != b"close"


def _read_field(head: bytes, name: bytes) -> bytes | None:
    for line in head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()


class Tinyproxy:
    """A running tinyproxy."""

    def __init__(self, program: RunningProgram, port: int) -> None:
        """Hold the process and its port."""
        self.url = f"http://127.0.0.1:{port}"
        self._program = program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._program.kill()

    def log(self) -> str:
        """Return what it logged: a line for each request."""
        return self._program.stdout_text() + self._program.stderr_text()


def start_tinyproxy(folder: Path, credentials: str | None = None) -> Tinyproxy:
    """Start tinyproxy on a free port, with `user:password` or open to everybody; skips where there is none."""
    program = require("tinyproxy", HOW_TO_GET)
    port = free_port()
    lines = [f"Port {port}", "Listen 127.0.0.1", "Timeout 30", "MaxClients 50", "LogLevel Connect"]
    if credentials is not None:
        lines.append(f"BasicAuth {credentials.replace(':', ' ')}")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tinyproxy.conf"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    outputs = Outputs(folder / "tinyproxy.stdout", folder / "tinyproxy.stderr")
    running = RunningProgram([program, "-d", "-c", str(file)], outputs, cwd=folder)
    try:
        wait_until_accepting(port, START_LIMIT_S)
    except BaseException:
        running.kill()
        raise
    return Tinyproxy(running, port)
