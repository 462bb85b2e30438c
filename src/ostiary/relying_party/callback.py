"""The callback: from what the provider sent back with a person to a new session. The checks, in their order.

Each check takes what the one before it made, so that no other order can be written: AuthorizationResponse, LoginFlow,
AuthorizedCallback, TokenSet, VerifiedIdToken, Session. The first that refuses ends the login; whatever happens, the
flow's cookie is deleted. What is said about a refusal is in `ostiary.relying_party.callback_answers`.
"""

from collections.abc import Mapping
from typing import Any, final

import msgspec

from ostiary.bounded import BoundedMap
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
from ostiary.identity.client_authentication import ClientAuthenticationMethod, ClientCredentials
from ostiary.identity.id_token import ExpectedIdToken, VerifiedIdToken, read_id_token
from ostiary.identity.jose import TokenRefused, UnknownKey
from ostiary.identity.keys import NO_KEYS, KeySet
from ostiary.identity.login_flow import FLOW_LIFETIME_S, FlowRefused, LoginFlow, digest_state
from ostiary.identity.metadata import Metadata
from ostiary.identity.return_to import HOME, is_local
from ostiary.identity.sealing import NONCE_BYTES
from ostiary.identity.session import SESSION_VERSION, Session, encode_session
from ostiary.identity.session_cookie import SessionTooLarge
from ostiary.identity.token_endpoint import TokenSet, build_code_exchange, read_token_response
from ostiary.identity.userinfo import build_userinfo_request, read_userinfo
from ostiary.plugin import Reply, Services
from ostiary.providers.provider import Provider
from ostiary.relying_party.callback_answers import CallbackAnswers
from ostiary.relying_party.client_cookies import ClientCookies
from ostiary.relying_party.pages import add_cookies, build_redirect
from ostiary.relying_party.return_address import ReturnAddress
from ostiary.relying_party.settings import RelyingPartySettings

REMEMBERED_STATES = 16_384
# RFC 6749 §5.1 only recommends `expires_in`; APISIX takes an hour where the provider does not say.
UNSAID_LIFETIME_S = 3600
_OUR_METHODS: tuple[ClientAuthenticationMethod, ...] = ("client_secret_basic", "client_secret_post")


