"""`oidc`: the decision about each request (priority 350).

The plugin's own paths come first, exactly as they are written; then what needs nobody signed in (`match_list`,
preflights); then the session; then the way to the provider, or 401. Signing in is `ostiary.relying_party`'s.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import final

from ostiary.config.fingerprints import digest_configuration
from ostiary.http.navigation import follows_redirects, is_preflight
from ostiary.http.page import Page, render_page
from ostiary.http.request import Request
from ostiary.plugin import Admit, Claim, Pending, Principal, Reply, Services, Settled, Verdict
from ostiary.plugins.oidc.compile_party import compile_members, compile_party_settings
from ostiary.plugins.oidc.compile_provider import compile_provider_settings
from ostiary.plugins.oidc.config import OidcConfig
from ostiary.plugins.oidc.endpoints import READ_METHODS, Readiness, SessionAnswers, answer_ping, refuse_method
from ostiary.plugins.oidc.linear_regex import compile_search
from ostiary.plugins.oidc.match_list import MatchList
from ostiary.plugins.oidc.notices import find_notices
from ostiary.relying_party.client_cookies import OWNED_NAMES
from ostiary.relying_party.pages import TEXTS, build_page_reply
from ostiary.relying_party.party import RelyingParty
from ostiary.relying_party.replacements import find_state
from ostiary.relying_party.session_resolution import NoSession
from ostiary.relying_party.session_stage import PendingSession

Answer = Callable[[Request, float], Verdict]

NAME = "oidc"
EXEMPT = Admit(None, reason="match_list")
PREFLIGHT = Admit(None, reason="preflight")
_NEVER_SIGNED_IN = frozenset({"session_absent", "session_broken", "session_foreign"})
_ONE_PREFIX = "give one of the two a proxy_prefix of its own, or another host"


@final
class Oidc:
    """A configured instance."""

    __slots__ = (
        "_api_routes", "_clock", "_endpoints", "_forces_json", "_matches", "_party", "_skips_preflight", "claims",
        "cookie_names", "fingerprint", "notices",
    )  # fmt: skip

    authenticates = True

    def __init__(self, config: OidcConfig, services: Services) -> None:
        """Compile the configuration; no network I/O. Raises OperatorFault when it cannot work."""
        self.fingerprint = digest_configuration(NAME, config)
        self.notices = find_notices(config)
        self._clock = services.clock
        self._matches = MatchList(config.match_type, [rule.rule for rule in config.match_list])
        self._api_routes = tuple(compile_search(pattern) for pattern in config.api_routes)
        self._forces_json = config.force_json_errors
        self._skips_preflight = config.skip_auth_preflight
        settings = compile_party_settings(config, self.fingerprint)
        provider = services.providers.provider(compile_provider_settings(config, services.find_service))
        self._party = RelyingParty(settings, provider, services)
        answers = SessionAnswers(self._party, compile_members(config), tells_person=config.set_xauthrequest)
        self._endpoints: Mapping[str, Answer] = {
            f"{config.proxy_prefix}/start": partial(_start, self._party),  # no method of ours: that would be a circle
            f"{config.proxy_prefix}/auth": answers.auth,
            f"{config.proxy_prefix}/userinfo": answers.userinfo,
            config.ping: answer_ping,
            config.ready: Readiness(find_state(settings, services)).answer,
        }
        ours = (Claim(path, "oidc endpoint", remedy=_ONE_PREFIX) for path in self._endpoints)
        self.claims: tuple[Claim, ...] = (*self._party.claims, *ours)
        self.cookie_names: tuple[str, ...] = (*OWNED_NAMES, *self._party.cookie_names, f"{config.cookie_name}_csrf*")

    def decide(self, request: Request, principal: Principal | None, now: float) -> Verdict:
        party = self._party
        endpoint = self._endpoints.get(request.path)
        if endpoint is not None:
            return endpoint(request, now)
        if party.is_callback(request):
            return party.finish_sign_in(request)
        if party.is_logout(request):
            return party.sign_out(request)
        if self._matches.is_exempt(request):
            return EXEMPT
        if self._skips_preflight and is_preflight(request):
            return PREFLIGHT
        found = party.find_session(request, now)
        if isinstance(found, PendingSession):
            return Pending(lambda: self._settle(request, found))
        return self._decide_signed_out(request, found, now) if isinstance(found, NoSession) else found

    async def _settle(self, request: Request, pending: PendingSession) -> Settled:
        """Wait for the session, and where there is none for the way to the provider; may raise both their faults."""
        found = await pending.settle()
        if not isinstance(found, NoSession):
            return found
        verdict = self._decide_signed_out(request, found, self._clock.now())
        return await verdict.settle() if isinstance(verdict, Pending) else verdict

    def _decide_signed_out(self, request: Request, found: NoSession, now: float) -> Verdict:
        """Send whoever follows redirects to the provider; programs would only lose it."""
        is_api = self._forces_json or any(fits(request.path) for fits in self._api_routes)
        if not is_api and follows_redirects(request):
            return self._party.start_sign_in(request, now, found.occasion)
        code = "unauthenticated" if found.reason in _NEVER_SIGNED_IN else "session_expired"
        return (
            _answer_json(request, code, found.reason)
            if is_api
            else build_page_reply(request, code, reason=found.reason)
        )


def _start(party: RelyingParty, request: Request, now: float) -> Verdict:
    """Begin a sign-in that somebody asked for, wherever `rd` leads afterwards."""
    if request.method not in READ_METHODS:
        return refuse_method()
    return party.start_at(request, now, None)


def _answer_json(request: Request, code: str, reason: str) -> Reply:
    """Answer a program, whatever it says it accepts."""
    text = TEXTS[code]
    headers, body = render_page(Page(text.title, text.happened, text.remedy, code, request.id), accepts_html=False)
    return Reply(text.status, reason=reason, headers=headers, body=body)


@final
class OidcType:
    """The plugin type, as it is registered."""

    name = NAME
    priority = 350
    config = OidcConfig

    def build(self, config: OidcConfig, services: Services) -> Oidc:
        """Make a configured instance. Raises OperatorFault when the configuration cannot work."""
        return Oidc(config, services)
