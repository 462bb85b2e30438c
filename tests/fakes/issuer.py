"""An identity provider's signing half: keys, a JWKS, a discovery document, and tokens right or wrong in any way.

Tokens are put together by hand, so that a test can write what no library would.
"""

from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

import msgspec
from joserfc.jwa import JWS_ALGORITHMS
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from ostiary.http.outbound import OutboundResponse
from ostiary.identity.logout_token import LOGOUT_EVENT
from tests.fakes.http_client import answer_json

ISSUER = "https://issuer.example/realms/demo"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
JWKS_URI = f"{ISSUER}/keys"
INTROSPECTION = f"{ISSUER}/introspect"
CLIENT_ID = "shop"
NOW = 1_800_000_000.0

_MODELS = {model.name: model for model in JWS_ALGORITHMS}


def encode(raw: bytes | dict[str, Any]) -> bytes:
    """Encode a segment: base64url without padding."""
    octets = raw if isinstance(raw, bytes) else msgspec.json.encode(raw)
    return urlsafe_b64encode(octets).rstrip(b"=")


def assemble(header: bytes | dict[str, Any], payload: bytes | dict[str, Any], signature: bytes = b"signature") -> str:
    """Join three segments whatever they are."""
    return b".".join([encode(header), encode(payload), encode(signature)]).decode("ascii")


@cache
def make_key(kind: str = "RSA", form: str | int = 2048, number: int = 0) -> Key:
    """Make a key pair, the same one for the same arguments."""
    makers: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey, "oct": OctKey}
    made: Key = makers[kind].generate_key(form)
    return made


def public_pem(key: Key) -> bytes:
    """Return the public half as PEM, as an operator has it."""
    assert not isinstance(key, OctKey)
    return key.as_pem(private=False)


def publish(key: Key, kid: str | None = "key-1", **members: Any) -> dict[str, Any]:
    """Return the public JWK with a key id and further members (None leaves one out)."""
    jwk: dict[str, Any] = {**key.as_dict(private=False), "kid": kid, **members}
    return {name: value for name, value in jwk.items() if value is not None}


def sign(
    payload: bytes | dict[str, Any],
    key: Key | None = None,
    *,
    alg: str = "RS256",
    kid: str | None = "key-1",
    header: bytes | dict[str, Any] | None = None,
) -> str:
    """Sign a payload; `header` replaces the whole header, or adds members to the usual one."""
    members: dict[str, Any] = {"alg": alg, "typ": "JWT", "kid": kid}
    if isinstance(header, dict):
        members |= header
    usual = {name: value for name, value in members.items() if value is not None}
    signing_input = encode(header if isinstance(header, bytes) else usual) + b"." + encode(payload)
    signature = _MODELS[alg].sign(signing_input, key or make_key())
    return (signing_input + b"." + encode(signature)).decode("ascii")


def id_claims(now: float = NOW, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good ID token with changes (None leaves one out)."""
    claims = {
        "iss": ISSUER, "aud": CLIENT_ID, "sub": "user-1", "iat": int(now), "exp": int(now) + 300, "nonce": "nonce-1",
    } | changes  # fmt: skip
    return {name: value for name, value in claims.items() if value is not None}


def access_claims(now: float = NOW, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good access token with changes (None leaves one out)."""
    claims = {
        "iss": ISSUER, "aud": "account", "sub": "user-1", "azp": CLIENT_ID, "iat": int(now), "exp": int(now) + 300,
        "scope": "openid profile",
    } | changes  # fmt: skip
    return {name: value for name, value in claims.items() if value is not None}


def logout_claims(now: float = NOW, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good logout token with changes (None leaves one out)."""
    claims = {
        "iss": ISSUER, "aud": CLIENT_ID, "sub": "user-1", "sid": "session-1", "iat": int(now), "exp": int(now) + 120,
        "jti": "logout-1", "events": {LOGOUT_EVENT: {}},
    } | changes  # fmt: skip
    return {name: value for name, value in claims.items() if value is not None}


def discovery_document(**changes: Any) -> dict[str, Any]:
    """Return the issuer's discovery document with changes (None leaves one out)."""
    document = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "jwks_uri": JWKS_URI,
        "introspection_endpoint": INTROSPECTION,
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "code_challenge_methods_supported": ["S256"],
    } | changes
    return {name: value for name, value in document.items() if value is not None}


def answer_discovery(**changes: Any) -> OutboundResponse:
    """Return the discovery document as an answer."""
    return answer_json(discovery_document(**changes))


def answer_keys(*jwks: dict[str, Any]) -> OutboundResponse:
    """Return a JWKS as an answer; without arguments the usual key's."""
    return answer_json({"keys": list(jwks) or [publish(make_key())]})
