"""`openid-connect`: the decision about each request, in APISIX's order (priority 2599).

What the provider itself calls (logout from elsewhere) comes first; then the bearer token, and final where there is
one; then the callback; then the session; then what `unauth_action` says about a request that nobody is signed in for.
Verification is `ostiary.resource_server`'s, signing in `ostiary.relying_party`'s: this joins them.
"""

from collections.abc import Mapping
from typing import final

from ostiary.errors import ProviderFault
from ostiary.http.navigation import is_navigation
from ostiary.http.request import Request
from ostiary.plugin import Admit, Claim, Pending, Principal, Reply, Services, Settled, Verdict
from ostiary.plugins.openid_connect.compile_bearer import compile_bearer_settings
from ostiary.plugins.openid_connect.compile_party import compile_party_settings
from ostiary.plugins.openid_connect.compile_provider import compile_provider_settings
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.plugins.openid_connect.notices import find_fingerprint, find_notices
from ostiary.relying_party.client_cookies import OWNED_NAMES
from ostiary.relying_party.pages import add_cookies, build_page_reply
from ostiary.relying_party.party import Endpoint, RelyingParty
from ostiary.relying_party.session_resolution import NoSession
from ostiary.relying_party.session_stage import PendingSession
from ostiary.resource_server.verifier import BearerVerifier, build_bearer_verifier

ANONYMOUS = Admit(None, reason="anonymous")
_NEVER_SIGNED_IN = frozenset({"session_absent", "session_broken", "session_foreign"})


@final
class OpenIdConnect:
    """A configured instance."""

    __slots__ = (
        "_action",
        "_bearer",
        "_challenge",
        "_clock",
        "_endpoints",
        "_party",
        "claims",
        "cookie_names",
        "fingerprint",
        "notices",
    )

    authenticates = True

    def __init__(self, config: OpenIdConnectConfig, services: Services) -> None:
        """Compile the configuration; no network I/O. Raises OperatorFault when it cannot work."""
        self.fingerprint = find_fingerprint(config)
        self.notices = find_notices(config)
        self._action = config.unauth_action
        self._clock = services.clock
        provider = services.providers.provider(compile_provider_settings(config))
        self._bearer: BearerVerifier | None = None
        self._challenge: tuple[tuple[str, str], ...] = ()
        if config.verifies_bearer_tokens:
            self._bearer = build_bearer_verifier(compile_bearer_settings(config), provider, services)
            self._challenge = tuple(
                header for header in self._bearer.missing_token_reply.headers if header[0] == "WWW-Authenticate"
            )
        self._party: RelyingParty | None = None
        self._endpoints: Mapping[str, Endpoint] = {}
        self.claims: tuple[Claim, ...] = ()
        self.cookie_names: tuple[str, ...] = OWNED_NAMES
        if not config.is_bearer_only:
            settings = compile_party_settings(config, self.fingerprint, services.generated_secret)
            self._party = RelyingParty(settings, provider, services)
            self._endpoints = self._party.endpoints
            self.claims = self._party.claims
            self.cookie_names = (*OWNED_NAMES, *self._party.cookie_names)

    def decide(self, request: Request, principal: Principal | None, now: float) -> Verdict:
        if self._endpoints and (endpoint := self._endpoints.get(request.path)) is not None:
            return endpoint.answer(request)
        bearer = self._bearer
        if bearer is not None:
            verdict = bearer.decide(request, now)
            if verdict is not None:
                return verdict
            if self._party is None:
                return bearer.missing_token_reply
        party = self._party
        assert party is not None  # noqa: S101 - without a verifier there is a relying party: see `__init__`
        if party.is_callback(request):
            return party.finish_sign_in(request)
        if party.is_logout(request):
            return party.sign_out(request)
        found = party.find_session(request, now)
        if isinstance(found, Admit):
            return found
        if isinstance(found, PendingSession):
            return Pending(lambda: self._settle(party, request, found))
        return found if isinstance(found, Reply) else self._decide_signed_out(party, request, found, now)

    async def _settle(self, party: RelyingParty, request: Request, pending: PendingSession) -> Settled:
        """Wait for the session; where it has to be confirmed and the provider is away, it goes on."""
        found = await pending.settle()
        if not isinstance(found, NoSession):
            return found
        try:
            verdict = self._decide_signed_out(party, request, found, self._clock.now())
            return await verdict.settle() if isinstance(verdict, Pending) else verdict
        except ProviderFault:
            if found.fallback is None:
                raise
            return found.fallback

    def _decide_signed_out(self, party: RelyingParty, request: Request, found: NoSession, now: float) -> Verdict:
        """A redirect is for navigations; a script, a form or a preflight would only lose it (DESIGN.md §7)."""
        if self._action == "auth" and is_navigation(request):
            return party.start_sign_in(request, now, found.occasion)
        if found.fallback is not None:
            return found.fallback
        if self._action == "pass":
            return ANONYMOUS
        return self._refuse(party, request, found)

    def _refuse(self, party: RelyingParty, request: Request, found: NoSession) -> Reply:
        code = "unauthenticated" if found.reason in _NEVER_SIGNED_IN else "session_expired"
        if self._action == "deny":
            code = "sign_in_elsewhere"
        reply = build_page_reply(request, code, headers=self._challenge, reason=found.reason)
        if not is_navigation(request):  # a late answer to a call must not take the cookie of a login that just ended
            return reply
        return add_cookies(reply, party.delete_session_cookie(request))


@final
class OpenIdConnectType:
    """The plugin type, as it is registered."""

    name = "openid-connect"
    priority = 2599
    config = OpenIdConnectConfig

    def build(self, config: OpenIdConnectConfig, services: Services) -> OpenIdConnect:
        """Make a configured instance. Raises OperatorFault when the configuration cannot work."""
        return OpenIdConnect(config, services)
