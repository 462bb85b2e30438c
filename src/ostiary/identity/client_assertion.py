"""Client assertions: a short-lived JWT in place of the client's secret (RFC 7523 §2.2 and §3, OpenID Connect Core §9).

`client_secret_jwt` signs with the secret, `private_key_jwt` with a private key; both are the same token otherwise.
Nothing here knows endpoints or forms: that is `ostiary.identity.client_authentication`.
"""

from base64 import urlsafe_b64encode
from typing import final

import msgspec

from ostiary.identity.algorithms import SYMMETRIC
from ostiary.identity.signing_keys import SigningKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
IDENTIFIER_BYTES = 16


@final
class AssertionMoment(msgspec.Struct, frozen=True):
    """When an assertion is made (wall-clock seconds), and its `jti`, which no other assertion of the client has."""

    now: float
    identifier: str


@final
class AssertionSigner(msgspec.Struct, frozen=True, kw_only=True):
    """With what and how assertions are signed. `key_id` None: the header names no key."""

    key: SigningKey
    algorithm: str
    key_id: str | None = None


def make_moment(now: float, dice: bytes) -> AssertionMoment:
    """Return the moment `now`; `dice` are 16 random bytes. Raises ValueError for fewer."""
    if len(dice) < IDENTIFIER_BYTES:
        raise ValueError(f"an identifier takes {IDENTIFIER_BYTES} random bytes")
    return AssertionMoment(now, _encode(dice).decode("ascii"))


def choose_algorithm(key: SigningKey, configured: str | None) -> str:
    """Return the algorithm to sign with: the configured one, unless it is for keys of the other kind.

    One setting serves secrets and private keys alike: HS512 says nothing about a private key. Raises ValueError when
    it is of the key's own kind and does not fit.
    """
    is_symmetric = key.default_algorithm in SYMMETRIC
    if configured is None or (configured in SYMMETRIC) != is_symmetric:
        return key.default_algorithm
    if configured not in key.algorithms:
        raise ValueError(f"{configured} does not fit a key of the kind {key.kind}")
    return configured


def build_client_assertion(
    signer: AssertionSigner, moment: AssertionMoment, *, client_id: str, audience: str, lifetime_s: int
) -> str:
    """Return the signed assertion: the client speaks about itself (`iss`, `sub`) to one reader (`aud`), once (`jti`).

    Raises ValueError when the signer's algorithm does not fit its key.
    """
    header = {"alg": signer.algorithm, "typ": "JWT"}
    if signer.key_id is not None:
        header["kid"] = signer.key_id
    issued_at = int(moment.now)
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": moment.identifier,
        "iat": issued_at,
        "exp": issued_at + lifetime_s,
    }
    message = _encode(msgspec.json.encode(header)) + b"." + _encode(msgspec.json.encode(claims))
    signature = signer.key.sign(signer.algorithm, message)
    return (message + b"." + _encode(signature)).decode("ascii")


def _encode(octets: bytes) -> bytes:
    return urlsafe_b64encode(octets).rstrip(b"=")
