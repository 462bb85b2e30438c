"""Starting a login: from a person's navigation to the provider's sign-in page (OpenID Connect Core §3.1.2.1).

Answers from memory when the provider is known, with one dice roll and one seal; otherwise the host waits for
discovery. A navigation at another host than the redirect URI's is first moved there, where its cookies will be.
"""

from collections.abc import Iterator
from typing import NamedTuple, final

import msgspec

from ostiary.errors import ProviderFault
from ostiary.http.page import Link
from ostiary.http.request import Request
from ostiary.identity.authorization import build_authorization_base, build_authorization_url
from ostiary.identity.login_flow import (
    FLOW_VERSION,
    STATE_RANDOM_BYTES,
    FlowTooLarge,
    LoginFlow,
    build_state,
)
from ostiary.identity.metadata import Metadata
from ostiary.identity.pkce import METHOD, VERIFIER_RANDOM_BYTES, build_challenge, build_verifier
from ostiary.identity.return_to import HOME, plan_return_to
from ostiary.identity.sealing import NONCE_BYTES, encode_base64url
from ostiary.plugin import Pending, Reply, Services, Settled, Verdict
from ostiary.providers.provider import Provider
from ostiary.relying_party.client_cookies import MAX_MOVES, ClientCookies
from ostiary.relying_party.occasion import Occasion
from ostiary.relying_party.pages import Text, add_cookies, build_page_reply, build_redirect
from ostiary.relying_party.return_address import RedirectUri, ReturnAddress, is_trustworthy
from ostiary.relying_party.settings import RelyingPartySettings

_NONCE_RANDOM_BYTES = 32
_SILENT = {"prompt": "none"}  # OpenID Connect Core §3.1.2.1
_DICE_BYTES = STATE_RANDOM_BYTES + _NONCE_RANDOM_BYTES + VERIFIER_RANDOM_BYTES + NONCE_BYTES


class _Errand(NamedTuple):
    """Why somebody is sent to the provider, and where that leads: None for what was asked for."""

    occasion: Occasion
    target: str | None


