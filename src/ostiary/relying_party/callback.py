"""The callback: from what the provider sent back with a person to a new session. The checks, in their order.

Each check takes what the one before it made, so that no other order can be written: AuthorizationResponse, LoginFlow,
AuthorizedCallback, TokenSet, VerifiedIdToken, Session. The first that refuses ends the login; whatever happens, the
flow's cookie is deleted. What is said about a refusal is in `ostiary.relying_party.callback_answers`.
"""

from typing import final

from ostiary.errors import ProviderFault
from ostiary.http.request import Request
from ostiary.identity.authorization import (
    AuthorizationDenied,
    AuthorizationResponse,
    AuthorizedCallback,
    CallbackRefused,
    authorize,
    read_authorization_response,
    read_parameters,
)
from ostiary.identity.jose import TokenRefused
from ostiary.identity.login_flow import FLOW_LIFETIME_S, FlowRefused, LoginFlow, digest_state
from ostiary.identity.metadata import Metadata
from ostiary.identity.return_to import HOME, is_local
from ostiary.identity.session import Session, SessionRefused
from ostiary.identity.session_cookie import SessionTooLarge
from ostiary.identity.token_endpoint import TokenSet
from ostiary.plugin import Reply, Services
from ostiary.relying_party.callback_answers import CallbackAnswers
from ostiary.relying_party.client_cookies import ClientCookies
from ostiary.relying_party.pages import add_cookies, build_hop, build_redirect
from ostiary.relying_party.provider_calls import ProviderCalls
from ostiary.relying_party.replacements import find_state
from ostiary.relying_party.return_address import ReturnAddress
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.relying_party.session_maker import Grant, build_session
from ostiary.relying_party.settings import RelyingPartySettings

# Answers to `prompt=none` of a provider that would have to ask the person something (OpenID Connect Core §3.1.2.6).
_WANTS_INTERACTION = frozenset({
    "account_selection_required", "consent_required", "interaction_required", "login_required",
})  # fmt: skip


