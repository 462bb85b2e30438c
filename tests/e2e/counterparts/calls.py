"""Plain HTTP calls to loopback, for what is not a browser: API clients, control endpoints, token endpoints.

Not a browser: no cookies, no redirects, no headers but the given ones. `tests.fakes.browser` is the other thing.
"""

import base64
import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1"})
Headers = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Response:
    """One answer. `headers` keep their order and their repetitions."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the only value of `name`, or None. Raises ValueError when it was sent twice."""
        values = self.header_values(name)
        if len(values) > 1:
            raise ValueError(f"{name} was sent {len(values)} times")
        return values[0] if values else None

    def header_values(self, name: str) -> list[str]:
        """Return every value of `name`, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self) -> Any:
        """Return the body as JSON. Raises ValueError."""
        return json.loads(self.body)


def call(url: str, method: str = "GET", headers: Headers = (), body: bytes = b"", timeout_s: float = 10.0) -> Response:
    """Send one request on a connection of its own. Raises ValueError for a host that is not loopback, OSError."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise ValueError(f"not on loopback: {parts.scheme}://{parts.hostname}")
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=timeout_s)
    pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    names = {name.lower() for name, _ in pairs}
    try:
        connection.putrequest(
            method, parts.path + (f"?{parts.query}" if parts.query else ""), skip_host=True, skip_accept_encoding=True
        )
        if "host" not in names:
            connection.putheader("Host", parts.netloc)
        for name, value in pairs:
            connection.putheader(name, value)
        if body and "content-length" not in names:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Response(answer.status, tuple(answer.getheaders()), answer.read())
    finally:
        connection.close()


def post_form(url: str, fields: Mapping[str, str], client: tuple[str, str] | None = None) -> Response:
    """POST a form, with HTTP Basic client authentication when `client` is (client_id, client_secret)."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if client:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(client).encode("ascii")).decode("ascii")
    return call(url, "POST", headers, urlencode(fields).encode("ascii"))


def post_json(url: str, value: object) -> Response:
    """POST a JSON value."""
    return call(url, "POST", {"Content-Type": "application/json"}, json.dumps(value).encode("utf-8"))