@final
class SignIn:
    """Sends people to the provider."""

    __slots__ = ("_address", "_bases", "_provider", "_services", "_settings")

    def __init__(
        self, settings: RelyingPartySettings, address: ReturnAddress, provider: Provider, services: Services
    ) -> None:
        """Know no provider's endpoint yet."""
        self._settings = settings
        self._address = address
        self._provider = provider
        self._services = services
        self._bases: dict[bool, tuple[str, str]] = {}

    def start(
        self,
        request: Request,
        cookies: ClientCookies,
        now: float,
        *,
        occasion: Occasion = Occasion.NOBODY,
        target: str | None = None,
    ) -> Verdict:
        """Answer a navigation: 302 to the provider or to the redirect URI's host, or a page that says why not.

        A session that is there goes on meanwhile. The login leads to `target`, or back to what was asked for.
        ProviderFault may come out of a Pending's `settle()`.
        """
        if occasion is Occasion.NOBODY and cookies.has_lost_session(request):
            return self._tell_lost_session(request, cookies)
        redirect = self._address.plan(request)
        if redirect is None:
            return self._refuse_host(request)
        if self._settings.response_mode == "form_post" and not is_trustworthy(redirect.origin):
            return _refuse_scheme(request, redirect)
        if redirect.host != request.host:
            return self._move(request, redirect, cookies)
        metadata = self._provider.metadata(now)
        if metadata is None:
            return Pending(lambda: self._discover(request, redirect, cookies, _Errand(occasion, target)))
        return self._redirect(request, redirect, cookies, metadata, _Errand(occasion, target))

    async def _discover(
        self, request: Request, redirect: RedirectUri, cookies: ClientCookies, errand: "_Errand"
    ) -> Settled:
        metadata = await self._provider.load_metadata(self._services.clock.now())
        return self._redirect(request, redirect, cookies, metadata, errand)

    def _tell_lost_session(self, request: Request, cookies: ClientCookies) -> Reply:
        """Sending them round once more would end here again: the browser does not keep what it is given."""
        self._services.log.event(
            "warning", "session_cookie_lost", "a browser does not send back the session that it was just given",
            reference=request.id, host=request.host, scheme=request.scheme,
            remedy=f"see {self._settings.names.cookies}, and use https",
        )  # fmt: skip
        return add_cookies(build_page_reply(request, "session_cookie_lost"), cookies.delete_arrival(request))

    def _refuse_host(self, request: Request) -> Reply:
        """A redirect URI is never made of a Host header that nobody vouches for (RFC 9700 §4.11)."""
        happened = (
            f"Sign-ins return to the address that was opened, but {request.authority.text} is not among the "
            "hosts of a route here, and no public address is configured."
        )
        remedy = (
            "Open the page by the name that its operator gave you. The operator sets gateway.public_url, the route's "
            f"hosts, or a URL as {self._settings.names.redirect}."
        )
        return build_page_reply(
            request, "login_host_unknown", text=Text(400, "Sign-in cannot start here", happened, remedy)
        )

    def _move(self, request: Request, redirect: RedirectUri, cookies: ClientCookies) -> Reply:
        """Send the browser to where its flow cookie will be seen, unless that leads nowhere or in a circle."""
        moves = cookies.count_moves(request)
        reachable = self._services.reaches(redirect.host, request.path, self._settings.fingerprint)
        if reachable and moves < MAX_MOVES:
            target = redirect.origin + request.target.raw.decode("latin-1")
            return build_redirect(302, target, "login_moved", (cookies.write_moves(moves + 1),))
        happened = (
            f"You opened {request.authority.text}, but sign-ins return to {redirect.origin}, and a browser keeps the "
            "cookies of the two apart."
        )
        name = self._settings.names.redirect
        remedy = f"Open the page at {redirect.origin}. " + (
            "A proxy before this gateway changes the host: the operator should let the original one pass."
            if reachable
            else f"The operator can make both one: {name} and the route's hosts should name the same host."
        )
        text = Text(400, "Please use the other address", happened, remedy)
        link = Link(f"Go to {redirect.origin}", redirect.origin + next(plan_return_to(request.target)))
        return build_page_reply(request, "login_other_host", text=text, link=link)

    def _redirect(
        self,
        request: Request,
        redirect: RedirectUri,
        cookies: ClientCookies,
        metadata: Metadata,
        errand: "_Errand",
    ) -> Reply:
        """RFC 6749 §4.1.1: a state, a nonce and a verifier that nobody can guess, kept by this browser alone."""
        if self._lacks_response_mode(metadata):
            return self._refuse_response_mode(request)
        now = self._services.clock.now()
        dice = self._services.random.token_bytes(_DICE_BYTES)
        flow = LoginFlow(
            version=FLOW_VERSION,
            state=build_state(dice[:32], now),
            nonce=encode_base64url(dice[32:64]).decode("ascii"),
            code_verifier=build_verifier(dice[64:96]) if self._uses_pkce(metadata) else None,
            issuer=metadata.issuer,
            client_id=self._settings.credentials.client_id,
            redirect_uri=redirect.uri,
            return_to=HOME,
            created_at=now,
            is_silent=errand.occasion is Occasion.SILENT,
        )
        places = plan_return_to(request.target) if errand.target is None else iter((errand.target, HOME))
        written = _write_flow(flow, dice[96:], request, cookies, places)
        if not written:
            return build_page_reply(request, "login_address_too_long")
        challenge = build_challenge(flow.code_verifier) if flow.code_verifier is not None else None
        url = build_authorization_url(self._authorization_base(metadata, is_silent=flow.is_silent), flow, challenge)
        left = cookies.delete_arrival(request)
        if errand.occasion is Occasion.NOBODY:
            left += cookies.session.delete_everywhere(request.cookies, request.host)
        return build_redirect(302, url, "login_started", (*written, *left))

    def _lacks_response_mode(self, metadata: Metadata) -> bool:
        """OpenID Connect Discovery §3: a provider that does not say may well have it; `query` is everybody's."""
        mode, offered = self._settings.response_mode, metadata.response_modes_supported
        return mode != "query" and bool(offered) and mode not in offered

    def _refuse_response_mode(self, request: Request) -> Reply:
        """The provider would answer by an error, or otherwise than is read, for everybody and for ever."""
        self._services.log.event(
            "error", "response_mode_unsupported", "the provider cannot answer as response_mode says",
            reference=request.id,
            remedy="write response_mode: query; the provider's response_modes_supported does not list form_post",
        )  # fmt: skip
        return build_page_reply(request, "response_mode_unsupported")

    def _uses_pkce(self, metadata: Metadata) -> bool:
        """RFC 7636 §6.2, DESIGN.md §7: always when asked for, and whenever the provider advertises S256."""
        return self._settings.use_pkce or METHOD in metadata.code_challenge_methods_supported

    def _authorization_base(self, metadata: Metadata, *, is_silent: bool) -> str:
        endpoint = metadata.authorization_endpoint
        if endpoint is None:
            raise ProviderFault("provider_without_authorization", "no authorization_endpoint", passing=False)
        known, base = self._bases.get(is_silent, ("", ""))
        if known != endpoint:
            settings = self._settings
            extra = {**settings.authorization_parameters, **(_SILENT if is_silent else {})}
            base = build_authorization_base(
                endpoint, settings.credentials.client_id, settings.scope, extra, settings.response_mode
            )
            self._bases[is_silent] = (endpoint, base)
        return base


def _write_flow(
    flow: LoginFlow, nonce: bytes, request: Request, cookies: ClientCookies, places: Iterator[str]
) -> tuple[str, ...]:
    """Seal the flow with the best place to come back to that fits; nothing when none does."""
    for return_to in places:
        try:
            wished = msgspec.structs.replace(flow, return_to=return_to)
            return cookies.flows.write(wished, nonce, request.cookies, flow.created_at)
        except FlowTooLarge:
            continue
    return ()


def _refuse_scheme(request: Request, redirect: RedirectUri) -> Reply:
    """A sign-in whose note the browser would not keep ends before it begins, not in a circle."""
    happened = (
        f"Sign-ins return to {redirect.origin} with a form from the identity provider, and browsers send the note "
        "about a sign-in along with one only over https."
    )
    remedy = (
        "Open the page by https if it has that. The operator sets gateway.public_url or redirect_uri to an https "
        "address, or response_mode: query."
    )
    return build_page_reply(request, "login_needs_https", text=Text(400, "Please use https", happened, remedy))
