"""Introspection (RFC 7662) and revocation (RFC 7009) of issued tokens, for consumers that prove who they are.

Whoever asks learns of a token what it says, if it counts, and otherwise nothing but that it does not. A consumer takes
back its own tokens; of those of others, and of what is no token, it hears what the specification wants: 200.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, final

from ostiary.authorization_server.answers import answer_json, refuse_call, refuse_method
from ostiary.authorization_server.clients import Clients, TooManyFailures
from ostiary.authorization_server.consumers import Consumer
from ostiary.authorization_server.issued_tokens import IssuedTokens
from ostiary.authorization_server.revoked_tokens import RevokedTokens
from ostiary.http.request import Request
from ostiary.identity.authorization import FORM_TYPE
from ostiary.identity.issued_token import find_revocation_id
from ostiary.identity.jose import TokenRefused
from ostiary.identity.oauth_refusal import OAuthRefused
from ostiary.identity.presented_client import read_presented_client
from ostiary.identity.strict_form import MAX_FORM_BYTES, parse_form
from ostiary.plugin import Pending, Reply, Services, Verdict

ALLOWED_METHODS: Final = "POST"
_TOLD = ("aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub")

Answer = Callable[[Consumer, str, float], Awaitable[Reply]]


@final
class TokenStatus:
    """Answers at `introspect` and `revoke` beside the token endpoint, as far as they are switched on."""

    __slots__ = ("_answers", "_clients", "_clock", "_revoked", "_skew_s", "_tokens")

    def __init__(
        self, clients: Clients, tokens: IssuedTokens, revoked: RevokedTokens | None, services: Services, skew_s: float
    ) -> None:
        """Take the parts; no I/O. Nothing is switched on."""
        self._clients = clients
        self._tokens = tokens
        self._revoked = revoked
        self._clock = services.clock
        self._skew_s = skew_s
        self._answers: dict[str, Answer] = {}

    def switch_on(self, base: str, *, introspection: bool, revocation: bool) -> None:
        """Answer at `<base>/introspect` and `<base>/revoke`."""
        if introspection:
            self._answers[f"{base}/introspect"] = self._introspect
        if revocation:
            self._answers[f"{base}/revoke"] = self._revoke

    def find(self, request: Request) -> Verdict | None:
        """Return the answer at the request's path, if there is one: whole segments at its end count."""
        for path, answer in self._answers.items():
            if request.path.endswith(path):
                return self._begin(request, answer)
        return None

    def _begin(self, request: Request, answer: Answer) -> Verdict:
        if request.method != ALLOWED_METHODS:
            return refuse_method(ALLOWED_METHODS)
        kind = (request.field(b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind != FORM_TYPE:
            description = "the parameters come as application/x-www-form-urlencoded"
            return refuse_call(OAuthRefused("token_request_malformed", "invalid_request", description))
        return Pending(lambda body: self._answer(request, body, answer), body_limit_bytes=MAX_FORM_BYTES)

    async def _answer(self, request: Request, body: bytes, answer: Answer) -> Reply:
        """Prove the caller, then answer. Raises StoreFault."""
        now = self._clock.now()
        try:
            parameters = parse_form(body)
            presented = read_presented_client(request.section.authorization, parameters)
            consumer = await self._clients.prove(presented, request.client, now)
            return await answer(consumer, _read_token(parameters), now)
        except (OAuthRefused, TooManyFailures) as refused:
            return refuse_call(refused)

    async def _introspect(self, consumer: Consumer, token: str, now: float) -> Reply:
        if not consumer.may_introspect:
            raise OAuthRefused("introspection_refused", "unauthorized_client", "this client may not introspect tokens")
        return answer_json(await self._describe(token, now), "token_introspected")

    async def _describe(self, raw: str, now: float) -> dict[str, Any]:
        """Return what is said of a token that counts; of any other nothing (RFC 7662 §2.2)."""
        try:
            owner, claims, token = self._tokens.verify(raw.encode("ascii", "replace"), now)
        except TokenRefused:
            return {"active": False}
        if self._revoked is not None:
            await self._revoked.require(now)
            if self._revoked.is_revoked(find_revocation_id(claims)):
                return {"active": False}
        told = {name: token.claims[name] for name in _TOLD if name in token.claims}
        return {"active": True, "token_type": "Bearer", "username": owner.name, **told}

    async def _revoke(self, consumer: Consumer, token: str, now: float) -> Reply:
        """RFC 7009 §2.2: an invalid token is answered as one that is taken back."""
        try:
            owner, claims, _ = self._tokens.verify(token.encode("ascii", "replace"), now)
        except TokenRefused:
            return answer_json({}, "token_unknown")
        if owner.client_id != consumer.client_id:
            return answer_json({}, "token_not_own")
        revocation_id = find_revocation_id(claims)
        if revocation_id is not None and self._revoked is not None:
            await self._revoked.revoke(revocation_id, claims.expires_at + self._skew_s)
        return answer_json({}, "token_revoked")


def _read_token(parameters: Mapping[str, str]) -> str:
    """Return the token that is asked about. Raises OAuthRefused."""
    token = parameters.get("token")
    if not token:
        raise OAuthRefused("token_request_malformed", "invalid_request", "token is missing")
    return token
