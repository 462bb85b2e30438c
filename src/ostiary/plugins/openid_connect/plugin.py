"""`openid-connect`: the decision about each request, in APISIX's order (priority 2599).

Bearer token first, and final where there is one; then the callback; then the session; then what `unauth_action` says
about a request that nobody is signed in for. Verification is `ostiary.resource_server`'s, signing in
`ostiary.relying_party`'s: this joins them.
"""

from typing import final

from ostiary.http.navigation import is_navigation
from ostiary.http.request import Request
from ostiary.plugin import Admit, Claim, Principal, Reply, Services, Verdict
from ostiary.plugins.openid_connect.compile_bearer import compile_bearer_settings
from ostiary.plugins.openid_connect.compile_party import compile_party_settings
from ostiary.plugins.openid_connect.compile_provider import compile_provider_settings
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from ostiary.plugins.openid_connect.notices import find_fingerprint, find_notices
from ostiary.relying_party.client_cookies import OWNED_NAMES
from ostiary.relying_party.pages import build_page_reply
from ostiary.relying_party.party import RelyingParty
from ostiary.relying_party.session_stage import NoSession
from ostiary.resource_server.verifier import BearerVerifier, build_bearer_verifier

ANONYMOUS = Admit(None, reason="anonymous")


@final
class OpenIdConnect:
    """A configured instance."""

    __slots__ = ("_action", "_bearer", "_challenge", "_party", "claims", "fingerprint", "notices")

    authenticates = True
    cookie_names = OWNED_NAMES

    def __init__(self, config: OpenIdConnectConfig, services: Services) -> None:
        """Compile the configuration; no network I/O. Raises OperatorFault when it cannot work."""
        self.fingerprint = find_fingerprint(config)
        self.notices = find_notices(config)
        self._action = config.unauth_action
        provider = services.providers.provider(compile_provider_settings(config))
        self._bearer: BearerVerifier | None = None
        self._challenge: tuple[tuple[str, str], ...] = ()
        if config.verifies_bearer_tokens:
            self._bearer = build_bearer_verifier(compile_bearer_settings(config), provider, services)
            self._challenge = tuple(
                header for header in self._bearer.missing_token_reply.headers if header[0] == "WWW-Authenticate"
            )
        self._party: RelyingParty | None = None
        self.claims: tuple[Claim, ...] = ()
        if not config.is_bearer_only:
            settings = compile_party_settings(config, self.fingerprint, services.generated_secret)
            self._party = RelyingParty(settings, provider, services)
            self.claims = self._party.address.claims

    def decide(self, request: Request, principal: Principal | None, now: float) -> Verdict:
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
        found = party.find_session(request, now)
        if not isinstance(found, NoSession):
            return found
        return self._decide_signed_out(party, request, found, now)

    def _decide_signed_out(self, party: RelyingParty, request: Request, found: NoSession, now: float) -> Verdict:
        """A redirect is for navigations; a script, a form or a preflight would only lose it (DESIGN.md §7)."""
        if self._action == "pass":
            return ANONYMOUS
        if self._action == "auth" and is_navigation(request):
            return party.start_sign_in(request, now)
        return self._refuse(request, found)

    def _refuse(self, request: Request, found: NoSession) -> Reply:
        code = "session_expired" if found.reason == "session_expired" else "unauthenticated"
        if self._action == "deny":
            code = "sign_in_elsewhere"
        return build_page_reply(request, code, headers=self._challenge, reason=found.reason)


@final
class OpenIdConnectType:
    """The plugin type, as it is registered."""

    name = "openid-connect"
    priority = 2599
    config = OpenIdConnectConfig

    def build(self, config: OpenIdConnectConfig, services: Services) -> OpenIdConnect:
        """Make a configured instance. Raises OperatorFault when the configuration cannot work."""
        return OpenIdConnect(config, services)
