"""A sign-in without sockets: a provider that authorizes and redeems codes, and a visitor with a cookie jar.

    world = SignInWorld()
    visitor = Visitor(world, plugin)
    moved = await visitor.open("http://localhost:9080/a")      # Reply 302 to the provider
    back = world.authorize(visitor.location(moved))            # the callback's URL
    home = await visitor.open(back)                            # Reply 303 with the session

The provider holds codes to what RFC 6749 and 7636 say of them, so that a gateway that forgets something fails.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.http.request import Request
from ostiary.identity.pkce import build_challenge
from ostiary.plugin import Admit, Pass, Pending, Place, Plugin, Reply, Services, Verdict
from ostiary.providers.directory import ProviderDirectory
from tests.fakes.clock import FakeClock
from tests.fakes.cookie_jar import CookieJar, Errand
from tests.fakes.dice import FakeRandom
from tests.fakes.http_client import FakeHttpClient, answer_json
from tests.fakes.issuer import (
    DISCOVERY,
    ISSUER,
    JWKS_URI,
    answer_discovery,
    answer_keys,
    discovery_document,
    id_claims,
    sign,
)
from tests.fakes.log import FakeLog
from tests.fakes.requests import make_request
from tests.fakes.spawner import FakeSpawner
from tests.fakes.stores import FakeStores

SECRET = "a-session-secret-for-tests"
CLIENT_SECRET = "a-client-secret-for-tests"
TOKEN_ENDPOINT = f"{ISSUER}/token"
USERINFO_ENDPOINT = f"{ISSUER}/userinfo"
REVOCATION_ENDPOINT = f"{ISSUER}/revoke"
END_SESSION_ENDPOINT = f"{ISSUER}/logout"
FORM_TYPE = "application/x-www-form-urlencoded"
_FOREIGN_FORM = Errand(is_same_site=False, is_safe_navigation=False)
PAGE_HEADERS = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


class SignInWorld:
    """Ports, and a provider behind them. The dictionaries change what the provider says; None leaves a member out."""

    def __init__(self) -> None:
        """Everything works."""
        self.clock = FakeClock()
        self.dice = FakeRandom()
        self.http = FakeHttpClient()
        self.log = FakeLog()
        self.spawner = FakeSpawner()
        self.stores = FakeStores(self.clock)
        self.providers = ProviderDirectory(http=self.http, clock=self.clock, spawner=self.spawner, log=self.log)
        self.callback_changes: dict[str, str | None] = {}
        self.token_changes: dict[str, Any] = {}
        self.claim_changes: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"sub": "user-1", "name": "Quick Start"}
        self.reachable = True
        self.refreshes = 0
        self.reuses = 0
        self.refresh_refusal: str | None = None
        self.refresh_tokens: dict[str, str] = {}
        self.issued = 0
        self.refresh_changes: dict[str, Any] = {}
        self.refreshed_claims: dict[str, Any] = {}
        self.revoked: list[tuple[str, str]] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.publish()

    def publish(self, **changes: Any) -> None:
        """Put the provider on the network, its discovery document changed."""
        self.http.answers |= {
            DISCOVERY: answer_discovery(**changes),
            JWKS_URI: answer_keys(),
            TOKEN_ENDPOINT: self._redeem,
            REVOCATION_ENDPOINT: self._revoke,
            USERINFO_ENDPOINT: lambda request: answer_json(self.userinfo),
        }
        self.document = discovery_document(**changes)

    def take_down(self) -> None:
        """Let nobody answer any more."""
        self.http.answers.clear()

    def services(self, place: Place | None = None, public_url: str | None = None) -> Services:
        """Return what a plugin is built with."""
        return Services(
            clock=self.clock,
            random=self.dice,
            http=self.http,
            spawner=self.spawner,
            log=self.log,
            stores=self.stores,
            providers=self.providers,
            place=place or Place(id="r1", uris=("/anything/*",)),
            public_url=public_url,
            generated_secret=lambda: "a-generated-secret-of-the-host",
            reaches=lambda host, path, fingerprint: self.reachable,
        )

    def authorize(self, location: str) -> str:
        """Sign the person in, and return the address that the provider sends them back to."""
        asked = dict(parse_qsl(urlsplit(location).query, strict_parsing=True))
        assert location.startswith(f"{ISSUER}/authorize?")
        assert asked["response_type"] == "code"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": None} | self.callback_changes
        query = urlencode({name: value for name, value in answer.items() if value is not None})
        return f"{asked['redirect_uri']}?{query}"

    def _redeem(self, request: OutboundRequest) -> OutboundResponse:
        form = dict(parse_qsl(request.body.decode(), strict_parsing=True))
        if form["grant_type"] == "refresh_token":
            return self._refresh(form)
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form["grant_type"] != "authorization_code" or form["redirect_uri"] != asked["redirect_uri"]:
            return answer_json({"error": "invalid_grant"}, 400)
        if "code_challenge" in asked and build_challenge(form.get("code_verifier", "")) != asked["code_challenge"]:
            return answer_json({"error": "invalid_grant"}, 400)
        claims = id_claims(
            self.clock.now(), **{"aud": asked["client_id"], "nonce": asked["nonce"], **self.claim_changes}
        )
        answer = {
            "access_token": "an-access-token",
            "token_type": "Bearer",
            "expires_in": 300,
            "refresh_token": self._issue_refresh_token(asked["client_id"]),
            "id_token": sign(claims),
            "scope": "openid profile",
        } | self.token_changes
        return answer_json({name: value for name, value in answer.items() if value is not None})

    def _issue_refresh_token(self, client_id: str) -> str:
        token = f"a-refresh-token-{self.issued}"  # never the same again: a second use must be noticed
        self.issued += 1
        self.refresh_tokens[token] = client_id
        return token

    def _refresh(self, form: dict[str, str]) -> OutboundResponse:
        """Rotate: a refresh token works once, and one that comes again ends everything (RFC 9700 §4.14)."""
        self.refreshes += 1
        client_id = self.refresh_tokens.pop(form["refresh_token"], None)
        if client_id is None or self.refresh_refusal is not None:
            if client_id is None:
                self.reuses += 1
                self.refresh_tokens.clear()
            return answer_json({"error": self.refresh_refusal or "invalid_grant"}, 400)
        claims = id_claims(self.clock.now(), **{"aud": client_id, **self.refreshed_claims})
        answer = {
            "access_token": f"an-access-token-after-{self.refreshes}",
            "token_type": "Bearer",
            "expires_in": 300,
            "refresh_token": self._issue_refresh_token(client_id),
            "id_token": sign(claims),
        } | self.refresh_changes
        return answer_json({name: value for name, value in answer.items() if value is not None})

    def _revoke(self, request: OutboundRequest) -> OutboundResponse:
        form = dict(parse_qsl(request.body.decode(), strict_parsing=True))
        self.revoked.append((form["token_type_hint"], form["token"]))
        return OutboundResponse(status=200, headers=(), body=b"")


class Visitor:
    """A browser in front of one plugin: keeps cookies by the rules, follows nothing by itself."""

    def __init__(self, world: SignInWorld, plugin: Plugin) -> None:
        """Start with an empty jar."""
        self.world = world
        self.plugin = plugin
        self.jar = CookieJar()

    def request(
        self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None, cookie: str | None = None
    ) -> Request:
        """Return the request that the gateway would read; a navigation unless `headers` say otherwise."""
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        sent = {"Host": parts.netloc, **(PAGE_HEADERS if headers is None else headers)}
        cookies = self.jar.header(parts, self.world.clock.now()) if cookie is None else cookie
        if cookies:
            sent["Cookie"] = cookies
        return make_request(method, target or "/", sent, scheme=parts.scheme)

    async def open(
        self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None, cookie: str | None = None
    ) -> Reply | Admit | Pass:
        """Send a request, wait for what is pending, and keep the cookies."""
        return await self.send(self.request(url, method, headers, cookie), url)

    async def post(
        self, url: str, form: str, *, content_type: str = FORM_TYPE, cookie: str | None = None
    ) -> Reply | Admit | Pass:
        """Send a form that stands on another site's page: cookies come along as far as they are SameSite=None."""
        parts = urlsplit(url)
        sent = {
            "Host": parts.netloc,
            **PAGE_HEADERS,
            "Content-Type": content_type,
            "Content-Length": str(len(form)),
            "Cookie": self.jar.header(parts, self.world.clock.now(), _FOREIGN_FORM) if cookie is None else cookie,
        }
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        sent = {name: value for name, value in sent.items() if value}
        return await self.send(make_request("POST", target, sent, scheme=parts.scheme), url, body=form.encode())

    async def send(
        self, request: Request, url: str, *, is_lost: bool = False, body: bytes = b""
    ) -> Reply | Admit | Pass:
        """Do the same with a request that is there already; `url` says for whom the cookies are.

        An answer that `is_lost` never reaches the browser. A `body` is given to those who ask for one.
        """
        verdict: Verdict = self.plugin.decide(request, None, self.world.clock.now())
        settled: Reply | Admit | Pass
        if isinstance(verdict, Pending):
            settled = await (verdict.settle(body) if verdict.body_limit_bytes else verdict.settle())
        else:
            settled = verdict
        if not is_lost:
            self.keep_cookies(settled, url)
        return settled

    def keep_cookies(self, settled: Reply | Admit | Pass, url: str) -> None:
        """Do what a browser does with the cookies of an answer that reaches it."""
        written: tuple[str, ...] = ()
        if isinstance(settled, Reply):
            written = tuple(value for name, value in settled.headers if name == "Set-Cookie")
        elif isinstance(settled, Admit):
            written = settled.set_cookies
        for value in written:
            self.jar.store(value, urlsplit(url), self.world.clock.now())

    async def sign_in(self, url: str) -> Reply:
        """Go all the way; return the answer to the callback."""
        settled = await self.open(await self.start_sign_in(url))
        assert isinstance(settled, Reply)
        return settled

    async def start_sign_in(self, url: str) -> str:
        """Go as far as the provider; return the address that it sends the person back to."""
        return self.world.authorize(location_of(await self.open(url)))

    @property
    def cookie_names(self) -> list[str]:
        """The names of the cookies that are kept now, apart from the note of ten seconds that a login ended well."""
        names = (cookie.name for cookie in self.jar.live(self.world.clock.now()))
        return sorted(name for name in names if not name.endswith("_done"))


def location_of(settled: Reply | Admit | Pass) -> str:
    """Return where a redirect leads."""
    assert isinstance(settled, Reply), settled
    assert settled.status in {302, 303}, (settled.status, settled.reason, settled.body)
    return dict(settled.headers)["Location"]


def run(work: Callable[[], Any]) -> Any:
    """Run a conversation on a loop of its own."""
    return asyncio.run(work())
