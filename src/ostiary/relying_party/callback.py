"""The callback: from what the provider sent back with a person to a new session. The checks, in their order.

Each check takes what the one before it made, so that no other order can be written: AuthorizationResponse, LoginFlow,
AuthorizedCallback, TokenSet, VerifiedIdToken, Session. The first that refuses ends the login; whatever happens, the
flow's cookie is deleted. What is said about a refusal is in `ostiary.relying_party.callback_answers`.
"""

from collections.abc import Mapping
from typing import final

from ostiary.errors import ProviderFault
from ostiary.http.request import Request
from ostiary.identity.authorization import (
    FORM_TYPE,
    MAX_ANSWER_BYTES,
    AuthorizationDenied,
    AuthorizationResponse,
    AuthorizedCallback,
    CallbackRefused,
    ResponseMode,
    authorize,
    read_authorization_response,
    read_parameters,
)
from ostiary.identity.jose import TokenRefused
from ostiary.identity.login_flow import FlowRefused, LoginFlow, digest_state, read_state_age_s
from ostiary.identity.metadata import Metadata
from ostiary.identity.sealing import NONCE_BYTES, Sealer, bind
from ostiary.identity.session import Session, SessionRefused
from ostiary.identity.session_cookie import Cookies, SessionTooLarge
from ostiary.identity.token_endpoint import TokenSet
from ostiary.plugin import Pending, Reply, Services
from ostiary.relying_party.callback_answers import CallbackAnswers
from ostiary.relying_party.client_cookies import ClientCookies
from ostiary.relying_party.identities import Identities
from ostiary.relying_party.identity_headers import is_member
from ostiary.relying_party.longest_session import LongestSession
from ostiary.relying_party.pages import add_cookies, build_hop, build_redirect
from ostiary.relying_party.provider_calls import ProviderCalls
from ostiary.relying_party.redirect_targets import RedirectTargets
from ostiary.relying_party.replacements import find_state
from ostiary.relying_party.return_address import ReturnAddress
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.session_keeper import SessionKeeper
from ostiary.relying_party.session_maker import Grant, build_session
from ostiary.relying_party.settings import RelyingPartySettings
from ostiary.relying_party.sid_notes import SidNotes
from ostiary.relying_party.way_out import WayOut

# Answers to `prompt=none` of a provider that would have to ask the person something (OpenID Connect Core §3.1.2.6).
_WANTS_INTERACTION = frozenset({
    "account_selection_required", "consent_required", "interaction_required", "login_required",
})  # fmt: skip
_METHODS: Mapping[ResponseMode, str] = {"query": "GET", "form_post": "POST"}