@final
class Callback:
    """Finishes logins. Remembers the states that were used, in this process, for as long as a flow lives."""

    __slots__ = ("_answers", "_provider", "_services", "_settings", "_used")

    def __init__(
        self, settings: RelyingPartySettings, address: ReturnAddress, provider: Provider, services: Services
    ) -> None:
        """Start with no state used."""
        self._settings = settings
        self._provider = provider
        self._services = services
        self._used: BoundedMap[str, bool] = BoundedMap(REMEMBERED_STATES)
        self._answers = CallbackAnswers(address, services.log)

    async def finish(self, request: Request, cookies: ClientCookies) -> Reply:
        """Answer a callback: 303 to where the person wanted to go, or a page; the flow's cookie goes either way."""
        states = [value for name, value in read_parameters(request.target.query) if name == "state"]
        deletions = cookies.flows.delete(states, request.cookies)
        flow: LoginFlow | None = None
        try:
            response = self._check_request(request)
            flow = self._find_flow(response, request, cookies)
            reply = await self._complete(response, flow, request, cookies)
        except (CallbackRefused, FlowRefused, TokenRefused) as refused:
            reply = self._answers.refuse(request, refused, flow, self._services.clock.now())
        except AuthorizationDenied as denied:
            reply = self._answers.deny(request, denied, flow)
        except ProviderFault as fault:
            reply = self._answers.blame_provider(request, fault, flow)
        return add_cookies(reply, deletions)

    async def _complete(
        self, response: AuthorizationResponse, flow: LoginFlow, request: Request, cookies: ClientCookies
    ) -> Reply:
        """The checks that ask the provider, in order."""
        now = self._services.clock.now()
        metadata = await self._provider.load_metadata(now)
        callback = authorize(response, flow, metadata)
        tokens = await self._redeem_code(callback, metadata)
        received_at = self._services.clock.now()
        id_token = await self._verify_id_token(tokens, callback, metadata)
        userinfo = await self._fetch_userinfo(tokens, id_token, metadata, request.id)
        session = self._build_session(tokens, id_token, userinfo, metadata, received_at)
        return self._answer(session, flow, request, cookies)

    def _check_request(self, request: Request) -> AuthorizationResponse:
        """OpenID Connect Core §3.1.2.5: the answer comes by GET, in the query, every parameter once."""
        if request.method != "GET":
            raise CallbackRefused("callback_method")
        return read_authorization_response(request.target.query)

    def _find_flow(self, response: AuthorizationResponse, request: Request, cookies: ClientCookies) -> LoginFlow:
        """RFC 9700 §2.1, §4.7: this browser started this login, less than ten minutes ago, and has not finished it."""
        now = self._services.clock.now()
        digest = digest_state(response.state)
        if self._used.get(digest, now):
            raise CallbackRefused("callback_replayed")
        flow = cookies.flows.find(response.state, request.cookies, now)
        self._used.put(digest, value=True, expires_at=now + FLOW_LIFETIME_S, now=now)
        return flow

    async def _redeem_code(self, callback: AuthorizedCallback, metadata: Metadata) -> TokenSet:
        """RFC 6749 §4.1.3: the code goes once, with its verifier, to the token endpoint of the flow's own issuer."""
        if metadata.token_endpoint is None:
            raise ProviderFault("provider_without_token_endpoint", "no token_endpoint", passing=False)
        request = build_code_exchange(
            metadata.token_endpoint,
            self._choose_credentials(metadata),
            code=callback.code,
            redirect_uri=callback.flow.redirect_uri,
            code_verifier=callback.flow.code_verifier,
        )
        return read_token_response(await self._provider.call(request))

    async def _verify_id_token(
        self, tokens: TokenSet, callback: AuthorizedCallback, metadata: Metadata
    ) -> VerifiedIdToken:
        """OpenID Connect Core §3.1.3.7: every check of the ID token; a new key is looked for once."""
        if tokens.id_token is None:
            raise TokenRefused("id_token_missing")
        algorithms = frozenset(metadata.id_token_signing_alg_values_supported) - {"none"}
        expected = ExpectedIdToken(
            issuer=callback.flow.issuer,
            client_id=callback.flow.client_id,
            nonce=callback.flow.nonce,
            nonce_required=self._settings.require_nonce,
            algorithms=algorithms or None,
            client_secret=self._settings.credentials.client_secret,
            slack_s=self._settings.slack_s,
            access_token=tokens.access_token,
            code=callback.code,
            state=callback.flow.state,
        )
        keys = await self._load_keys(metadata)
        now = self._services.clock.now()
        try:
            return read_id_token(tokens.id_token, expected, keys, now)
        except UnknownKey as unknown:
            if not self._provider.may_refresh_keys(unknown.kid, now):
                raise
            keys = await self._provider.refresh_keys(now, unknown.kid)
            return read_id_token(tokens.id_token, expected, keys, self._services.clock.now())

    async def _load_keys(self, metadata: Metadata) -> KeySet:
        """Take the keys from memory, else fetch them; a provider that signs with the client secret has none."""
        if metadata.jwks_uri is None:
            return NO_KEYS
        now = self._services.clock.now()
        known = self._provider.keys(now)
        return known if known is not None else await self._provider.load_keys(now)

    async def _fetch_userinfo(
        self, tokens: TokenSet, id_token: VerifiedIdToken, metadata: Metadata, reference: str
    ) -> Mapping[str, Any] | None:
        """OpenID Connect Core §5.3.4: userinfo of another subject ends the login; none at all is only logged."""
        if not self._settings.headers.userinfo or metadata.userinfo_endpoint is None:
            return None
        request = build_userinfo_request(metadata.userinfo_endpoint, tokens.access_token)
        try:
            return read_userinfo(await self._provider.call(request), id_token.claims["sub"])
        except ProviderFault as fault:
            if fault.code == "userinfo_subject_mismatch":
                raise
            self._services.log.event(
                "warning", "userinfo_missing", "signed in without userinfo", cause=fault.code, request=reference
            )
            return None

    def _build_session(
        self,
        tokens: TokenSet,
        id_token: VerifiedIdToken,
        userinfo: Mapping[str, Any] | None,
        metadata: Metadata,
        received_at: float,
    ) -> Session:
        """DESIGN.md §9.8: a new session, of verified parts only; nothing that the browser brought goes into it."""
        lifetime_s = UNSAID_LIFETIME_S if tokens.expires_in is None else tokens.expires_in
        return Session(
            version=SESSION_VERSION,
            issuer=metadata.issuer,
            client_id=self._settings.credentials.client_id,
            subject=id_token.claims["sub"],
            created_at=received_at,
            expires_at=received_at + self._settings.lifetime_s,
            access_token=tokens.access_token,
            access_token_expires_at=received_at + lifetime_s,
            refresh_token=tokens.refresh_token,
            scope=self._settings.scope if tokens.scope is None else tokens.scope,
            id_token=id_token.raw,
            id_token_claims=dict(id_token.claims),
            userinfo=None if userinfo is None else dict(userinfo),
        )

    def _answer(self, session: Session, flow: LoginFlow, request: Request, cookies: ClientCookies) -> Reply:
        """RFC 9700 §4.12: 303, so that no body travels on; to a place on this origin, checked again."""
        dice = self._services.random.token_bytes(NONCE_BYTES)
        try:
            written = cookies.session.write(encode_session(session), dice, request.cookies)
        except SessionTooLarge as excess:
            return self._answers.refuse_session(request, excess, session)
        except ValueError:
            raise TokenRefused("claims_unusable") from None
        return build_redirect(303, flow.return_to if is_local(flow.return_to) else HOME, "login_finished", written)

    def _choose_credentials(self, metadata: Metadata) -> ClientCredentials:
        """Authenticate as configured; where the provider does not offer that, by the first of its methods we know."""
        credentials = self._settings.credentials
        offered = metadata.token_endpoint_auth_methods_supported
        if not offered or credentials.method in offered:
            return credentials
        known = [method for method in _OUR_METHODS if method in offered]
        ordered = sorted(known, key=offered.index)
        return msgspec.structs.replace(credentials, method=ordered[0]) if ordered else credentials
