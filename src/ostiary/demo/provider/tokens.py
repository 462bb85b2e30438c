"""What the provider signs: access tokens (RFC 9068) and ID tokens (OpenID Connect Core section 2).

Claims are built here from values, `now` among them, and signed by the provider's key. An access token can be verified
from the JWK Set and asked about at the introspection endpoint; it lives five minutes either way.
"""

import hashlib
import secrets
from binascii import b2a_base64
from dataclasses import dataclass
from typing import Any, final

from ostiary.demo.provider.accounts import CLIENT_ID, User
from ostiary.demo.provider.keys import SigningKey
from ostiary.demo.provider.memory import ACCESS_TOKEN_LIFETIME_S, TokenFamily

ID_TOKEN_LIFETIME_S = 300
AUDIENCE = "account"  # what Keycloak writes; an audience check that names the client must fail here, as it does there
ACCESS_TOKEN_TYPE = "at+jwt"

Claims = dict[str, Any]


@final
class TokenAnswer(dict[str, Any]):
    """A token endpoint's answer on its way through Authlib, with the claims of the access token beside it."""

    def __init__(self, members: Claims, access_claims: Claims) -> None:
        super().__init__(members)
        self.access_claims = access_claims


@final
@dataclass(frozen=True, slots=True)
class TokenMaker:
    """Makes this issuer's tokens."""

    issuer: str
    key: SigningKey

    def make_answer(self, user: User | None, scope: str, now: float, *, with_refresh_token: bool) -> TokenAnswer:
        """Return a new access token, and a refresh token beside it, as RFC 6749 section 5.1 writes the answer."""
        claims: Claims = {
            "iss": self.issuer,
            "sub": user.subject if user else CLIENT_ID,
            "aud": AUDIENCE,
            "client_id": CLIENT_ID,
            "scope": scope,
            "jti": secrets.token_urlsafe(16),
            "iat": int(now),
            "exp": int(now) + ACCESS_TOKEN_LIFETIME_S,
        }
        if user:
            claims["preferred_username"] = user.username
        members: Claims = {
            "access_token": self.key.sign(claims, ACCESS_TOKEN_TYPE),
            "token_type": "Bearer",
            "expires_in": ACCESS_TOKEN_LIFETIME_S,
        }
        if with_refresh_token:
            members["refresh_token"] = secrets.token_urlsafe(32)
        return TokenAnswer({**members, "scope": scope}, claims)

    def make_id_token(self, family: TokenFamily, answer: TokenAnswer, now: float, nonce: str | None) -> str:
        """Return the ID token that goes with `answer`. Raises ValueError for a client's own, which names nobody."""
        if family.user is None:
            raise ValueError("an ID token is about a person")
        claims: Claims = {
            "iss": self.issuer,
            **family.user.claims(answer["scope"]),
            "aud": CLIENT_ID,
            "azp": CLIENT_ID,
            "iat": int(now),
            "exp": int(now) + ID_TOKEN_LIFETIME_S,
            "auth_time": family.auth_time,
            "at_hash": at_hash(answer["access_token"]),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        return self.key.sign(claims)


def at_hash(access_token: str) -> str:
    """Return the left half of the token's SHA-256, base64url without padding (OpenID Connect Core 3.1.3.6)."""
    half = hashlib.sha256(access_token.encode("ascii")).digest()[:16]
    return b2a_base64(half, newline=False).rstrip(b"=").translate(bytes.maketrans(b"+/", b"-_")).decode("ascii")
