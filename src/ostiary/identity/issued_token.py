"""Access tokens that the gateway issues itself: their claims, their HS256 form, and what one has to say (RFC 9068).

Header and claims are those of Higress's `oauth2`, byte for byte: members in alphabetical order, the slash in `typ`
escaped, `aud` one text. Reading is stricter than writing: exact types, no fractions, `typ` always there. The HMAC is
the standard library's: joserfc's model calls the same one, after trying to read each secret as five kinds of public
key, and what a short secret means is told to the operator once.
"""

from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any, final
from uuid import UUID

import msgspec

from ostiary.identity.claims import MAX_TIME
from ostiary.identity.jose import CompactToken, TokenRefused
from ostiary.identity.sealing import encode_base64url
from ostiary.identity.signing_keys import SigningKey

EVERYWHERE = "default"  # the audience of a token that is bound to no route
TOKEN_ID_BYTES = 16
_HEADER = encode_base64url(rb'{"alg":"HS256","typ":"application\/at+jwt"}')
_TYPE = "at+jwt"


@final
class IssuedClaims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a token of ours, or of one that may be: each has its exact type, and nothing is proven by that.

    Times are whole seconds since the epoch.
    """

    audience: str
    client_id: str
    expires_at: int
    issued_at: int
    issuer: str
    subject: str
    not_before: int | None = None
    token_id: str | None = None

    def __repr__(self) -> str:
        """Show nothing: claims tell who calls what."""
        return "IssuedClaims(***)"


def build_token_id(random: bytes) -> str:
    """Return a `jti` of 16 random bytes: a UUID of version 4, as texts. Raises ValueError for another length."""
    return str(UUID(bytes=random, version=4))


def find_revocation_id(claims: IssuedClaims) -> str | None:
    """Return by what a token is known once it is taken back; None for one without `jti`.

    It is of the client and its `jti` together: a client that signs for itself could write the `jti` of another's token
    into one of its own, and take back that.
    """
    if claims.token_id is None:
        return None
    client_id = claims.client_id
    return sha256(f"{len(client_id)}:{client_id}{claims.token_id}".encode()).hexdigest()


def build_issued_claims(claims: IssuedClaims, scope: str | None = None) -> dict[str, Any]:
    """Return the members of a token (RFC 9068 §2.2); `scope` is there only where one was granted."""
    members: dict[str, Any] = {
        "aud": claims.audience,
        "client_id": claims.client_id,
        "exp": claims.expires_at,
        "iat": claims.issued_at,
        "iss": claims.issuer,
        "jti": claims.token_id,
        "sub": claims.subject,
    }
    if scope is not None:
        members["scope"] = scope
    return members


def sign_with_secret(claims: Mapping[str, Any], secret: str) -> str:
    """Return the compact HS256 token of these claims."""
    signing_input = b"%b.%b" % (_HEADER, encode_base64url(msgspec.json.encode(claims, order="sorted")))
    signature = hmac_digest(secret.encode("utf-8"), signing_input, "sha256")
    return f"{signing_input.decode('ascii')}.{encode_base64url(signature).decode('ascii')}"


def sign_with_key(claims: Mapping[str, Any], key: SigningKey, key_id: str) -> str:
    """Return the compact token of these claims, signed as the kind of key wants it (RFC 9068 §2.1: `at+jwt`)."""
    header = {"alg": key.default_algorithm, "kid": key_id, "typ": _TYPE}
    parts = (msgspec.json.encode(header), msgspec.json.encode(claims, order="sorted"))
    signing_input = b".".join(encode_base64url(part) for part in parts)
    signature = key.sign(key.default_algorithm, signing_input)
    return f"{signing_input.decode('ascii')}.{encode_base64url(signature).decode('ascii')}"


def verify_with_secret(token: CompactToken, secret: str) -> bool:
    """Say in constant time whether the token's signature is the HS256 of this secret. The caller checked `alg`."""
    return compare_digest(hmac_digest(secret.encode("utf-8"), token.signing_input, "sha256"), token.signature)


def read_issued_claims(token: CompactToken) -> IssuedClaims:
    """Read the claims' types, before anything is looked up. Raises TokenRefused `token_claim`."""
    claims = token.claims
    return IssuedClaims(
        audience=_read_text(claims, "aud"),
        client_id=_read_text(claims, "client_id"),
        expires_at=_read_seconds(claims, "exp"),
        issued_at=_read_seconds(claims, "iat"),
        issuer=_read_text(claims, "iss"),
        subject=_read_text(claims, "sub"),
        not_before=None if claims.get("nbf") is None else _read_seconds(claims, "nbf"),
        token_id=None if claims.get("jti") is None else _read_text(claims, "jti"),
    )


def check_times(claims: IssuedClaims, now: float, skew_s: float) -> None:
    """RFC 7519 §4.1.4-6, a tolerance of `skew_s` included: over after `exp`, not before `iat` and `nbf`.

    Raises TokenRefused `token_expired`, `token_issued_at` or `token_not_yet_valid`.
    """
    if now > claims.expires_at + skew_s:
        raise TokenRefused("token_expired", ahead_s=claims.expires_at - now)
    if now < claims.issued_at - skew_s:
        raise TokenRefused("token_issued_at", ahead_s=claims.issued_at - now)
    if claims.not_before is not None and now < claims.not_before - skew_s:
        raise TokenRefused("token_not_yet_valid", ahead_s=claims.not_before - now)


def check_origin(claims: IssuedClaims, token: CompactToken, *, issuer: str, subject: str) -> None:
    """RFC 9068 §4: issued here, for this consumer, as an access token; both spellings of `typ` are one.

    Raises TokenRefused `token_issuer`, `token_subject` or `token_type`.
    """
    if claims.issuer != issuer:
        raise TokenRefused("token_issuer")
    if claims.subject != subject:
        raise TokenRefused("token_subject")
    if token.type is None or token.type.lower().removeprefix("application/") != _TYPE:
        raise TokenRefused("token_type")


def check_scope(token: CompactToken, granted: tuple[str, ...]) -> None:
    """A token claims no scope that its consumer may not have: who signs for itself would grant itself any.

    Raises TokenRefused `token_scope`.
    """
    scope = token.claims.get("scope")
    if scope is not None and (type(scope) is not str or not set(scope.split(" ")) <= set(granted)):
        raise TokenRefused("token_scope")


def _read_text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if type(value) is not str:
        raise TokenRefused("token_claim")
    return value


def _read_seconds(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int or not 0 < value < MAX_TIME:
        raise TokenRefused("token_claim")
    return value
