"""Somebody who visits an ASGI application without a network: sends requests, keeps cookies, reads forms."""

import asyncio
import json
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from starlette.types import ASGIApp

from tests.fakes.html_forms import Form, read_forms

Fields = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return the header's only value. Raises ValueError when there is none or several."""
        (value,) = (value for key, value in self.headers if key == name)
        return value

    def has(self, name: str) -> bool:
        """Return whether the header came."""
        return any(key == name for key, _ in self.headers)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8")

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def form(self) -> Form:
        """The only form of the page."""
        (form,) = read_forms(self.text)
        return form

    @property
    def sent_back(self) -> dict[str, str]:
        """The parameters of the redirect."""
        return dict(parse_qsl(urlsplit(self.header("location")).query, keep_blank_values=True))


class Visitor:
    """One browser, or one program when it never gets a cookie."""

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1:9090") -> None:
        self._app = app
        self._host = host
        self.cookies: dict[str, str] = {}

    def get(self, target: str, headers: Fields = ()) -> Answer:
        """GET a path with its query."""
        return self.send("GET", target, headers)

    def post(self, target: str, fields: Fields, headers: Fields = ()) -> Answer:
        """POST a form."""
        pairs = [("content-type", "application/x-www-form-urlencoded"), *_pairs(headers)]
        return self.send("POST", target, pairs, urlencode(_pairs(fields)).encode("ascii"))

    def fill_in(self, page: Answer, fields: Mapping[str, str], button: str | None = None) -> Answer:
        """Fill in the page's form and send it."""
        return self.post(page.form.action, page.form.filled(fields, button))

    def send(self, method: str, target: str, headers: Fields = (), body: bytes = b"") -> Answer:
        """Send one request."""
        path, _, query = target.partition("?")
        pairs = [("host", self._host), *_pairs(headers)]
        if self.cookies:
            pairs.append(("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "root_path": "",
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 9090),
        }
        answer = asyncio.run(_exchange(self._app, scope, body))
        for name, value in answer.headers:
            if name == "set-cookie":
                self._keep(value)
        return answer

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


async def _exchange(app: ASGIApp, scope: MutableMapping[str, Any], body: bytes) -> Answer:
    unread = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        if unread:
            return unread.pop()
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception:
        if not sent:  # otherwise it was answered, and is raised for the server's log
            raise
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"])
    return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


def _pairs(fields: Fields) -> list[tuple[str, str]]:
    return list(fields.items()) if isinstance(fields, Mapping) else list(fields)
