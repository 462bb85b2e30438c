"""A resource server without sockets: a provider that publishes keys and answers introspections, and a verifier.

world = BearerWorld()
verifier = world.verifier(use_jwks=True)
verdict = await world.settle(verifier, world.request(sign(access_claims())))
"""

from typing import Any
from urllib.parse import parse_qsl

from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.http.request import Request
from ostiary.plugin import Pending, Place, Services, Settled
from ostiary.providers.directory import ProviderDirectory
from ostiary.providers.provider import Provider, ProviderSettings
from ostiary.resource_server.settings import BearerSettings
from ostiary.resource_server.verifier import BearerVerifier, build_bearer_verifier
from tests.fakes.clock import FakeClock
from tests.fakes.dice import FakeRandom
from tests.fakes.http_client import FakeHttpClient, answer_json
from tests.fakes.issuer import DISCOVERY, INTROSPECTION, JWKS_URI, answer_discovery, answer_keys
from tests.fakes.log import FakeLog
from tests.fakes.requests import make_request
from tests.fakes.spawner import FakeSpawner
from tests.fakes.stores import FakeStores


class BearerWorld:
    """Ports, and a provider behind them; `tokens` are what it answers about each token, unknown ones are inactive."""

    def __init__(self) -> None:
        """Everything works."""
        self.clock = FakeClock()
        self.log = FakeLog()
        self.spawner = FakeSpawner()
        self.stores = FakeStores(self.clock)
        self.tokens: dict[str, dict[str, Any]] = {}
        self.http = FakeHttpClient(
            {DISCOVERY: answer_discovery(), JWKS_URI: answer_keys(), INTROSPECTION: self._introspect}
        )
        self.providers = ProviderDirectory(http=self.http, clock=self.clock, spawner=self.spawner, log=self.log)

    @property
    def provider(self) -> Provider:
        """The provider as the gateway knows it."""
        return self.providers.provider(ProviderSettings(discovery=DISCOVERY))

    @property
    def services(self) -> Services:
        """What a verifier is built with."""
        return Services(
            clock=self.clock,
            random=FakeRandom(),
            http=self.http,
            spawner=self.spawner,
            log=self.log,
            stores=self.stores,
            providers=self.providers,
            place=Place(id="r1"),
            public_url=None,
            generated_secret=lambda: "generated",
            reaches=lambda host, path, fingerprint: False,
        )

    def verifier(self, **settings: Any) -> BearerVerifier:
        """Build a verifier."""
        return build_bearer_verifier(BearerSettings(**settings), self.provider, self.services)

    @staticmethod
    def request(token: str | None = None, *, authorization: str | None = None) -> Request:
        """Make a request with a bearer token, with another Authorization header, or with none."""
        value = authorization if token is None else f"Bearer {token}"
        return make_request(headers={} if value is None else {"Authorization": value})

    async def settle(self, verifier: BearerVerifier, request: Request) -> Settled | None:
        """Decide as the host does: at once, or by awaiting what is pending."""
        verdict = verifier.decide(request, self.clock.now())
        return await verdict.settle() if isinstance(verdict, Pending) else verdict

    def _introspect(self, request: OutboundRequest) -> OutboundResponse:
        token = dict(parse_qsl(request.body.decode()))["token"]
        return answer_json(self.tokens.get(token, {"active": False}))
