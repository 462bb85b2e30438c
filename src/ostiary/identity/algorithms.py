"""Signature algorithms: which keys they take, and the verification itself (RFC 7518 §3, RFC 8037, RFC 8812, RFC 9864).

One table from the name in a header to joserfc's model, read at import and never written to. `none` is not in it.
A key is bound to its algorithms when it is read (`ostiary.identity.keys`), so an asymmetric key never reaches an HMAC.
"""

from hashlib import sha256, sha384, sha512, shake_256
from types import MappingProxyType

from joserfc.jwa import JWS_ALGORITHMS, JWSAlgModel
from joserfc.jwk import Key

SYMMETRIC = frozenset({"HS256", "HS384", "HS512"})
MODELS = MappingProxyType[str, JWSAlgModel]({model.name: model for model in JWS_ALGORITHMS if model.name != "none"})
ASYMMETRIC = frozenset(MODELS) - SYMMETRIC

RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
# By key type and curve.
CURVE_ALGORITHMS = MappingProxyType({
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("EC", "secp256k1"): frozenset({"ES256K"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA", "Ed25519"}),
    ("OKP", "Ed448"): frozenset({"EdDSA", "Ed448"}),
})  # fmt: skip

_SHAKE_BYTES = 114


def verify_signature(algorithm: str, key: Key, signing_input: bytes, signature: bytes) -> bool:
    """Say whether `signature` is that of `signing_input`. The caller chose a key that belongs to the algorithm."""
    return MODELS[algorithm].verify(signing_input, signature, key)


def digest_for(algorithm: str, curve: str | None, value: bytes) -> bytes:
    """Hash `value` as the token's own algorithm does (OpenID Connect Core §3.1.3.6); EdDSA goes by its curve."""
    name = curve if algorithm == "EdDSA" else algorithm
    if name == "Ed448":
        return shake_256(value).digest(_SHAKE_BYTES)
    if name == "Ed25519" or algorithm.endswith("512"):
        return sha512(value).digest()
    return sha384(value).digest() if algorithm.endswith("384") else sha256(value).digest()
