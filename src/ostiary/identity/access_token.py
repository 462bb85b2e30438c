"""Access tokens as JWT, read by a resource server (RFC 6750, RFC 9068, RFC 8725).

Providers differ in what they put into an access token, so only what makes one safe is required: signature, `iss`,
`exp`, and not being another kind of token. The audience is the operator's matter and off by default.
"""

from collections.abc import Mapping
from typing import Any, final

import msgspec

from ostiary.identity.claims import check_expiry, check_not_before, check_token_use, read_text, read_time
from ostiary.identity.jose import CompactToken, TokenRefused, check_type
from ostiary.identity.keys import KeySet, check_signature

_TYPES = frozenset({"jwt", "at+jwt"})
_ID_TOKEN_HASHES = frozenset({"at_hash", "c_hash", "s_hash"})


@final
class ExpectedAccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a bearer token has to say. `algorithm` None accepts every asymmetric one; HMAC never comes in."""

    issuers: frozenset[str]
    algorithm: str | None = None
    slack_s: float = 120.0


@final
class VerifiedAccessToken(msgspec.Struct, frozen=True):
    """An access token that passed every check; its makers are `read_access_token` and `read_introspection`.

    `claims` are the decoded payload (or the introspection answer), `payload` its bytes. `expires_at` is `exp`
    (seconds); None when an introspection answer does not say.
    """

    claims: Mapping[str, Any]
    payload: bytes
    expires_at: float | None

    def __repr__(self) -> str:
        """Show nothing: claims are personal."""
        return "VerifiedAccessToken(***)"


def read_access_token(
    token: CompactToken, expected: ExpectedAccessToken, keys: KeySet, now: float
) -> VerifiedAccessToken:
    """Verify a parsed token. Raises TokenRefused, or UnknownKey when fetching the keys again may help.

    Codes: `token_type`, `token_algorithm`, `token_issuer`, `token_expired`, `token_key_unknown`, `token_signature`,
    `token_not_yet_valid`, `token_is_id_token`, `token_claim`. What cannot be ours is refused before a key is used.
    """
    claims = token.claims
    check_type(token, _TYPES)
    if expected.algorithm is not None and token.algorithm != expected.algorithm:
        raise TokenRefused("token_algorithm")
    if read_text(claims, "iss") not in expected.issuers:
        raise TokenRefused("token_issuer")
    expires_at = check_expiry(claims, now, expected.slack_s)
    check_signature(token, keys)
    check_not_before(claims, now, expected.slack_s)
    read_time(claims, "iat")
    read_text(claims, "sub")
    _check_is_no_id_token(token)
    return VerifiedAccessToken(claims, token.payload, expires_at)


def _check_is_no_id_token(token: CompactToken) -> None:
    """RFC 9068 §4, RFC 8725 §3.12: an ID token, made for the browser's sign-in, opens no service.

    `at+jwt` says what a token is. Without it, the hashes of an ID token give it away, and so does a nonce where no
    scope is granted. (Some providers copy the nonce into access tokens, too; those have a scope.) RFC 8417 §4.7: what
    has `events` tells of something, such as a logout, and lets nobody in. Amazon Cognito's ID tokens say `token_use`.
    """
    if "events" in token.claims:
        raise TokenRefused("token_type")
    check_token_use(token.claims)
    if token.type is not None and token.type.lower().endswith("at+jwt"):
        return
    claims = token.claims
    is_id_token = not _ID_TOKEN_HASHES.isdisjoint(claims)
    if is_id_token or ("nonce" in claims and "scope" not in claims and "scp" not in claims):
        raise TokenRefused("token_is_id_token")
