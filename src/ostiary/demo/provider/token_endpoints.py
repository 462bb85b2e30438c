"""Introspection (RFC 7662) and revocation (RFC 7009): what a resource server may ask and a client may take back.

Both want the client's credentials. A hint that nobody knows is ignored, as RFC 7009 section 2.1 says.
"""

from typing import Any, final

from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from ostiary.demo.provider.accounts import CLIENT_ID
from ostiary.demo.provider.client import AUTH_METHODS, DemoClient
from ostiary.demo.provider.memory import IssuedToken
from ostiary.demo.provider.requests import ProtocolRequest
from ostiary.demo.provider.server import DemoAuthorizationServer
from ostiary.demo.provider.tokens import AUDIENCE


def register_token_endpoints(server: DemoAuthorizationServer) -> None:
    """Teach the server both endpoints."""
    server.register_endpoint(Introspection)
    server.register_endpoint(Revocation)


@final
class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib ships no types
    """Says what a token stands for. A refresh token is only recognised by whoever asks for one by its hint.

    Otherwise a resource server that forgets to look at the token's type would let refresh tokens in.
    """

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def check_params(self, request: ProtocolRequest, client: DemoClient) -> None:
        check_token_given(request)

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        found: IssuedToken | None = self.server.memory.find_token(token_string)
        wanted = "refresh_token" if token_type_hint == "refresh_token" else "access_token"
        return found if found is not None and found.kind == wanted else None

    def check_permission(self, token: IssuedToken, client: DemoClient, request: ProtocolRequest) -> bool:
        return token.check_client(client)

    def introspect_token(self, token: IssuedToken) -> dict[str, Any]:
        user = token.family.user
        members: dict[str, Any] = {
            "active": True,
            "iss": self.server.tokens.issuer,
            "sub": user.subject if user else CLIENT_ID,
            "client_id": token.client_id,
            "scope": token.scope,
            "iat": token.issued_at,
            "exp": token.expires_at,
        }
        if user:
            members["username"] = user.username
        if token.kind == "access_token":
            members |= {"token_type": "Bearer", "aud": AUDIENCE, "jti": token.jti}
        return members


@final
class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib ships no types
    """Takes a token back; with a refresh token goes all that came of the same grant (RFC 7009 section 2.1)."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def check_params(self, request: ProtocolRequest, client: DemoClient) -> None:
        check_token_given(request)

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        found: IssuedToken | None = self.server.memory.find_token(token_string)
        return found

    def revoke_token(self, token: IssuedToken, request: ProtocolRequest) -> None:
        token.was_revoked = True
        if token.kind == "refresh_token":
            token.family.is_revoked = True


def check_token_given(request: ProtocolRequest) -> None:
    """Raise InvalidRequestError when there is no `token`."""
    if "token" not in request.form:
        raise InvalidRequestError("The parameter token is missing.")
