"""Private keys of clients for tests: PEM as an operator has it, and the public half as a provider knows it."""

from typing import Any

from joserfc.jwk import Key, OctKey

from tests.fakes.issuer import make_key

# How a key is made, and which algorithm it signs with where nobody says.
CLIENT_KEYS: dict[str, tuple[str, str | int, str]] = {
    "RSA": ("RSA", 2048, "RS256"),
    "EC P-256": ("EC", "P-256", "ES256"),
    "EC P-384": ("EC", "P-384", "ES384"),
    "EC P-521": ("EC", "P-521", "ES512"),
    "Ed25519": ("OKP", "Ed25519", "EdDSA"),
    "Ed448": ("OKP", "Ed448", "EdDSA"),
}


def make_client_key(kind: str, number: int = 0) -> Key:
    """Return a key pair, the same one for the same arguments."""
    family, form, _ = CLIENT_KEYS[kind]
    return make_key(family, form, number + 1000)


def private_pem(kind: str = "RSA", number: int = 0) -> str:
    """Return the private key as text."""
    key = make_client_key(kind, number)
    assert not isinstance(key, OctKey)
    return key.as_pem(private=True).decode("ascii")


def public_jwk(kind: str = "RSA", number: int = 0, **members: Any) -> dict[str, Any]:
    """Return the public half as a JWK, with further members."""
    return {**make_client_key(kind, number).as_dict(private=False), **members}
