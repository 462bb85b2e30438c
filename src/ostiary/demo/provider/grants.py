"""The grants of the demo provider: Authlib's, with this provider's memory behind them.

Authorization code with PKCE (RFC 7636, S256 only), rotating refresh tokens with reuse detection (RFC 9700 section
4.14.2), client credentials and, because the tutorial uses it, the password. All that name a person bring an ID token
when `openid` is in the scope.
"""

import hmac
from typing import ClassVar, final

from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import create_s256_code_challenge
from authlib.oidc.core.grants.code import OpenIDToken

from ostiary.demo.provider.accounts import User
from ostiary.demo.provider.client import AUTH_METHODS, DemoClient
from ostiary.demo.provider.memory import AuthorizationCode, IssuedToken, Login
from ostiary.demo.provider.requests import ProtocolRequest
from ostiary.demo.provider.server import DemoAuthorizationServer
from ostiary.demo.provider.tokens import TokenAnswer


def register_grants(server: DemoAuthorizationServer) -> None:
    """Teach the server its four grants."""
    id_tokens = IdTokens(server)
    server.register_grant(AuthorizationCodeGrant, [S256CodeChallenge(required=False), id_tokens])
    server.register_grant(RefreshTokenGrant, [id_tokens])
    server.register_grant(ClientCredentialsGrant)
    server.register_grant(PasswordGrant, [id_tokens])


@final
class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib ships no types
    """A code for a person who signed in (`grant_user` is the Login), and tokens for the code."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def save_authorization_code(self, code: str, request: ProtocolRequest) -> None:
        login: Login = request.user
        asked = request.payload.data
        self.server.memory.keep_code(
            code,
            AuthorizationCode(
                redirect_uri=asked["redirect_uri"],
                family=self.server.memory.start_family(login.user, request.scope, login),
                nonce=asked.get("nonce"),
                code_challenge=asked.get("code_challenge"),
                code_challenge_method=asked.get("code_challenge_method"),
            ),
        )

    def query_authorization_code(self, code: str, client: DemoClient) -> AuthorizationCode | None:
        found: AuthorizationCode | None = self.server.memory.try_code(code)
        return None if found is None or found.family.is_over else found

    def delete_authorization_code(self, authorization_code: AuthorizationCode) -> None:
        """It was marked when it was tried, and stays so that a second use is noticed."""

    def authenticate_user(self, authorization_code: AuthorizationCode) -> User | None:
        return authorization_code.family.user


@final
class RefreshTokenGrant(grants.RefreshTokenGrant):  # type: ignore[misc]  # Authlib ships no types
    """A new pair for a refresh token that was never used; one that was ends its whole family."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> IssuedToken | None:
        found: IssuedToken | None = self.server.memory.find_token(refresh_token)
        if found is None or found.kind != "refresh_token":
            return None
        if found.was_used:
            found.family.is_revoked = True
        return found if found.is_usable else None

    def authenticate_user(self, refresh_token: IssuedToken) -> User | None:
        return refresh_token.family.user

    def revoke_old_credential(self, refresh_token: IssuedToken) -> None:
        refresh_token.was_used = True


@final
class ClientCredentialsGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]  # Authlib ships no types
    """A token for the client itself."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS


@final
class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):  # type: ignore[misc]  # Authlib ships no types
    """Tokens for a password. OAuth 2.1 has dropped it and nobody should use it; the tutorial does."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def authenticate_user(self, username: str, password: str) -> User:
        """Return the person. Raises InvalidGrantError, the same for a wrong password and for too many of them."""
        user: User | None = self.server.throttle.try_password(username, password, self.server.memory.now())
        if user is None:
            raise InvalidGrantError("The user name or the password is wrong, or there were too many attempts.")
        return user


@final
class S256CodeChallenge(CodeChallenge):  # type: ignore[misc]  # Authlib ships no types
    """PKCE with S256 only. Authlib reads a missing method as `plain`; here it must be named."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar = ["S256"]

    def __init__(self, *, required: bool) -> None:
        super().__init__(required=required)
        self.CODE_CHALLENGE_METHODS = {"S256": matches_challenge}

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str) -> None:
        asked = grant.request.payload.data
        if "code_challenge" in asked and asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The code_challenge_method must be S256.")
        super().validate_code_challenge(grant, redirect_uri)


@final
class IdTokens(OpenIDToken):  # type: ignore[misc]  # Authlib ships no types
    """Adds the ID token to an answer whose scope has `openid` (OpenID Connect Core 3.1.3.3 and 12.2)."""

    def __init__(self, server: DemoAuthorizationServer) -> None:
        self._server = server

    def encode_id_token(self, token: TokenAnswer, request: ProtocolRequest) -> str:
        code: AuthorizationCode | None = request.authorization_code
        nonce = code.nonce if code else None
        return self._server.tokens.make_id_token(request.family, token, self._server.memory.now(), nonce)


def matches_challenge(code_verifier: str, code_challenge: str) -> bool:
    """Return whether the verifier is the challenge's (RFC 7636 section 4.6), in constant time."""
    return hmac.compare_digest(create_s256_code_challenge(code_verifier), code_challenge)
