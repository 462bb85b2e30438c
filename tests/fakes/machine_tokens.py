"""An authorization server without sockets: the document's consumer and token, and requests to both kinds of address.

world = TokenWorld()
answer = world.ask(server.token_endpoint, world.request("GET", f"/oauth2/token?{CREDENTIALS}"))
verdict = server.protection.decide(world.request(token=token_of(answer)), None, world.clock.now())
"""

import asyncio
import json
from collections.abc import Awaitable, Mapping
from typing import Any
from urllib.parse import urlencode

from ostiary.authorization_server.clients import AssertionProof
from ostiary.authorization_server.consumers import Consumer, Consumers, PlainSecret
from ostiary.authorization_server.server import AuthorizationServer
from ostiary.authorization_server.settings import ServerSettings
from ostiary.authorization_server.token_endpoint import TokenEndpoint
from ostiary.http.request import Request
from ostiary.identity.issued_token import IssuedClaims, build_issued_claims, sign_with_secret
from ostiary.plugin import Pending, Place, Reply, Services, Settled
from ostiary.providers.directory import ProviderDirectory
from tests.fakes.clock import FakeClock
from tests.fakes.dice import FakeRandom
from tests.fakes.http_client import FakeHttpClient
from tests.fakes.log import FakeLog
from tests.fakes.requests import make_request
from tests.fakes.spawner import FakeSpawner
from tests.fakes.stores import FakeStores

NAME = "consumer1"
CLIENT_ID = "12345678-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
SECRET = "abcdefgh-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
OTHER_NAME = "consumer2"
OTHER_ID = "87654321-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
OTHER_SECRET = "hgfedcba-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
FORM_TYPE = "application/x-www-form-urlencoded"
PARAMETERS = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET}
CREDENTIALS = urlencode(PARAMETERS)
SAMPLE_AT = 1687944263  # its `iat`
SAMPLE_EXPIRES_AT = 1687951463
SAMPLE_ID = "10959d1b-8d61-4dec-bea7-94810375b63c"
SAMPLE_TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6ImFwcGxpY2F0aW9uXC9hdCtqd3QifQ."
    "eyJhdWQiOiJkZWZhdWx0IiwiY2xpZW50X2lkIjoiMTIzNDU2NzgteHh4eC14eHh4LXh4eHgteHh4eHh4eHh4eHh4IiwiZXhwIjoxNjg3OTUxNDYz"
    "LCJpYXQiOjE2ODc5NDQyNjMsImlzcyI6IkhpZ3Jlc3MtR2F0ZXdheSIsImp0aSI6IjEwOTU5ZDFiLThkNjEtNGRlYy1iZWE3LTk0ODEwMzc1YjYz"
    "YyIsInN1YiI6ImNvbnN1bWVyMSJ9."
    "NkT_rG3DcV9543vBQgneVqoGfIhVeOuUBwLJJ4Wycb0"
)

SAMPLE = IssuedClaims(
    audience="default", client_id=CLIENT_ID, expires_at=SAMPLE_EXPIRES_AT, issued_at=SAMPLE_AT,
    issuer="Higress-Gateway", subject=NAME, token_id=SAMPLE_ID,
)  # fmt: skip


def make_consumer(name: str = NAME, client_id: str = CLIENT_ID, secret: str = SECRET, **others: Any) -> Consumer:
    """Make a consumer; by default the document's first."""
    return Consumer(name=name, client_id=client_id, proofs=(PlainSecret(secret),), signing_secrets=(secret,), **others)


def make_claims(**changes: Any) -> dict[str, Any]:
    """Return the sample token's claims, changed; None leaves one out."""
    return {name: value for name, value in (build_issued_claims(SAMPLE) | changes).items() if value is not None}


def make_token(secret: str = SECRET, **changes: Any) -> str:
    """Return a token of the sample's claims, changed, as a consumer with this secret could make it."""
    return sign_with_secret(make_claims(**changes), secret)


def body_of(reply: Reply) -> dict[str, Any]:
    """Return the JSON of an answer."""
    body: dict[str, Any] = json.loads(reply.body)
    return body


def token_of(reply: Reply) -> str:
    """Return the token of an answer."""
    token: str = body_of(reply)["access_token"]
    return token


async def _await(work: Awaitable[Settled]) -> Settled:
    return await work


class TokenWorld:
    """Ports, a clock that stands at the sample token's time, and consumers."""

    def __init__(self) -> None:
        """Everything works."""
        self.clock = FakeClock(float(SAMPLE_AT))
        self.dice = FakeRandom()
        self.log = FakeLog()
        self.http = FakeHttpClient()
        self.spawner = FakeSpawner()
        self.stores = FakeStores(self.clock)
        self.providers = ProviderDirectory(http=self.http, clock=self.clock, spawner=self.spawner, log=self.log)

    def services(self, place: Place | None = None, *, has_finer: bool = False) -> Services:
        """Return what a plugin is built with."""
        return Services(
            clock=self.clock,
            random=self.dice,
            http=self.http,
            spawner=self.spawner,
            log=self.log,
            stores=self.stores,
            providers=self.providers,
            place=place or Place(id="r1", uris=("/*",)),
            public_url=None,
            generated_secret=lambda: "generated",
            reaches=lambda host, path, fingerprint: False,
            has_finer=has_finer,
        )

    def server(
        self, *consumers: Consumer, assertions: AssertionProof | None = None, **settings: Any
    ) -> AuthorizationServer:
        """Build a server; without consumers the document's first is there."""
        known = Consumers(consumers or (make_consumer(),))
        return AuthorizationServer(ServerSettings(**settings), known, self.services(), assertions=assertions)

    @staticmethod
    def request(
        method: str = "GET", target: str = "/", headers: Mapping[str, Any] | None = None, *, token: str | None = None,
        route: str = "route-a",
    ) -> Request:  # fmt: skip
        """Make a request that a route was found for; `token` goes into Authorization."""
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        request = make_request(method, target, {**bearer, **(headers or {})})
        request.route = route
        return request

    def ask(self, endpoint: TokenEndpoint, request: Request, body: str = "") -> Reply:
        """Ask the token endpoint, with a body where it waits for one."""
        verdict = endpoint.answer(request, self.clock.now())
        if isinstance(verdict, Pending):
            verdict = asyncio.run(_await(verdict.settle(body.encode("utf-8"))))
        assert isinstance(verdict, Reply)
        return verdict

    def post(
        self, endpoint: TokenEndpoint, parameters: Mapping[str, str] | str = CREDENTIALS, target: str = "/oauth2/token",
        headers: Mapping[str, Any] | None = None, route: str = "route-a",
    ) -> Reply:  # fmt: skip
        """POST a form to the token endpoint."""
        request = self.request("POST", target, {"Content-Type": FORM_TYPE, **(headers or {})}, route=route)
        return self.ask(endpoint, request, parameters if isinstance(parameters, str) else urlencode(parameters))
