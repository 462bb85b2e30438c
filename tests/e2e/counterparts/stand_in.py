"""A web site on loopback, over TLS, for stand-ins of services that cannot be reached from tests: a function answers.

    with serve_site(authority, folder, ("api.example.com",), answer) as port:      # answer(Call) -> Answer

One port serves all its hosts; what a call was is read once, query and form together.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.certificates import Authority

FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Call:
    """What was asked: `parameters` of query and form, each with its first value; header names in lower case."""

    method: str
    host: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def bearer(self) -> str:
        """The token in the Authorization header, if any."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def write_json(status: int, content: object) -> Answer:
    """Return an answer of JSON."""
    headers = (("Content-Type", "application/json;charset=UTF-8"), ("Cache-Control", "no-store"))
    return Answer(status, json.dumps(content).encode(), headers)


def write_page(page: str) -> Answer:
    """Return an answer of HTML."""
    return Answer(200, page.encode(), (("Content-Type", "text/html; charset=utf-8"),))


@contextlib.contextmanager
def serve_site(
    authority: Authority, folder: Path, hosts: Sequence[str], answer: Callable[[Call], Answer]
) -> Iterator[int]:
    """Listen on a loopback port, with a certificate for all `hosts`; yield the port."""
    context = authority.make_server_context(folder, *hosts)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(answer))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, name=hosts[0], daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _make_handler(answer: Callable[[Call], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            """Stay silent."""

        def _serve(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            host = (self.headers.get("Host") or "").partition(":")[0].lower()
            headers = {name.lower(): value for name, value in self.headers.items()}
            form = _read_pairs(body.decode()) if headers.get("content-type") == FORM_TYPE else {}
            parameters = {**_read_pairs(parts.query), **form}
            given = answer(Call(self.command, host, parts.path, parameters, headers, body))
            self.send_response(given.status)
            for name, value in given.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

    return Handler


def _read_pairs(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
