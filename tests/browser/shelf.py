"""A server for pages that were rendered beforehand: each under its name, with status and headers as the gateway sends.

Everything else under its roof answers "arrived", so that a link can be followed.
"""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from ostiary.plugin import Reply

ARRIVED = b'<!DOCTYPE html><html lang="en"><title>Arrived</title><main><h1>Arrived</h1></main></html>'


class Shelf:
    """A listening server on loopback."""

    def __init__(self, replies: Mapping[str, Reply]) -> None:
        """Serve the replies."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _plan_answers(replies))
        self.origin = f"http://localhost:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="shelf", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, name: str) -> str:
        """Return where a reply is."""
        return f"{self.origin}/shelf/{name}"


def _plan_answers(replies: Mapping[str, Reply]) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = replies.get(urlsplit(self.path).path.removeprefix("/shelf/"))
            body = ARRIVED if reply is None else reply.body
            self.send_response(200 if reply is None else reply.status)
            for name, value in (("Content-Type", "text/html"),) if reply is None else reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    return Answers
