"""Authlib's authorization server, joined to this provider's memory, tokens and responses.

It answers with Starlette responses that nobody may keep. Redirects it makes go back to the client, so they name the
issuer (RFC 9207), errors included.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, final

from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidScopeError
from starlette.datastructures import URL
from starlette.responses import Response

from ostiary.demo.provider.accounts import User
from ostiary.demo.provider.client import DemoClient
from ostiary.demo.provider.memory import REFRESH_TOKEN_LIFETIME_S, IssuedToken, ProviderMemory, TokenFamily
from ostiary.demo.provider.requests import Pairs, ProtocolRequest, ReadRequest
from ostiary.demo.provider.throttle import Throttle
from ostiary.demo.provider.tokens import TokenAnswer, TokenMaker

NOT_KEPT: Mapping[str, str] = {"Cache-Control": "no-store", "Pragma": "no-cache", "Referrer-Policy": "no-referrer"}


@final
class ClientRefusedError(InvalidClientError):  # type: ignore[misc]  # Authlib ships no types
    """RFC 6749 section 5.2, with the realm that RFC 7617 wants."""

    status_code = 401
    description = "The client_id or the client_secret is wrong or missing."

    def get_headers(self) -> list[tuple[str, str]]:
        return [("Content-Type", "application/json"), ("WWW-Authenticate", 'Basic realm="ostiary-demo"')]


@final
class DemoAuthorizationServer(AuthorizationServer):  # type: ignore[misc]  # Authlib ships no types
    """The protocol's endpoints; `grants` and `token_endpoints` register what they can do."""

    def __init__(self, client: DemoClient, tokens: TokenMaker, memory: ProviderMemory, throttle: Throttle) -> None:
        super().__init__()
        self.client = client
        self.tokens = tokens
        self.memory = memory
        self.throttle = throttle

    def authenticate_client(
        self, request: ProtocolRequest, methods: Iterable[str], endpoint: str = "token"
    ) -> DemoClient:
        """Return the client. Raises ClientRefusedError, one and the same for whatever was wrong."""
        try:
            client: DemoClient = super().authenticate_client(request, methods, endpoint)
        except InvalidClientError as error:
            raise ClientRefusedError from error
        return client

    def query_client(self, client_id: str) -> DemoClient | None:
        return self.client if client_id == self.client.client_id else None

    def generate_token(
        self, *, user: User | None = None, scope: str | None, include_refresh_token: bool = True, **_rest: object
    ) -> TokenAnswer:
        """Make the answer of a token request; a client's own token opens no OpenID scope.

        Raises InvalidScopeError when none of the scopes is known here.
        """
        allowed = self.client.get_allowed_scope(scope)
        if allowed is None:
            raise InvalidScopeError
        if user is None:
            allowed = " ".join(name for name in allowed.split() if name != "openid")
        return self.tokens.make_answer(user, allowed, self.memory.now(), with_refresh_token=include_refresh_token)

    def save_token(self, token: TokenAnswer, request: ProtocolRequest) -> None:
        """Remember what was made, in the family of the code or refresh token it was made for, or in a new one."""
        family = family_of(request) or self.memory.start_family(request.user, token["scope"])
        request.family = family
        claims = token.access_claims
        self.memory.keep_token(
            token["access_token"],
            IssuedToken(
                kind="access_token",
                client_id=claims["client_id"],
                scope=claims["scope"],
                issued_at=claims["iat"],
                expires_at=claims["exp"],
                family=family,
                jti=claims["jti"],
            ),
        )
        if "refresh_token" in token:
            self.memory.keep_token(token["refresh_token"], self._refresh_token(claims, family))

    def _refresh_token(self, claims: Mapping[str, Any], family: TokenFamily) -> IssuedToken:
        # RFC 6749 section 6: a new refresh token has the scope of the old, however narrow this access token is.
        return IssuedToken(
            kind="refresh_token",
            client_id=claims["client_id"],
            scope=family.scope,
            issued_at=claims["iat"],
            expires_at=int(min(claims["iat"] + REFRESH_TOKEN_LIFETIME_S, family.expires_at)),
            family=family,
        )

    def create_oauth2_request(self, request: ReadRequest | ProtocolRequest) -> ProtocolRequest:
        return request if isinstance(request, ProtocolRequest) else ProtocolRequest(request)

    def handle_response(self, status: int, body: Mapping[str, object] | str, headers: Pairs) -> Response:
        """Return Authlib's answer as a response: JSON, or a redirect that names the issuer."""
        fields = {**NOT_KEPT, **dict(headers)}
        if "Location" in fields:
            fields["Location"] = str(URL(fields["Location"]).include_query_params(iss=self.tokens.issuer))
        content = body if isinstance(body, str) else json.dumps(body)
        return Response(content, status, fields)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""


def family_of(request: ProtocolRequest) -> TokenFamily | None:
    """Return the family that a code or refresh token in this request belongs to."""
    origin = request.authorization_code or request.refresh_token
    family: TokenFamily | None = origin.family if origin else None
    return family