@final
class Callback:
    """Finishes logins. That a state is used once, and where it led, is noted in the shared state while a flow lives."""

    __slots__ = (
        "_answers",
        "_asks_userinfo",
        "_id_tokens",
        "_identities",
        "_longest",
        "_mode",
        "_notes",
        "_provider",
        "_revocations",
        "_sealer",
        "_services",
        "_settings",
        "_store",
        "_targets",
        "_tokens",
    )  # fmt: skip

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
        self._mode = settings.response_mode
        self._provider = calls.provider
        self._revocations = revocations
        self._services = services
        self._targets = RedirectTargets(settings, services.log)
        self._store = find_state(settings, services)
        self._sealer = Sealer(settings.secrets, "finished login")
        self._tokens = calls.tokens
        self._id_tokens = calls.id_tokens
        self._identities = Identities(settings, calls, services)
        told = settings.headers
        wanted = told.userinfo or told.forwarded_user or settings.members is not None
        self._asks_userinfo = settings.contents.userinfo and wanted and settings.login != "github"
        self._longest = LongestSession(settings, services)
        self._notes = SidNotes(settings, services)
        self._answers = CallbackAnswers(
            settings, address, _METHODS[self._mode], WayOut(settings, calls.provider, services.clock), services.log
        )

    def answer(self, request: Request, cookies: ClientCookies, keeper: SessionKeeper) -> Pending:
        """Answer a callback, once its body is there if the answer comes in one; `settle()` raises StoreFault."""
        if self._mode == "form_post" and request.method == "POST":
            limit = MAX_ANSWER_BYTES[self._mode]
            return Pending(lambda body: self._finish(request, cookies, keeper, body), body_limit_bytes=limit)
        in_query = request.target.query if self._mode == "query" else None
        return Pending(lambda: self._finish(request, cookies, keeper, in_query))

    async def _finish(
        self, request: Request, cookies: ClientCookies, keeper: SessionKeeper, answer: bytes | None
    ) -> Reply:
        """Go on to where the person wanted to go, or to a page; the flow's cookie goes either way."""
        states = [value for name, value in read_parameters(answer) if name == "state"]
        deletions = cookies.flows.delete(states, request.cookies)
        flow: LoginFlow | None = None
        try:
            response = self._check_request(request, answer)
            flow = await self._find_flow(response, request, cookies)
            reply = await self._complete(response, flow, request, keeper)
            if reply.reason == "login_finished":
                reply = add_cookies(reply, (cookies.write_arrival(),))
        except (CallbackRefused, FlowRefused, TokenRefused) as refused:
            age_s = read_state_age_s(states[0], self._services.clock.now()) if states else None
            gone_on = self._go_on(flow, refused.code) or await self._go_back(refused.code, states, request, keeper)
            reply = gone_on or self._answers.refuse(request, refused, flow, age_s)
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
        return build_redirect(303, self._find_place(flow), "silent_login_failed", ())

    async def _go_back(self, code: str, states: list[str], request: Request, keeper: SessionKeeper) -> Reply | None:
        """A back button may lead through the provider to a login that has ended: who is signed in goes where it led."""
        if code != "callback_replayed" or await self._find_session(request, keeper) is None:
            return None
        sealed = await self._store.read(_name_mark(states[0]))
        place = None if sealed is None else self._sealer.open(sealed, bind(states[0]))
        return None if place is None else build_redirect(303, place.decode("ascii"), "login_finished_before", ())

    async def _deny(
        self, request: Request, denied: AuthorizationDenied, flow: LoginFlow | None, keeper: SessionKeeper
    ) -> Reply:
        """A provider that would have to ask the person knows them no more: the session ends, and the next page asks."""
        if flow is None or not flow.is_silent or denied.error not in _WANTS_INTERACTION:
            return self._go_on(flow, denied.error) or self._answers.deny(request, denied, flow)
        await self._end_session_before(request, keeper, None)
        left = keeper.cookie.delete(self._assume_cookies(request, keeper))
        return build_redirect(303, self._find_place(flow), "silent_login_refused", left)

    async def _complete(
        self, response: AuthorizationResponse, flow: LoginFlow, request: Request, keeper: SessionKeeper
    ) -> Reply:
        """The checks that ask the provider, in order."""
        metadata = await self._provider.load_metadata(self._services.clock.now())
        callback = authorize(response, flow, metadata)
        tokens = await self._redeem_code(callback, metadata)
        received_at = self._services.clock.now()
        identity = await self._identities.find(tokens, callback, metadata)
        subject = identity.claims["sub"]
        userinfo = None
        if self._asks_userinfo:
            userinfo = await self._id_tokens.fetch_userinfo(tokens.access_token, subject, metadata, request.id)
        grant = Grant(tokens, None, userinfo, received_at)
        session = build_session(self._settings, grant, identity, flow.created_at, self._services.random)
        if not is_member(session, self._settings.members):
            raise CallbackRefused("membership_refused")
        await self._end_session_before(request, keeper, subject if flow.is_silent else None)
        return await self._answer(session, flow, request, keeper)

    def _check_request(self, request: Request, answer: bytes | None) -> AuthorizationResponse:
        """OpenID Connect Core §3.1.2.5, Form Post Response Mode §2: it comes as it was asked for, and nowhere else."""
        if request.method != _METHODS[self._mode]:
            raise CallbackRefused("callback_method")
        if self._mode == "form_post":
            content_type = request.field(b"content-type")
            if content_type is None or content_type.lower() != FORM_TYPE:
                raise CallbackRefused("callback_content_type")
        return read_authorization_response(answer, self._mode)

    def _find_place(self, flow: LoginFlow) -> str:
        return self._targets.judge(flow.return_to)

    def _assume_cookies(self, request: Request, keeper: SessionKeeper) -> Cookies:
        """Return the cookies that may be in the browser: a form from another site brings none that are Lax.

        A chunk of the session before that stayed would be one too many for the new one.
        """
        if self._mode == "query":
            return request.cookies
        return (*request.cookies, *((name.encode("ascii"), b"") for name in keeper.cookie.names))

    async def _find_flow(self, response: AuthorizationResponse, request: Request, cookies: ClientCookies) -> LoginFlow:
        """RFC 9700 §2.1, §4.7: this browser started this login, less than ten minutes ago, and has not finished it."""
        now = self._services.clock.now()
        mark = _name_mark(response.state)
        try:
            flow = cookies.flows.find(response.state, request.cookies, now)
        except FlowRefused as refused:
            if refused.code == "flow_absent" and await self._store.read(mark) is not None:
                raise CallbackRefused("callback_replayed") from None
            raise
        nonce = self._services.random.token_bytes(NONCE_BYTES)
        place = self._sealer.seal(self._find_place(flow).encode("ascii"), bind(response.state), nonce)
        if not await self._store.create(mark, place, now + self._settings.cookie.flow_lifetime_s):
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
        record = await self._find_session(request, keeper)
        if record is not None and record.subject != spared:
            await self._revocations.revoke(record.family, record.expires_at)
            await keeper.remove(record.id)

    async def _find_session(self, request: Request, keeper: SessionKeeper) -> Session | None:
        chunks = keeper.cookie.collect(request.cookies)
        try:
            return (await keeper.find(chunks))[1] if chunks else None
        except SessionRefused:
            return None

    async def _answer(self, session: Session, flow: LoginFlow, request: Request, keeper: SessionKeeper) -> Reply:
        """RFC 9700 §4.12: 303, so that no body travels on; to a place on this origin, checked again."""
        try:
            written = keeper.write_cookie(session, self._assume_cookies(request, keeper))
            await self._longest.note()
            await keeper.save(session)
            await self._notes.note(session)
        except SessionTooLarge as excess:
            return self._answers.refuse_session(request, excess, session)
        except ValueError:
            raise TokenRefused("claims_unusable") from None
        place = self._find_place(flow)
        if self._settings.cookie.same_site == "Strict":
            return build_hop(place, "login_finished", written)
        return build_redirect(303, place, "login_finished", written)


def _name_mark(state: str) -> str:
    return f"login:{digest_state(state)}"