@final
class Callback:
    """Finishes logins. That a state is used once is noted in the shared state, for as long as a flow lives."""

    __slots__ = ("_answers", "_id_tokens", "_provider", "_revocations", "_services", "_settings", "_store", "_tokens")

    def __init__(
        self,
        settings: RelyingPartySettings,
        address: ReturnAddress,
        calls: ProviderCalls,
        revocations: Revocations,
        services: Services,
    ) -> None:
        """Take the parts; no I/O."""
        self._settings = settings
        self._provider = calls.provider
        self._revocations = revocations
        self._services = services
        self._store = find_state(settings, services)
        self._tokens = calls.tokens
        self._id_tokens = calls.id_tokens
        self._answers = CallbackAnswers(address, services.log)

    async def finish(self, request: Request, cookies: ClientCookies, keeper: SessionKeeper) -> Reply:
        """Answer a callback: on to where the person wanted to go, or a page; the flow's cookie goes either way.

        Raises StoreFault.
        """
        states = [value for name, value in read_parameters(request.target.query) if name == "state"]
        deletions = cookies.flows.delete(states, request.cookies)
        flow: LoginFlow | None = None
        try:
            response = self._check_request(request)
            flow = await self._find_flow(response, request, cookies)
            reply = await self._complete(response, flow, request, keeper)
            if reply.reason == "login_finished":
                reply = add_cookies(reply, (cookies.write_arrival(),))
        except (CallbackRefused, FlowRefused, TokenRefused) as refused:
            reply = self._go_on(flow, refused.code) or self._answers.refuse(
                request, refused, flow, self._services.clock.now()
            )
        except AuthorizationDenied as denied:
            reply = await self._deny(request, denied, flow, keeper)
        except ProviderFault as fault:
            reply = self._go_on(flow, fault.code) or self._answers.blame_provider(request, fault, flow)
        return add_cookies(reply, deletions)

    def _go_on(self, flow: LoginFlow | None, cause: str) -> Reply | None:
        """A silent login that failed was noticed by nobody: there is a session, and it goes on."""
        if flow is None or not flow.is_silent:
            return None
        self._services.log.event("warning", "silent_login_failed", "a session could not be confirmed", cause=cause)
        return build_redirect(303, _find_place(flow), "silent_login_failed", ())

    async def _deny(
        self, request: Request, denied: AuthorizationDenied, flow: LoginFlow | None, keeper: SessionKeeper
    ) -> Reply:
        """A provider that would have to ask the person knows them no more: the session ends, and the next page asks."""
        if flow is None or not flow.is_silent or denied.error not in _WANTS_INTERACTION:
            return self._go_on(flow, denied.error) or self._answers.deny(request, denied, flow)
        await self._end_session_before(request, keeper, None)
        return build_redirect(303, _find_place(flow), "silent_login_refused", keeper.cookie.delete(request.cookies))

    async def _complete(
        self, response: AuthorizationResponse, flow: LoginFlow, request: Request, keeper: SessionKeeper
    ) -> Reply:
        """The checks that ask the provider, in order."""
        metadata = await self._provider.load_metadata(self._services.clock.now())
        callback = authorize(response, flow, metadata)
        tokens = await self._redeem_code(callback, metadata)
        received_at = self._services.clock.now()
        id_token = await self._id_tokens.verify_login(tokens, callback, metadata)
        subject = id_token.claims["sub"]
        userinfo = None
        if self._settings.contents.userinfo and self._settings.headers.userinfo:
            userinfo = await self._id_tokens.fetch_userinfo(tokens.access_token, subject, metadata, request.id)
        grant = Grant(tokens, id_token, userinfo, received_at)
        session = build_session(self._settings, grant, id_token, self._services.random)
        await self._end_session_before(request, keeper, subject if flow.is_silent else None)
        return await self._answer(session, flow, request, keeper)

    def _check_request(self, request: Request) -> AuthorizationResponse:
        """OpenID Connect Core §3.1.2.5: the answer comes by GET, in the query, every parameter once."""
        if request.method != "GET":
            raise CallbackRefused("callback_method")
        return read_authorization_response(request.target.query)

    async def _find_flow(self, response: AuthorizationResponse, request: Request, cookies: ClientCookies) -> LoginFlow:
        """RFC 9700 §2.1, §4.7: this browser started this login, less than ten minutes ago, and has not finished it."""
        now = self._services.clock.now()
        mark = f"login:{digest_state(response.state)}"
        try:
            flow = cookies.flows.find(response.state, request.cookies, now)
        except FlowRefused as refused:
            if refused.code == "flow_absent" and await self._store.read(mark) is not None:
                raise CallbackRefused("callback_replayed") from None
            raise
        if not await self._store.create(mark, b"1", now + FLOW_LIFETIME_S):
            raise CallbackRefused("callback_replayed")
        return flow

    async def _redeem_code(self, callback: AuthorizedCallback, metadata: Metadata) -> TokenSet:
        """RFC 6749 §4.1.3: the code goes once, with its verifier, to the token endpoint of the flow's own issuer."""
        return await self._tokens.redeem(
            metadata,
            code=callback.code,
            redirect_uri=callback.flow.redirect_uri,
            code_verifier=callback.flow.code_verifier,
        )

    async def _end_session_before(self, request: Request, keeper: SessionKeeper, spared: str | None) -> None:
        """DESIGN.md §9.8: whoever was signed in before in this browser no longer is. Raises StoreFault.

        A silent login spares the session of the same subject: calls of a page may be on their way with its cookie.
        """
        chunks = keeper.cookie.collect(request.cookies)
        if not chunks:
            return
        try:
            _, record = await keeper.find(chunks)
        except SessionRefused:
            return
        if record is not None and record.subject != spared:
            await self._revocations.revoke(record.family, record.expires_at)
            await keeper.remove(record.id)

    async def _answer(self, session: Session, flow: LoginFlow, request: Request, keeper: SessionKeeper) -> Reply:
        """RFC 9700 §4.12: 303, so that no body travels on; to a place on this origin, checked again."""
        try:
            written = keeper.write_cookie(session, request.cookies)
            await keeper.save(session)
        except SessionTooLarge as excess:
            return self._answers.refuse_session(request, excess, session)
        except ValueError:
            raise TokenRefused("claims_unusable") from None
        place = _find_place(flow)
        if self._settings.cookie.same_site == "Strict":
            return build_hop(place, "login_finished", written)
        return build_redirect(303, place, "login_finished", written)


def _find_place(flow: LoginFlow) -> str:
    return flow.return_to if is_local(flow.return_to) else HOME
