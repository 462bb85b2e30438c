"""An issuer reduced to its metadata, keys and introspection endpoint, over TLS or not, on loopback; it records heads.

    with StaticIssuer("id.test", context) as issuer:      # https://id.test:<port>
        issuer.token()                                    # a JWT that its keys verify

For what a whole provider cannot be asked for: a private certificate, a name of its own, metadata that lack something.
"""

import asyncio
import contextlib
import json
import ssl
import time
from types import TracebackType
from typing import Any, Self

from joserfc import jwt
from joserfc.jwk import ECKey

from tests.e2e.counterparts.loop_thread import LoopThread

MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class StaticIssuer:
    """A listening issuer. `heads` are what it was asked; `metadata` may be changed at any time."""

    def __init__(self, host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> None:
        """Listen on a loopback port, known as `host`."""
        self.heads: list[bytes] = []
        self._key = ECKey.generate_key("P-256", {"kid": "k", "alg": "ES256", "use": "sig"})
        self._thread = LoopThread("static-issuer")
        self._server = self._thread.run(self._listen(context))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.issuer = f"{'http' if context is None else 'https'}://{host}:{self.port}"
        self.discovery_url = f"{self.issuer}/.well-known/openid-configuration"
        self.metadata: dict[str, Any] = {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/keys",
            "introspection_endpoint": f"{self.issuer}/introspect",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.loop.call_soon_threadsafe(self._server.close)
        self._thread.stop()

    def token(self) -> str:
        """Return an access token."""
        claims = {"iss": self.issuer, "sub": "somebody", "exp": int(time.time()) + 300}
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "k"}, claims, self._key)

    def paths(self) -> list[str]:
        """Return what it was asked for, in order."""
        return [head.split(b" ")[1].decode() for head in self.heads]

    async def _listen(self, context: ssl.SSLContext | None) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):  # cancelled: the end
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                await reader.readexactly(_find_length(head))
                writer.write(self._answer(head.split(b" ")[1].decode()))
                await writer.drain()
        writer.close()

    def _answer(self, path: str) -> bytes:
        documents: dict[str, Any] = {
            "/.well-known/openid-configuration": self.metadata,
            "/keys": {"keys": [self._key.as_dict(private=False)]},
            "/introspect": {"active": True, "sub": "somebody", "exp": int(time.time()) + 300, "scope": "read"},
        }
        if path not in documents:
            return MISSING
        body = json.dumps(documents[path]).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


def _find_length(head: bytes) -> int:
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lengths[0].partition(b":")[2]) if lengths else 0
