"""The back-channel logout endpoint: the provider itself posts that a session, or a person, is over.

OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8. No browser takes part: the endpoint knows no cookie, and the token
is all that counts. It is accepted once; what it ended is known elsewhere within the time of `revocations`. What cannot
be done now (provider or store away) is answered with 503, so that the provider may try again.
"""

from hashlib import sha256
from typing import Final, final

import msgspec

from ostiary.http.request import Request
from ostiary.identity.authorization import FORM_TYPE, MAX_PARAMETERS, read_parameters
from ostiary.identity.jose import MAX_TOKEN_BYTES, TokenRefused
from ostiary.identity.logout_token import VerifiedLogoutToken
from ostiary.identity.sealing import bind
from ostiary.plugin import Pending, Reply, Services, Verdict
from ostiary.relying_party.client_cookies import digest_client
from ostiary.relying_party.logout_marks import make_mark, plan_marks
from ostiary.relying_party.longest_session import LongestSession
from ostiary.relying_party.provider_calls import ProviderCalls
from ostiary.relying_party.replacements import find_state
from ostiary.relying_party.revocations import Revocations
from ostiary.relying_party.settings import RelyingPartySettings

MAX_BODY_BYTES: Final = MAX_TOKEN_BYTES
# Beyond the time in which a token is accepted: the clocks of nodes differ a little.
_SPARE_S = 60.0
_DESCRIPTIONS = {
    "logout_request_invalid": "the request is not a form with exactly one logout_token",
    "logout_token_replayed": "the logout token was used before",
}


@final
class BackChannelLogout:
    """The endpoint of one client."""

    purpose = "back-channel logout"

    __slots__ = ("_client", "_id_tokens", "_longest", "_provider", "_revocations", "_services", "_settings", "_store")

    def __init__(
        self, settings: RelyingPartySettings, calls: ProviderCalls, revocations: Revocations, services: Services
    ) -> None:
        """Take the parts; no I/O."""
        self._settings = settings
        self._client = digest_client(settings)
        self._provider = calls.provider
        self._id_tokens = calls.id_tokens
        self._revocations = revocations
        self._services = services
        self._longest = LongestSession(settings, services)
        self._store = find_state(settings, services)

    def answer(self, request: Request) -> Verdict:
        """Answer the provider, once the body is there; `settle()` raises ProviderFault and StoreFault."""
        if request.method != "POST":
            return Reply(405, reason="logout_method", headers=(("Allow", "POST"),))
        kind = (request.field(b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind != FORM_TYPE:
            return self._refuse(request, "logout_request_invalid")
        return Pending(lambda body: self._finish(request, body), body_limit_bytes=MAX_BODY_BYTES)

    async def _finish(self, request: Request, body: bytes) -> Reply:
        parameters = read_parameters(body)
        tokens = [value for name, value in parameters if name == "logout_token"]
        if len(tokens) != 1 or len(parameters) > MAX_PARAMETERS:
            return self._refuse(request, "logout_request_invalid")
        metadata = await self._provider.load_metadata(self._services.clock.now())
        try:
            token = await self._id_tokens.verify_logout(tokens[0], metadata)
            await self._end_sessions(token)
        except TokenRefused as refused:
            return self._refuse(request, refused.code)
        self._services.log.event(
            "info", "provider_logout", "the provider ended sessions", by="sub" if token.session_id is None else "sid",
            client=self._settings.credentials.client_id, reference=request.id,
        )  # fmt: skip
        return Reply(200, reason="provider_logout", headers=(("Cache-Control", "no-store"),))

    async def _end_sessions(self, token: VerifiedLogoutToken) -> None:
        """§2.6: a token works once. It is noted last, so that one whose logout failed may come again."""
        name = f"logout:{self._client}:{sha256(bind(token.issuer, token.id)).hexdigest()}"
        if await self._store.read(name) is not None:
            raise TokenRefused("logout_token_replayed")
        mark = make_mark(await self._longest.find(), token.issued_at, self._services.clock.now())
        for key in plan_marks(token):
            await self._revocations.mark(key, mark)
        if not await self._store.create(name, b"1", token.refused_from + _SPARE_S):
            raise TokenRefused("logout_token_replayed")

    def _refuse(self, request: Request, code: str) -> Reply:
        """§2.8: 400, in words that do not depend on what was sent; what failed is in the log."""
        self._services.log.event(
            "warning", code, "a back-channel logout was refused", client=self._settings.credentials.client_id,
            reference=request.id,
        )  # fmt: skip
        description = _DESCRIPTIONS.get(code, "the logout token is not accepted")
        body = msgspec.json.encode({"error": "invalid_request", "error_description": description})
        headers = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
        return Reply(400, reason=code, headers=headers, body=body)
