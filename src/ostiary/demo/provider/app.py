"""The provider as a Starlette application: its parts, made once and joined, and the endpoints that need no more.

`create_app(ProviderSettings(issuer=..., client_secret=...))` is all there is to call. Requests by another name than
loopback are refused: a page elsewhere that points its own host name at this machine would be one (DNS rebinding).
"""

import json
import time
from dataclasses import dataclass, field
from typing import final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ostiary.demo.provider import metadata
from ostiary.demo.provider.browser import BrowserCookies
from ostiary.demo.provider.client import DemoClient
from ostiary.demo.provider.form_tokens import FormTokens
from ostiary.demo.provider.grants import register_grants
from ostiary.demo.provider.keys import SigningKey
from ostiary.demo.provider.machine_endpoints import MachineEndpoints
from ostiary.demo.provider.memory import Clock, ProviderMemory
from ostiary.demo.provider.pages import Pages
from ostiary.demo.provider.server import DemoAuthorizationServer
from ostiary.demo.provider.sign_in import SIGN_IN_PATH, SignIn
from ostiary.demo.provider.sign_out import CONFIRM_PATH, SignOut
from ostiary.demo.provider.throttle import Throttle
from ostiary.demo.provider.token_endpoints import register_token_endpoints
from ostiary.demo.provider.tokens import TokenMaker

GET_OR_POST = ("GET", "POST")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """Where the provider is, and its client's secret. A wrong password is answered after `failure_delay_s`."""

    issuer: str
    client_secret: str = field(repr=False)
    failure_delay_s: float = 0.5


def create_app(settings: ProviderSettings, clock: Clock = time.time, key: SigningKey | None = None) -> ASGIApp:
    """Return a provider at which nobody is signed in. `clock` gives wall-clock seconds; without a key one is made."""
    tokens = TokenMaker(settings.issuer, key or SigningKey())
    memory = ProviderMemory(clock)
    server = DemoAuthorizationServer(DemoClient(settings.client_secret), tokens, memory, Throttle())
    register_grants(server)
    register_token_endpoints(server)
    pages, cookies = Pages(settings.issuer), BrowserCookies(FormTokens())
    sign_in = SignIn(server, pages, cookies, settings.failure_delay_s)
    sign_out = SignOut(memory, tokens, pages, cookies)
    machines = MachineEndpoints(server, settings.failure_delay_s)
    front = FrontDoor(pages, json.dumps(metadata.build_metadata(settings.issuer)).encode("ascii"), tokens.key.jwks)
    routes = [
        Route("/", front.index),
        Route("/.well-known/openid-configuration", front.discovery),
        Route(metadata.JWKS_PATH, front.jwks),
        Route(metadata.AUTHORIZE_PATH, sign_in.authorize, methods=GET_OR_POST),
        Route(SIGN_IN_PATH, sign_in.sign_in, methods=["POST"]),
        Route(metadata.TOKEN_PATH, machines.token, methods=["POST"]),
        Route(metadata.INTROSPECT_PATH, machines.introspect, methods=["POST"]),
        Route(metadata.REVOKE_PATH, machines.revoke, methods=["POST"]),
        Route(metadata.USERINFO_PATH, machines.userinfo, methods=GET_OR_POST),
        Route(metadata.END_SESSION_PATH, sign_out.end_session, methods=GET_OR_POST),
        Route(CONFIRM_PATH, sign_out.confirm, methods=["POST"]),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: front.error, Exception: front.error})
    return LoopbackNamesOnly(app, pages)


@final
@dataclass(frozen=True, slots=True)
class FrontDoor:
    """What anybody may read: the front page, the two documents, and the page of whatever goes wrong."""

    pages: Pages
    metadata: bytes = field(repr=False)
    key_set: bytes = field(repr=False)

    async def index(self, _request: Request) -> Response:
        """Say what this is."""
        return self.pages.render("index")

    async def discovery(self, _request: Request) -> Response:
        """OpenID Connect Discovery section 4."""
        return _document(self.metadata)

    async def jwks(self, _request: Request) -> Response:
        """RFC 7517 section 5."""
        return _document(self.key_set)

    async def error(self, _request: Request, error: Exception) -> Response:
        """Show a status as a page, with the headers it needs (Allow)."""
        known = error if isinstance(error, HTTPException) else HTTPException(500)
        page = self.pages.render("refused", known.status_code, error="", description=known.detail)
        page.headers.update(known.headers or {})
        return page


@final
@dataclass(frozen=True, slots=True)
class LoopbackNamesOnly:
    """Lets a request in that calls this machine by a loopback name, with whatever port."""

    app: ASGIApp
    pages: Pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not names_loopback(dict(scope["headers"]).get(b"host", b"")):
            refusal = self.pages.render(
                "refused", 421, error="", description="This provider answers to 127.0.0.1 and localhost only."
            )
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)


def names_loopback(host: bytes) -> bool:
    """Return whether a Host header names loopback."""
    try:
        name = urlsplit(f"//{host.decode('ascii')}").hostname
    except ValueError:
        return False
    return name in {"127.0.0.1", "localhost", "::1"}


def _document(content: bytes) -> Response:
    """A public document. A minute at most: the next provider on this port has other keys."""
    return Response(content, headers={"Cache-Control": "public, max-age=60"}, media_type="application/json")
